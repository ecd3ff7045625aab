import type { DisruptionClass } from '../../../schemas/generated/plan.ts'
import type { Segments } from '../diff/path.ts'
import type { Accelerator, Effect } from './effects/guest.ts'

/**
 * What the agent must do for a changed field: `define` writes the definition only; `hotplug` brings the running guest to it;
 * `restart` waits for the guest's next start; `power` starts or stops; `replace` makes the domain anew; `resize` grows the
 * image; `refuse` cannot be done without losing data, so a person must; `apply` hands the policy to nmstate.
 */
export type Act = 'define' | 'hotplug' | 'restart' | 'power' | 'replace' | 'resize' | 'refuse' | 'apply'

/** One changed place, with both whole objects in view. */
export type FieldContext = {
  readonly path: Segments
  readonly before?: unknown
  readonly after?: unknown
  /** The whole object before and after, shaped as in the API. */
  readonly from: unknown
  readonly to: unknown
  /** What runs the guest; undefined where no host is meant. */
  readonly accelerator?: Accelerator
}

export type Verdict = { readonly disruption: DisruptionClass; readonly act?: Act; readonly reason?: string }

/** A class, or a rule for fields whose class depends on their neighbours. */
export type Cell = DisruptionClass | ((context: FieldContext) => Verdict)

/** One row of the table: what a change of the fields that match the pattern does to a running guest. */
export type Row = {
  /** Path with `[*]` for list entries, `*` for map keys, and `**` at the end for all below. */
  readonly pattern: string
  readonly change: Cell
  /** When the field appears; as `change` where not given. */
  readonly add?: Cell
  /** When the field goes; as `change` where not given. */
  readonly remove?: Cell
  /** What the agent must do, where the class alone does not tell. */
  readonly act?: Act
  /** Values are masked wherever they are shown. */
  readonly sensitive?: true
  /** Two ways to write one quantity are no change. */
  readonly quantity?: true
  /** What the field means where it is absent: writing that out is no change. */
  readonly absent?: unknown
  /** What the field comes to in the guest with the fields beside it: where that stays the same, the change disturbs nobody. */
  readonly comesTo?: Effect
  /** It counts only where it does so before and after: else what takes it up, or leaves it, is told. */
  readonly countsInBoth?: true
  /** Why it may come to nothing, where that is not plain. */
  readonly mootReason?: string
  readonly reason?: string
}

/** The act that goes with a class where a row names none. */
export const actOfClass: Readonly<Record<DisruptionClass, Act>> = {
  none: 'define',
  live: 'hotplug',
  hotplug: 'hotplug',
  migrate: 'restart',
  restart: 'restart',
  recreate: 'replace',
  'data-loss': 'refuse',
}
