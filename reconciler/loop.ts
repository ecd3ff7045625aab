import type { Change, Plan } from '../schemas/generated/plan.ts'
import type { DesiredUpdate, DesiredView } from './desired/types.ts'
import type { Clock } from './lib/clock.ts'
import { describeError } from './lib/errors.ts'
import type { Logger } from './lib/log.ts'
import type { ObjectKey } from './lib/object-key.ts'
import type { Observed, ObservedChange } from './observed/cache.ts'
import type { Settled } from './plan/settled.ts'
import { stepFields, type StepFields } from './plan/step-fields.ts'
import type { Approval, Lease, Planner, PlanInput, StandingGates, Surroundings, Suspension, Unheard } from './plan/types.ts'
import { tellsMore } from './plan/wish.ts'
import { Wakeups } from './wakeups.ts'
import type { Refresh } from './status/engine.ts'

/** What the loop needs of the other rooms. */
export type LoopPorts = {
  readonly plan: Planner
  /** The part of a plan that one node carries out now. */
  readonly forNode: (plan: Plan, node: string) => Plan
  readonly observed: Observed
  /** Writes in slices, between which others than the loop may work; the first one before it returns. */
  readonly status: { refresh(input: Refresh): Iterable<void> }
  /** Sends a node its part; `fields` tells what each step brings. */
  readonly dispatch: (plan: Plan, node: string, fields: StepFields) => Promise<readonly Plan[]>
  readonly approvals: () => readonly Approval[]
  /** The wishes for this object have been carried out: what was approved for it is used up. */
  readonly dropApprovals: (key: ObjectKey) => void
  readonly suspensions: () => readonly Suspension[]
  readonly leases?: () => readonly Lease[]
  /** Told of each new view before anything is planned with it. */
  readonly arrived?: () => void
  /** What hinders a reconciler without a history from placing anything. */
  readonly unheard: (desired: DesiredView) => Unheard | undefined
  readonly inputSalt: string
  /** Gates that hold in place of a revision's own. */
  readonly standing?: (desired: DesiredView) => StandingGates | undefined
  /** Name of the environment, to which approvals in Git are bound. */
  readonly environment?: string
  /** Told of each pass over a revision, and of the plan that it made. */
  readonly passed?: (pass: { readonly revision: string; readonly plan?: Plan; readonly covered?: ReadonlySet<ObjectKey> }) => void
  /** What plans found to need nothing; saved after each pass. */
  readonly settled?: Settled & { save(): void }
  readonly clock: Clock
  readonly log: Logger
}

/** Turns changed keys into plans: it queues keys, never events, and rereads desired and observed on each pass. */
export type Loop = {
  /** A new revision. */
  desired(update: DesiredUpdate): void
  /** Plans these keys again; without keys everything. */
  enqueue(keys?: Iterable<ObjectKey>): void
  /** Tells these keys' status anew, without a plan. */
  refresh(keys: Iterable<ObjectKey>): void
  /** The plan of everything, as it stands now; undefined before the first revision. */
  current(): Plan | undefined
  view(): DesiredView | undefined
  /** Passes that came to their end: while there is no other, nothing changed that a plan or a status follows from. */
  passes(): number
  /** Keys that wait for the next pass. */
  queued(): { readonly plan: number; readonly status: number }
  /** What a plan depends on besides Git, as it stands now. */
  surroundings(desired: DesiredView): Surroundings
  close(): void
}

const mostRetryMs = 60_000

/** A pass that goes on. */
type Pass = { readonly taken: Queue; readonly slices: Iterator<void, void> }

type Queue = { all: boolean; plan: Set<ObjectKey>; status: Set<ObjectKey> }

