import type { Decision } from './decision.ts'
import type { DesiredView } from './desired/types.ts'
import type { Clock } from './lib/clock.ts'
import type { Logger } from './lib/log.ts'
import type { ObjectKey } from './lib/object-key.ts'
import type { ObservedView } from './observed/types.ts'
import type { ResolvedPolicy } from './plan/resolve/policy.ts'
import type { EventDraft } from './status/events/rules.ts'
import type { LeaseRecord, Leases } from './store/leases.ts'

/** The branch that has what was changed by hand, and what is not in it; without a branch a manifest can say nothing of it. */
export type Adopted = { readonly branch?: string; readonly left: readonly string[] }

/** Writes what was changed by hand to a branch; undefined where nothing was. */
export type Adopt = (lease: LeaseRecord) => Promise<Adopted | undefined>

export type LeasePorts = {
  readonly records: Leases
  readonly desired: () => DesiredView | undefined
  readonly observed: Pick<ObservedView, 'get' | 'node'>
  readonly policy: () => ResolvedPolicy['leases']
  /** Carries a lease to the host that has the machine. */
  readonly send: (lease: {
    readonly key: ObjectKey
    readonly id: string
    readonly by: string
    readonly seconds?: number
  }) => Promise<unknown>
  readonly adopt: Adopt
  readonly record: (event: EventDraft) => void
  /** Runs work in one transaction, so that nothing is kept whose receipt is not, or of which nobody is told. */
  readonly transaction: <T>(work: () => T) => T
  readonly decided: (decision: Decision) => void
  readonly again: (keys: readonly ObjectKey[]) => void
  readonly clock: Pick<Clock, 'now'>
  readonly log: Logger
}
