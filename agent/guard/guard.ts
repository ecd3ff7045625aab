import { setTimeout as delay } from 'node:timers/promises'
import { GitvirtError } from '../../reconciler/lib/errors.ts'
import type { ObjectKey } from '../../reconciler/lib/object-key.ts'
import type { ObservedMachine } from '../../schemas/generated/observation.ts'
import type { Command } from '../../schemas/generated/session.ts'
import type { DriverContext, MachineDriver, MachineFacts } from '../drivers/types.ts'
import type { GuardPort } from '../ports.ts'
import { backoff } from './backoff.ts'
import { planCommand, type CommandPlan } from './commands.ts'
import { absorb, beginRestart, decide, isActive, withoutRestart } from './decide.ts'
import { applyLease, isInForce, noteStop, withoutEndedLease } from './lease.ts'
import { createQueue } from './queue.ts'
import { createGuardStates, type GuardState } from './state.ts'

export type GuardOptions = {
  readonly context: Pick<DriverContext, 'stateDir' | 'clock' | 'log' | 'changed'>
  readonly machines: MachineDriver
  /** Calls back after milliseconds; the result cancels. Default: setTimeout. */
  readonly later?: (milliseconds: number, callback: () => void) => () => void
  /** From 0 to below 1. Default: Math.random. */
  readonly random?: () => number
  /** Milliseconds between looks at all machines, in case an event was lost. Default: one minute. */
  readonly resyncMs?: number
}

export type Guard = GuardPort & {
  /** After the driver's own prepare: reads what is remembered and starts what must run, also after a reboot. */
  prepare(): Promise<void>
  /** Wire this to the driver's `changed`: looks at the machine again. */
  changed(key: ObjectKey): void
  /** Resolves when no look is under way. */
  settled(): Promise<void>
  close(): Promise<void>
}

const closeMs = 10_000