export function createLoop(ports: LoopPorts): Loop {
  const { log } = ports
  let view: DesiredView | undefined
  let queue: Queue = emptyQueue()
  let scheduled: NodeJS.Immediate | undefined
  let running: Pass | undefined
  let closed = false
  let passes = 0
  let failures = 0
  let retry: NodeJS.Timeout | undefined
  /** Objects that no node could take: a change of any node may help them. */
  const unplaced = new Set<ObjectKey>()
  /** Disks that go, or grow, when a machine has let go of them, and machines that wait for one: a change of any machine may be that. */
  const guarded = new Set<ObjectKey>()
  /** What a window or a freeze holds back until a time. */
  const waiting = new Wakeups((keys) => {
    for (const key of keys) queue.plan.add(key)
    schedule()
  })
  /** The last plan was made while hosts had not been heard. */
  let waited = false
  let connectedBefore = connectedNodes(ports)
  const queueNode = (name: string): void => {
    for (const key of keysOnNode(ports, name)) queue.plan.add(key)
    for (const key of view?.keysOf('NodeNetworkConfigurationPolicy') ?? []) queue.plan.add(key)
    for (const key of unplaced) queue.plan.add(key)
  }

  const queueUnplaced = (): void => {
    for (const key of unplaced) queue.plan.add(key)
    schedule()
  }

  const surroundings = (desired: DesiredView): Surroundings => {
    const unheard = ports.unheard(desired)
    const standing = ports.standing?.(desired)
    return {
      observed: ports.observed.view,
      approvals: ports.approvals(),
      suspensions: ports.suspensions(),
      leases: ports.leases?.() ?? [],
      now: ports.clock.now(),
      inputSalt: ports.inputSalt,
      ...(standing === undefined ? {} : { standing }),
      ...(ports.environment === undefined ? {} : { environment: ports.environment }),
      ...(unheard === undefined ? {} : { unheard }),
    }
  }
  const input = (desired: DesiredView, keys?: Iterable<ObjectKey>): PlanInput => {
    const around = surroundings(desired)
    if (around.unheard === undefined && waited) queueUnplaced()
    waited = around.unheard !== undefined
    return {
      desired,
      ...around,
      ...(ports.settled === undefined ? {} : { settled: ports.settled }),
      ...(keys === undefined ? {} : { keys }),
    }
  }
  const schedule = (): void => {
    if (!closed && view !== undefined) scheduled ??= setImmediate(pass)
  }
  const pass = (): void => {
    scheduled = undefined
    if (view === undefined) return
    running ??= begin(view)
    const { taken, slices } = running
    try {
      const { done } = slices.next()
      if (done === true) {
        running = undefined
        passes += 1
        failures = 0
      }
      if (done !== true || isWaiting(queue)) schedule()
    } catch (error) {
      // Nothing of a pass that failed is lost: a full disk, say, may have room in a moment.
      log.error({ err: error, error: describeError(error) }, 'a pass failed; it is tried again')
      running = undefined
      putBack(queue, taken)
      failures += 1
      retry = setTimeout(schedule, Math.min(1000 * 2 ** (failures - 1), mostRetryMs))
      retry.unref()
    }
  }
  const begin = (desired: DesiredView): Pass => {
    const taken = queue
    queue = emptyQueue()
    return { taken, slices: reconcile(desired, taken) }
  }
  const reconcile = function* (desired: DesiredView, taken: Queue): Generator<void, void> {
    const views = { desired, observed: ports.observed.view, suspensions: ports.suspensions(), leases: ports.leases?.() ?? [] }
    if (!taken.all && taken.plan.size === 0) {
      yield* ports.status.refresh({ ...views, keys: taken.status })
      ports.passed?.({ revision: desired.revision })
      return
    }
    const plan = ports.plan(input(desired, taken.all ? undefined : taken.plan))
    const covered = new Set([...taken.plan, ...plan.changes.map((change) => change.key)])
    remember(unplaced, plan, { isIt: isUnplaced, ...(taken.all ? {} : { covered }) })
    remember(guarded, plan, { isIt: isGuarded, ...(taken.all ? {} : { covered }) })
    waiting.take(plan, { now: ports.clock.now(), ...(taken.all ? {} : { covered }) })
    const rest = ports.status.refresh({ ...views, plan, ...(taken.all ? {} : { planKeys: covered, keys: [...covered, ...taken.status] }) })
    // In the turn of the plan: what people suspend or approve between slices must not meet a plan that knows nothing of it.
    dropUsedApprovals(ports, plan, taken.all ? undefined : covered)
    for (const node of ports.observed.view.nodes()) if (node.connected) send(plan, node.name)
    yield* rest
    ports.passed?.({ revision: desired.revision, plan, ...(taken.all ? {} : { covered }) })
    ports.settled?.save()
  }
  const send = (plan: Plan, node: string): void => {
    const part = ports.forNode(plan, node)
    if (part.changes.length === 0) return
    const fields = stepFields(plan.changes.filter((change) => change.node === node))
    ports.dispatch(part, node, fields).then(
      (sent) =>
        sent.forEach((one) =>
          log.info({ node, plan: one.id.slice(0, 12), keys: one.changes.map((change) => change.key).slice(0, 10) }, 'plan sent'),
        ),
      (error: unknown) => log.error({ node, error: describeError(error) }, 'a plan could not be sent'),
    )
  }
  const unwatch = ports.observed.watch((change: ObservedChange) => {
    const connected = connectedNodes(ports)
    for (const name of connected.symmetricDifference(connectedBefore)) queueNode(name)
    connectedBefore = connected
    for (const key of change.planKeys) queue.plan.add(key)
    for (const key of change.keys) queue.status.add(key)
    for (const node of change.nodes) queue.status.add(`Node//${node}`)
    if (change.nodes.size > 0) for (const key of unplaced) queue.plan.add(key)
    if (guarded.size > 0 && hasMachine(change.planKeys)) for (const key of guarded) queue.plan.add(key)
    schedule()
  })

  return {
    desired(update) {
      if (view === undefined || tellsMore(view, update.view)) queue.all = true
      view = update.view
      for (const key of update.changed) queue.plan.add(key)
      ports.arrived?.()
      schedule()
    },
    enqueue(keys) {
      if (keys === undefined) queue.all = true
      else for (const key of keys) queue.plan.add(key)
      schedule()
    },
    refresh(keys) {
      for (const key of keys) queue.status.add(key)
      schedule()
    },
    current: () => (view === undefined ? undefined : ports.plan(input(view))),
    view: () => view,
    passes: () => passes,
    queued: () => ({ plan: queue.plan.size, status: queue.status.size }),
    surroundings,
    close() {
      closed = true
      clearImmediate(scheduled)
      clearTimeout(retry)
      waiting.close()
      unwatch()
    },
  }
}

