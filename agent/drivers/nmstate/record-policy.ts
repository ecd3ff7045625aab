import type { PolicySpec } from '../../../schemas/generated/plan.ts'
import { GitvirtError } from '../../../reconciler/lib/errors.ts'
import { policyDigest } from '../../../reconciler/lib/policy-digest.ts'
import type { Deps } from './deps.ts'

/**
 * Keeps the labels and the place in Git of a policy that this host has; nothing is asked of nmstate, so that what was changed on the host
 * by hand stays. @throws GitvirtError `PolicyNotApplied` where the host was last brought to another policy
 */
export async function recordPolicy({ records, context }: Pick<Deps, 'records' | 'context'>, policy: PolicySpec): Promise<void> {
  const record = await records.get(policy.key)
  if (record?.applied === undefined || policyDigest(record.applied) !== policyDigest(policy)) throw notApplied(policy)
  await records.put({ ...record, applied: policy })
  context.changed(policy.key)
}

function notApplied({ key }: PolicySpec): GitvirtError {
  return new GitvirtError({
    code: 'PolicyNotApplied',
    message: 'The host was last brought to another policy than the one whose labels and place in Git are to be kept.',
    action: 'Nothing: the next plan applies it.',
    object: key,
  })
}
