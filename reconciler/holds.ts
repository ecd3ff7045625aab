import type { Dispatcher } from './dispatch/dispatcher.ts'
import type { Clock } from './lib/clock.ts'
import type { Logger } from './lib/log.ts'
import type { Adopt } from './lease-ports.ts'
import { createLeaseKeeper, type LeaseKeeper } from './lease-keeper.ts'
import type { Ledger } from './ledger.ts'
import type { Loop } from './loop.ts'
import type { Observed } from './observed/cache.ts'
import { loadPolicy, type ResolvedPolicy } from './plan/resolve/policy.ts'
import type { Status } from './status/status.ts'
import type { Store } from './store/store.ts'
import { createSuspender, type Suspender } from './suspender.ts'

export type HoldParts = {
  readonly loop: Loop
  readonly store: Pick<Store, 'suspensions' | 'leases' | 'settings'>
  readonly observed: Observed
  readonly status: Status
  readonly ledger: Ledger
  readonly dispatcher: Pick<Dispatcher, 'command'>
  readonly adopt: Adopt
  readonly clock: Clock
  readonly log: Logger
  /** Takes over what must be closed. */
  readonly stack: AsyncDisposableStack
}

export type Holds = {
  readonly suspender: Suspender
  readonly leases: LeaseKeeper
  /** A revision came into force. */
  arrived(): void
}

/** Setting that has the last commit in force: what ends while the reconciler was off is noted at it. */
const lastCommit = 'lastCommitInForce'

/** Wires up what people hold back: suspensions and leases. */
export function openHolds(parts: HoldParts): Holds {
  const { loop, store, observed, status, ledger, dispatcher, clock, log, stack } = parts
  const common = {
    desired: () => loop.view(),
    observed: observed.view,
    record: (event: Parameters<Status['record']>[0]) => status.record(event),
    decided: (decision: Parameters<Ledger['decided']>[0]) =>
      ledger.decided(decision, loop.view()?.revision ?? store.settings.get(lastCommit)),
    transaction: <T>(work: () => T): T => status.together(work),
    again: (keys: Parameters<Loop['enqueue']>[0]) => loop.enqueue(keys),
    clock,
  }
  const suspender = stack.adopt(createSuspender({ ...common, records: store.suspensions, log }), (value) => value.close())
  const leases = stack.adopt(
    createLeaseKeeper({
      ...common,
      records: store.leases,
      policy: () => leasePolicy(loop),
      send: async ({ key, id, by, seconds }) =>
        await dispatcher.command(
          seconds === undefined ? { verb: 'end-lease', key, by, lease: { id } } : { verb: 'lease', key, by, lease: { id, seconds } },
        ),
      adopt: parts.adopt,
      log,
    }),
    (value) => value.close(),
  )
  const arrived = (): void => {
    const revision = loop.view()?.revision
    if (revision !== undefined && store.settings.get(lastCommit) !== revision) store.settings.put(lastCommit, revision)
    leases.watch()
  }
  suspender.watch()
  arrived()
  // What a host tells may be that it does not know of a lease, or of its end.
  stack.defer(
    observed.watch(({ leased }) => {
      leases.watch()
      leases.endStrays(leased)
    }),
  )
  return { suspender, leases, arrived }
}

/** Without a revision no policy is known, and so no lease is given. */
function leasePolicy(loop: Loop): ResolvedPolicy['leases'] {
  const view = loop.view()
  return view === undefined ? { allowed: false, longestMilliseconds: 0, keptMilliseconds: 0 } : loadPolicy(view).policy.leases
}