function putBack(queue: Queue, taken: Queue): void {
  queue.all ||= taken.all
  for (const key of taken.plan) queue.plan.add(key)
  for (const key of taken.status) queue.status.add(key)
}

function isWaiting({ all, plan, status }: Queue): boolean {
  return all || plan.size > 0 || status.size > 0
}

function emptyQueue(): Queue {
  return { all: false, plan: new Set(), status: new Set() }
}

function connectedNodes(ports: LoopPorts): Set<string> {
  const connected = ports.observed.view.nodes().filter((node) => node.connected)
  return new Set(connected.map((node) => node.name))
}

function keysOnNode(ports: LoopPorts, name: string): ObjectKey[] {
  const { view } = ports.observed
  return [...view.keys()].filter((key) => view.get(key).some(({ node }) => node === name))
}

/** An approval ends with what it was given for; otherwise the same wish, made again later, would pass unasked. */
function dropUsedApprovals(ports: LoopPorts, plan: Plan, covered: ReadonlySet<ObjectKey> | undefined): void {
  const approvals = ports.approvals()
  if (approvals.length === 0) return
  const pending = new Set(plan.changes.map(({ key }) => key))
  for (const { key } of approvals) {
    if (key !== undefined && !pending.has(key) && (covered === undefined || covered.has(key))) ports.dropApprovals(key)
  }
}

const waitsForNodes: ReadonlySet<string> = new Set(['Unschedulable', 'NodeNotReady', 'HostsUnheard'])

function isUnplaced({ blocked }: Change): boolean {
  return blocked.some(({ reason }) => waitsForNodes.has(reason))
}

function isGuarded({ key, blocked }: Change): boolean {
  const waits = key.startsWith('DataVolume/') ? 'WaitingForDependency' : 'Conflict'
  return !key.startsWith('NodeNetworkConfigurationPolicy/') && blocked.some(({ reason }) => reason === waits)
}

function hasMachine(keys: Iterable<ObjectKey>): boolean {
  for (const key of keys) if (key.startsWith('VirtualMachine/')) return true
  return false
}

type Memory = { readonly isIt: (change: Change) => boolean; readonly covered?: ReadonlySet<ObjectKey> }

/** Keeps a set of keys to those whose change is of a sort. */
function remember(keys: Set<ObjectKey>, plan: Plan, { isIt, covered }: Memory): void {
  if (covered === undefined) keys.clear()
  else for (const key of covered) keys.delete(key)
  for (const change of plan.changes) if (isIt(change)) keys.add(change.key)
}
