import { setTimeout as delay } from 'node:timers/promises'
import type { ObservedObject } from '../../schemas/generated/observation.ts'
import type { Change, Plan, Step } from '../../schemas/generated/plan.ts'
import type { ApplyPlan, PlanAnswer, StepReport } from '../../schemas/generated/session.ts'
import type { Clock } from '../../reconciler/lib/clock.ts'
import { describeError, errorCode, GitvirtError } from '../../reconciler/lib/errors.ts'
import type { Logger } from '../../reconciler/lib/log.ts'
import type { ObjectKey } from '../../reconciler/lib/object-key.ts'
import type { Drivers, InputData } from '../drivers/types.ts'
import { orderedSteps, planProblem } from './check.ts'
import { createDependencies, type DependencyOptions } from './dependencies.ts'
import type { Journal, PlanJournal } from './journal.ts'
import { createLocks, createSlots } from './locks.ts'
import { runStep } from './steps.ts'

/** Carries out sealed plans. */
export type Runner = {
  /** Takes a plan; what becomes of it goes out through `send`. */
  apply(message: ApplyPlan): void
  /** An object may have changed: changes that wait for it look again. */
  changed(key: ObjectKey): void
  /** Ends what waits, gives imports up, and resolves when the running steps have ended. */
  close(): Promise<void>
}

export type RunnerOptions = {
  readonly node: string
  readonly drivers: Drivers
  readonly journal: Journal
  /** What the object looks like now; undefined where it is not there. */
  readonly observe: (key: ObjectKey) => Promise<ObservedObject | undefined>
  /** Tells the reconciler how these objects look now, before an answer about them. */
  readonly report: (keys: readonly ObjectKey[]) => Promise<void>
  /** Sends an answer; nobody may be there to hear it. */
  readonly send: (message: PlanAnswer | StepReport) => Promise<void>
  /** Keeps the guard off a machine meanwhile. */
  readonly hold: (key: ObjectKey) => () => void
  readonly clock: Clock
  readonly log: Logger
  /** Steps at one time; default 8. The storage driver itself bounds imports, which may wait for hours between two tries. */
  readonly limit?: number
  readonly dependencies?: Pick<DependencyOptions, 'pollMs' | 'missingMs'>
}

const closeMs = 10_000

type Result = PlanAnswer['results'][number]

/** One change under way. */
type Work = { readonly change: Change; readonly plan: Plan; readonly abort: AbortController; importing: boolean; running: boolean }

