import type { PolicySpec } from '../../../schemas/generated/plan.ts'
import { digestOf } from '../../../reconciler/lib/digest.ts'
import { policyDigest } from '../../../reconciler/lib/policy-digest.ts'
import type { Provider } from './provider.ts'
import type { PolicyRecord } from './records.ts'

export type HeldOff = NonNullable<PolicyRecord['heldOff']>

/** The hold of a policy that failed with this provider; `milliseconds` long. Pure. */
export function heldOffAt(policy: PolicySpec, provider: Provider, { at, milliseconds }: { at: Date; milliseconds: number }): HeldOff {
  const digest = policyDigest(policy)
  return { digest: attemptDigest(digest, provider), policy: digest, at: at.toISOString(), milliseconds }
}

/** True where this very policy failed with this very provider; another nmstate may succeed. Pure. */
export function isSameAttempt(held: HeldOff, digest: string, provider: Provider): boolean {
  return held.digest === attemptDigest(digest, provider)
}

/** Milliseconds that a hold still lasts; 0 where it is over, also where the clock was put back before its begin. Pure. */
export function holdLeft({ at, milliseconds }: HeldOff, now: Date): number {
  const left = Date.parse(at) + milliseconds - now.getTime()
  return left <= 0 || left > milliseconds ? 0 : left
}

/** Digest of the policy that need not be asked for again: its hold lasts, or only another policy or provider can help. Pure. */
export function failedPolicy({ heldOff, problem }: PolicyRecord, provider: Provider, now: Date): string | undefined {
  if (heldOff?.policy === undefined || !isSameAttempt(heldOff, heldOff.policy, provider)) return undefined
  return problem?.fatal === true || holdLeft(heldOff, now) > 0 ? heldOff.policy : undefined
}

function attemptDigest(policy: string, provider: Provider): string {
  return digestOf({ policy, provider: provider.name, nmstate: provider.nmstate })
}
