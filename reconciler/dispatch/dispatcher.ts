import type { Change, Plan } from '../../schemas/generated/plan.ts'
import type { ApplyPlan, PlanAnswer, StepReport } from '../../schemas/generated/session.ts'
import type { Clock } from '../lib/clock.ts'
import { describeError, errorCode, GitvirtError } from '../lib/errors.ts'
import { closeCodes } from '../lib/link.ts'
import type { Logger } from '../lib/log.ts'
import type { ObjectKey } from '../lib/object-key.ts'
import { planSeal } from '../lib/seal.ts'
import { createCommands, type Commands } from './commands.ts'
import { createInFlight, type Flight } from './in-flight.ts'
import { inputsOf, type InputSource } from './inputs.ts'
import type { Sessions } from './sessions.ts'

export type ReplanReason = 'Refused' | 'Stale' | 'Retry' | 'Reconnected' | 'Held'

export type DispatcherOptions = {
  readonly sessions: Sessions
  readonly log: Logger
  readonly clock: Clock
  /** Data of Secrets and ConfigMaps that plans refer to. */
  readonly inputs: InputSource
  /** The node that has the object, for commands and streams. */
  readonly locate: (key: ObjectKey) => string | undefined
  /** These keys must be planned again. */
  readonly replan: (keys: readonly ObjectKey[], reason: ReplanReason) => void
  /** Each result as it comes, for status and receipts. */
  readonly answered?: (node: string, answer: PlanAnswer) => void
  readonly stepped?: (node: string, report: StepReport) => void
  /** Each sealed plan just before it goes out. */
  readonly sending?: (node: string, plan: Plan) => void
  /** Milliseconds; default 30,000. */
  readonly answerMs?: number
}

/** Sends plans, commands and streams to agents. */
export type Dispatcher = Commands & {
  /**
   * Sends a plan that was reduced to one node, without what is already on its way or failed a moment ago.
   * Returns what was sent, sealed again where it was cut; empty where nothing was.
   */
  dispatch(plan: Plan, node: string): Promise<readonly Plan[]>
  inFlight(node: string, key: ObjectKey): Flight | undefined
  flights(): readonly Flight[]
  close(): void
}

// Well below the frame's cap.
const maxMessageBytes = 8 * 1024 * 1024

export function createDispatcher(options: DispatcherOptions): Dispatcher {
  const { sessions, log } = options
  const flights = createInFlight(options.clock)
  const timers = new Set<NodeJS.Timeout>()
  const lostKeys = new Map<string, readonly ObjectKey[]>()
  const commands = createCommands(sessions, options.locate)

  const later = (milliseconds: number, work: () => void): NodeJS.Timeout => {
    const timer = setTimeout(() => {
      timers.delete(timer)
      work()
    }, milliseconds)
    timers.add(timer)
    return timer
  }
  const unanswered = new Map<string, NodeJS.Timeout>()

  const stopWaiting = (node: string, plan: string): void => {
    clearTimeout(unanswered.get(`${node}\n${plan}`))
    unanswered.delete(`${node}\n${plan}`)
  }

  const settle = (node: string, answer: PlanAnswer): void => {
    stopWaiting(node, answer.plan)
    if (answer.outcome === 'refused') {
      log.warn({ node, plan: answer.plan, reason: answer.message }, 'plan refused')
      const refused = flights.all().filter((flight) => flight.node === node && flight.plan === answer.plan)
      for (const { key } of refused) retry({ node, plan: answer.plan, key, kind: 'failed' }, 'Refused')
    }
    for (const { key, result } of answer.results) {
      if (result === 'done') {
        if (flights.succeeded(node, answer.plan, key)) options.replan([key], 'Held')
      } else retry({ node, plan: answer.plan, key, kind: result }, result === 'stale' ? 'Stale' : 'Retry')
    }
    options.answered?.(node, answer)
  }
  const retry = (ended: Parameters<typeof flights.failed>[0], reason: ReplanReason): void => {
    const wait = flights.failed(ended)
    if (wait !== undefined) later(wait, () => options.replan([ended.key], reason))
  }
  const notSent = (plan: Plan, node: string): void => {
    stopWaiting(node, plan.id)
    for (const { key } of plan.changes) retry({ node, plan: plan.id, key, kind: 'failed' }, 'Retry')
  }

  sessions.listen({
    answered: settle,
    stepped: (node, report) => {
      flights.stepped(node, report)
      options.stepped?.(node, report)
    },
    disconnected: ({ node }) => lostKeys.set(node, [...(lostKeys.get(node) ?? []), ...flights.lost(node)]),
    observed: (node) => {
      const keys = lostKeys.get(node) ?? []
      lostKeys.delete(node)
      if (keys.length > 0) options.replan(keys, 'Reconnected')
    },
  })

  const send = async (plan: Plan, node: string): Promise<void> => {
    const session = sessions.get(node)
    if (session === undefined) return
    const message = applyMessage(plan, options.inputs)
    options.sending?.(node, plan)
    flights.started(node, plan.id, plan.changes)
    const timedOut = (): void => session.close(closeCodes.timedOut, 'the agent did not answer a plan')
    unanswered.set(`${node}\n${plan.id}`, later(options.answerMs ?? 30_000, timedOut))
    try {
      await session.send(message)
    } catch (error) {
      log.warn({ node, plan: plan.id, error: describeError(error) }, 'cannot send a plan')
      // Otherwise the session ended, which forgets the flights and plans again.
      if (errorCode(error) === 'MessageTooLarge') notSent(plan, node)
    }
  }

  return {
    async dispatch(plan, node) {
      if (sessions.get(node) === undefined) return []
      const foreign = plan.changes.find((change) => change.node !== node)
      if (foreign !== undefined) throw wrongNode(foreign, node)
      const wanted = plan.changes.filter((change) => change.steps.length > 0 && !flights.holds(node, change))
      const plans = splitPlan(wanted.length === plan.changes.length ? plan : withChanges(plan, wanted), options.inputs)
      await Promise.all(plans.map((part) => send(part, node)))
      return plans
    },
    inFlight: (node, key) => flights.get(node, key),
    flights: () => flights.all(),
    ...commands,
    close() {
      for (const timer of timers) clearTimeout(timer)
    },
  }
}

function wrongNode(change: Change, node: string): GitvirtError {
  return new GitvirtError({
    code: 'WrongNode',
    message: `A plan for node ${node} holds a change for "${change.node}".`,
    object: change.key,
  })
}

function withChanges(plan: Plan, changes: Change[]): Plan {
  const cut = { ...plan, changes }
  return { ...cut, id: planSeal(cut) }
}

function applyMessage(plan: Plan, inputs: InputSource): ApplyPlan {
  return { type: 'apply', plan, ...inputsOf(plan.changes, inputs) }
}

/** Cuts a plan whose message, values of Secrets and ConfigMaps included, is too large for one frame into plans of their own. */
function splitPlan(plan: Plan, inputs: InputSource): Plan[] {
  if (plan.changes.length === 0) return []
  if (plan.changes.length === 1 || Buffer.byteLength(JSON.stringify(applyMessage(plan, inputs))) <= maxMessageBytes) return [plan]
  const middle = Math.ceil(plan.changes.length / 2)
  const halves = [plan.changes.slice(0, middle), plan.changes.slice(middle)]
  return halves.flatMap((changes) => splitPlan(withChanges(plan, changes), inputs))
}