/** Makes the runner of one agent. Changes run side by side, those of one object one after the other. */
export function createRunner(options: RunnerOptions): Runner {
  const { node, clock, log, journal } = options
  const locks = createLocks()
  const slots = createSlots(options.limit ?? 8)
  const works = new Map<ObjectKey, Work[]>()
  const plans = new Map<string, Promise<void>>()
  const dependencies = createDependencies({ ...options.dependencies, observe: options.observe, active: (key) => works.has(key) })
  const now = (): string => clock.now().toISOString()

  const tell = async (message: PlanAnswer | StepReport): Promise<void> => {
    // Without a session the next full observation tells the reconciler the same.
    await options.send(message).catch(() => undefined)
  }

  const enter = (plan: Plan, change: Change): Work => {
    const work: Work = { change, plan, abort: new AbortController(), importing: false, running: false }
    const others = works.get(change.key) ?? []
    for (const other of others) if (!other.running || other.importing) other.abort.abort(superseded(change.key))
    works.set(change.key, [...others, work])
    return work
  }
  const leave = (work: Work): void => {
    const others = (works.get(work.change.key) ?? []).filter((other) => other !== work)
    if (others.length === 0) works.delete(work.change.key)
    else works.set(work.change.key, others)
    dependencies.changed(work.change.key)
  }

  const step = async (work: Work, one: Step, context: { readonly data: InputData; readonly file: PlanJournal }): Promise<void> => {
    const record = async (state: StepReport['state'], error?: unknown): Promise<void> => {
      const failure = error === undefined ? {} : { code: errorCode(error), message: describeError(error) }
      const entry = { key: work.change.key, step: one.id, state, at: now(), ...failure }
      await context.file.write({ type: 'step', ...entry })
      void tell({ type: 'step', plan: work.plan.id, ...entry })
    }
    work.importing = one.verb === 'EnsureVolume'
    const free = work.importing ? undefined : await slots.acquire(work.abort.signal)
    try {
      await record('started')
      const { signal } = work.abort
      await runStep(one, { drivers: options.drivers, data: context.data, signal })
      await record('done')
    } catch (error) {
      await record('failed', error)
      throw error
    } finally {
      work.importing = false
      free?.()
    }
  }

  const steps = async (work: Work, context: { readonly data: InputData; readonly file: PlanJournal }): Promise<void> => {
    const { change, plan } = work
    journal.overtaken(plan.id, change.key)
    const finished = journal.finished(plan.id, change.key)
    const observed = await options.observe(change.key)
    const digest = observed?.digest ?? 'absent'
    if (digest !== change.base) throw stale(change.key)
    for (const one of orderedSteps(change)) {
      work.abort.signal.throwIfAborted()
      if (!finished.has(one.id)) await step(work, one, context)
    }
  }

  const run = async (work: Work, context: { readonly data: InputData; readonly file: PlanJournal }): Promise<void> => {
    const { change, abort } = work
    await dependencies.wait(change.after, abort.signal)
    const unlock = await locks.acquire([change.key, ...change.steps.map((one) => one.key)], abort.signal)
    const release = options.hold(change.key)
    work.running = true
    try {
      await steps(work, context)
    } finally {
      release()
      unlock()
    }
  }

  const settle = async (work: Work, context: { readonly data: InputData; readonly file: PlanJournal }): Promise<Result> => {
    const { change, plan } = work
    const result = await run(work, context).then(
      (): Result => ({ key: change.key, result: 'done' }),
      (error: unknown): Result => failureOf(work, error),
    )
    leave(work)
    await recordResult(context.file, result)
    journal.overtaken('', change.key)
    if (result.result === 'failed') log.error({ plan: plan.id, ...result }, 'change failed')
    await options.report([change.key, ...change.steps.map((one) => one.key)])
    await tell({ type: 'plan-answer', plan: plan.id, outcome: 'accepted', results: [result] })
    return result
  }

  const openFile = async (plan: Plan, entered: readonly Work[]): Promise<PlanJournal> => {
    try {
      return await journal.open(plan, now())
    } catch (error) {
      entered.forEach(leave)
      throw error
    }
  }

  /** The change is over whether or not the disk takes the line; without it only an audit entry is missing. */
  const recordResult = async (file: PlanJournal, { message: _message, ...entry }: Result): Promise<void> => {
    try {
      await file.write({ type: 'change', at: now(), ...entry })
    } catch (error) {
      log.error({ key: entry.key, error: describeError(error) }, 'cannot write the journal')
    }
  }

  const carryOut = async ({ plan, secrets, configMaps }: ApplyPlan): Promise<void> => {
    // All enter before the first runs, so that one sees that another is still to come.
    const entered = plan.changes.map((change) => enter(plan, change))
    const file = await openFile(plan, entered)
    try {
      await tell({ type: 'plan-answer', plan: plan.id, outcome: 'accepted', results: [] })
      const results = await Promise.all(entered.map((work) => settle(work, { data: { secrets, configMaps }, file })))
      await file.write({ type: 'end', at: now() }).catch(() => undefined)
      await tell({ type: 'plan-answer', plan: plan.id, outcome: 'done', results })
    } finally {
      await file.close()
    }
  }

  return {
    apply(message) {
      const { plan } = message
      const problem = planProblem(plan, node)
      if (problem !== undefined) {
        log.error({ plan: plan.id, problem }, 'plan refused')
        void tell({ type: 'plan-answer', plan: plan.id, outcome: 'refused', message: `The plan is refused: ${problem}.`, results: [] })
        return
      }
      // The same plan again is already being carried out.
      if (plans.has(plan.id)) {
        void tell({ type: 'plan-answer', plan: plan.id, outcome: 'accepted', results: [] })
        return
      }
      const done = carryOut(message)
        .catch(async (error: unknown) => {
          log.error({ plan: plan.id, error: describeError(error) }, 'plan refused')
          await tell({ type: 'plan-answer', plan: plan.id, outcome: 'refused', message: describeError(error), results: [] })
        })
        .finally(() => plans.delete(plan.id))
      plans.set(plan.id, done)
    },
    changed: (key) => dependencies.changed(key),
    async close() {
      const closing = new GitvirtError({ code: 'AgentStopping', message: 'The agent stops.' })
      for (const work of [...works.values()].flat()) work.abort.abort(closing)
      // A step that takes longer is safe to leave: the next start finishes it.
      await Promise.race([Promise.all(plans.values()), delay(closeMs, undefined, { ref: false })])
    },
  }
}

function failureOf({ change, abort }: Work, error: unknown): Result {
  // A driver may wrap the abort in an error of its own.
  const cause: unknown = abort.signal.aborted ? abort.signal.reason : error
  const code = errorCode(cause)
  const result = code === 'Stale' || code === 'Superseded' ? 'stale' : 'failed'
  return { key: change.key, result, code, message: describeError(cause) }
}

function superseded(object: ObjectKey): GitvirtError {
  return new GitvirtError({ code: 'Superseded', message: 'A newer plan took over.', object })
}

function stale(object: ObjectKey): GitvirtError {
  return new GitvirtError({ code: 'Stale', message: 'The object is not any more as it was when the plan was made.', object })
}
