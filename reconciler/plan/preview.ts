import type { Change, Plan } from '../../schemas/generated/plan.ts'
import type { DesiredView, ManifestError } from '../desired/types.ts'
import { digestOf } from '../lib/digest.ts'
import type { ObjectKey } from '../lib/object-key.ts'
import { approvalDigest } from './draft.ts'
import { impactOf, type NodeImpact } from './impact.ts'
import { plan } from './plan.ts'
import { signingWith, type Signing } from './signed-approvals.ts'
import { loadPolicy } from './resolve/policy.ts'
import type { Surroundings } from './types.ts'

/** What merging would do, against what runs now. */
export type Preview = {
  /** The plan of the merge result, under the policy of the tracked branch. */
  readonly plan: Plan
  /** Objects whose change waits on the tracked branch already, alike: merging adds nothing to them. */
  readonly pending: readonly ObjectKey[]
  /** Digest of the acts that merging adds. It stays equal while they do: after the merge, equal means that just this is applied. */
  readonly intent: string
  /** How what merging adds is approved by a signed commit, where it waits for that. */
  readonly signing?: Signing
  /** Of what merging adds. */
  readonly impact: readonly NodeImpact[]
  /** True where the merge result brings another policy, which holds only once it is merged. */
  readonly policyChanges: boolean
  /** Faults that the tracked branch does not have. */
  readonly errors: readonly ManifestError[]
}

export type PreviewInput = Surroundings & {
  /** The merge result. */
  readonly merged: DesiredView
  /** The tracked branch as it is. */
  readonly tracked: DesiredView
}

/** Plans the merge result and the tracked branch, and tells them apart. Pure. */
export function preview({ merged, tracked, ...common }: PreviewInput): Preview {
  const wanted = plan({ ...common, desired: merged, policyFrom: tracked })
  const standing = new Map(plan({ ...common, desired: tracked }).changes.map((change) => [placeOf(change), approvalDigest({ change })]))
  const isPending = (change: Change): boolean => standing.get(placeOf(change)) === approvalDigest({ change })
  const added = wanted.changes.filter((change) => !isPending(change))
  const signing = wanted.signing === undefined ? undefined : signingWith(wanted.signing.trailer, common.environment, added)
  const known = new Set(tracked.errors().map(faultOf))
  return {
    plan: wanted,
    pending: wanted.changes.filter(isPending).map(({ key }) => key),
    intent: intentOf(added),
    ...(signing === undefined ? {} : { signing }),
    impact: impactOf({ changes: added, whole: wanted.changes }, common.observed),
    policyChanges: loadPolicy(merged).digest !== loadPolicy(tracked).digest,
    errors: merged.errors().filter((error) => !known.has(faultOf(error))),
  }
}

/** Digest of what changes do, whichever commit they come from. */
export function intentOf(changes: readonly Change[]): string {
  return digestOf(changes.map((change) => `${placeOf(change)} ${approvalDigest({ change })}`).sort())
}

function placeOf({ key, node }: Change): string {
  return `${key} ${node}`
}

/** Lines move with edits above them: the same fault in the same file is the same. */
function faultOf({ severity, path, object, field, message }: ManifestError): string {
  return JSON.stringify([severity, path, object, field, message])
}