/** Keeps what was last applied running, without the reconciler. */
export function createGuard(options: GuardOptions): Guard {
  const { context, machines } = options
  const later = options.later ?? laterByTimer
  const random = options.random ?? Math.random
  const states = createGuardStates(context.stateDir, context.log)
  const held = new Map<ObjectKey, number>()
  const timers = new Map<ObjectKey, () => void>()
  const queue = createQueue()
  let stopResync = (): void => undefined
  let open = false

  const find = async (key: ObjectKey): Promise<MachineFacts | undefined> =>
    (await machines.observe([key])).find((facts) => facts.key === key)
  const time = (): number => context.clock.now().getTime()
  const free = (key: ObjectKey): boolean => open && !held.has(key)

  const look = async (key: ObjectKey, known?: MachineFacts): Promise<void> => {
    if (!free(key)) return
    const facts = known ?? (await find(key))
    if (facts === undefined) return await states.remove(key)
    const absorbed = absorb(states.get(key), facts)
    if (absorbed === undefined) return
    const state = noteStop(withoutEndedLease(absorbed, time()), facts)
    await states.save(state)
    if (state.lease === undefined && absorbed.lease !== undefined) context.changed(key)
    const decision = decide(state, facts, time())
    timers.get(key)?.()
    if (decision.wait !== undefined)
      timers.set(
        key,
        later(decision.wait, () => changed(key)),
      )
    if (decision.action === 'start' && free(key)) await start(state, facts)
    if (decision.action === 'stop' && free(key)) await machines.stop(key)
  }

  const start = async (state: GuardState, facts: MachineFacts, paused?: boolean): Promise<void> => {
    const lastStartAt = context.clock.now().toISOString()
    const wanted = paused ?? facts.applied?.template.spec?.startStrategy === 'Paused'
    try {
      await machines.start(state.key, wanted ? { paused: true } : {})
    } catch (error) {
      const failures = state.failures + 1
      const delay = backoff(failures, random())
      context.log.warn({ key: state.key, failures, error: String(error) }, 'The machine does not start.')
      await states.save({
        // One more start is all that a restart is owed; from then on the strategy decides.
        ...withoutRestart(state),
        active: false,
        failures,
        lastStartAt,
        lastOutcome: 'failed',
        nextStartAt: new Date(time() + delay).toISOString(),
      })
      context.changed(state.key)
      if (paused === undefined) return changed(state.key)
      throw error
    }
    const { nextStartAt: _, ...rest } = withoutRestart(state)
    await states.save({ ...rest, active: true, ran: true, failures: 0, lastStartAt })
  }

  const changed = (key: ObjectKey): void => {
    if (free(key))
      queue.once(
        key,
        async () => await look(key),
        (error) => context.log.error({ key, error: String(error) }, 'The guard cannot look at a machine.'),
      )
  }

  /** @param accepted called before an act that may take the guest's whole grace period */
  const command = async (request: Command, accepted: () => void): Promise<Record<string, unknown>> => {
    if (request.verb === 'lease' || request.verb === 'end-lease') return await lease(request)
    const facts = await find(request.key)
    const state = facts === undefined ? undefined : absorb(states.get(request.key), facts)
    if (facts === undefined || state === undefined) throw noSuchMachine(request.key)
    const plan = planCommand(request.verb, state, isActive(facts))
    const at = context.clock.now().toISOString()
    const powered = withPower(plan.act === 'start' || plan.act === 'stop' ? withoutRestart(state) : state, plan, { by: request.by, at })
    const next = plan.act === 'restart' ? beginRestart(powered, facts, at) : powered
    // The request stands before the act, so that a crash in between leaves no guest that is started against it.
    await states.save(next)
    if (plan.act === 'stop' || plan.act === 'restart') accepted()
    const answer = await act(plan, request, { state: next, facts })
    const after = await find(request.key)
    if (after !== undefined) await states.save(absorb(states.get(request.key), after) ?? next)
    context.changed(request.key)
    return answer
  }

  const lease = async (request: Command): Promise<Record<string, unknown>> => {
    const facts = await find(request.key)
    const state = facts === undefined ? undefined : absorb(states.get(request.key), facts)
    if (state === undefined) throw noSuchMachine(request.key)
    const next = applyLease(state, request, time())
    await states.save(next)
    context.changed(request.key)
    return next.lease === undefined ? {} : { until: next.lease.until }
  }

  const act = async (
    plan: CommandPlan,
    request: Command,
    found: { state: GuardState; facts: MachineFacts },
  ): Promise<Record<string, unknown>> => {
    const { key, graceSeconds } = request
    if (plan.act === 'guestosinfo') return await machines.guestInfo(key)
    if (plan.act === 'start')
      await start(
        { ...found.state, failures: 0 },
        found.facts,
        request.paused ?? found.facts.applied?.template.spec?.startStrategy === 'Paused',
      )
    if (plan.act === 'stop') await machines.stop(key, graceSeconds)
    if (plan.act === 'restart') await machines.restart(key, graceSeconds)
    if (plan.act === 'pause') await machines.pause(key)
    if (plan.act === 'unpause') await machines.unpause(key)
    if (plan.act === 'reset') await machines.reset(key)
    if (plan.act === 'soft-reboot') await machines.softReboot(key)
    return {}
  }

  const lookAtAll = async (): Promise<void> => {
    for (const facts of await machines.observe()) changed(facts.key)
  }

  const resync = (): void => {
    stopResync = later(options.resyncMs ?? 60_000, () => {
      lookAtAll().catch((error: unknown) => context.log.error({ error: String(error) }, 'The guard cannot list the machines.'))
      resync()
    })
  }

  return {
    async prepare() {
      await states.load()
      open = true
      await lookAtAll()
      resync()
    },
    changed,
    view(key) {
      const state = states.get(key)
      if (state === undefined) return {}
      const { power, failures, nextStartAt, lastOutcome } = state
      const runs = {
        failures,
        ...(nextStartAt === undefined ? {} : { nextStartAt }),
        ...(lastOutcome === undefined ? {} : { lastOutcome }),
      }
      return { runs, ...(power === undefined ? {} : { power }), ...leaseView(state, time()) }
    },
    command: async (request) => {
      const { promise, resolve, reject } = Promise.withResolvers<Record<string, unknown>>()
      let answered = false
      const accepted = (): void => {
        answered = true
        resolve({})
        context.changed(request.key)
      }
      const whole = async (): Promise<Record<string, unknown>> => await command(request, accepted)
      // Asking a guest need not wait for a start that hangs; what changes power does.
      const answer = request.verb === 'guestosinfo' ? whole() : queue.run(request.key, whole)
      answer.then(resolve, (error: unknown) => {
        if (answered) context.log.error({ key: request.key, verb: request.verb, error: String(error) }, 'An accepted request failed.')
        else reject(error)
      })
      return await promise
    },
    hold(key) {
      held.set(key, (held.get(key) ?? 0) + 1)
      let released = false
      return () => {
        if (released) return
        released = true
        const count = (held.get(key) ?? 1) - 1
        if (count > 0) held.set(key, count)
        else held.delete(key)
        changed(key)
      }
    },
    async restarting(key) {
      const facts = await find(key)
      const state = facts === undefined ? undefined : absorb(states.get(key), facts)
      if (facts !== undefined && state !== undefined) await states.save(beginRestart(state, facts, context.clock.now().toISOString()))
    },
    settled: async () => await queue.settled(),
    async close() {
      open = false
      stopResync()
      for (const cancel of timers.values()) cancel()
      // A guest may take its time to stop; the next start finishes that.
      await Promise.race([queue.settled(), delay(closeMs, undefined, { ref: false })])
    },
  }
}

function noSuchMachine(object: ObjectKey): GitvirtError {
  return new GitvirtError({ code: 'NotFound', message: 'There is no such machine on this host.', object })
}

function withPower(state: GuardState, plan: CommandPlan, who: { readonly by: string | undefined; readonly at: string }): GuardState {
  const { power: before, ...rest } = state
  if (plan.power === undefined) return rest
  if (before?.request === plan.power) return state
  return { ...rest, power: { request: plan.power, at: who.at, ...(who.by === undefined ? {} : { by: who.by }) } }
}

function leaseView({ lease }: GuardState, now: number): Pick<ObservedMachine, 'lease'> {
  if (!isInForce(lease, now)) return {}
  const { id, by, until } = lease
  return { lease: { id, until, ...(by === undefined ? {} : { by }) } }
}

function laterByTimer(milliseconds: number, callback: () => void): () => void {
  const timer = setTimeout(callback, milliseconds)
  timer.unref()
  return () => clearTimeout(timer)
}
