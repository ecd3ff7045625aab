import { setTimeout as sleep } from 'node:timers/promises'
import type { Problem } from '../../../schemas/generated/observation.ts'
import type { PolicySpec } from '../../../schemas/generated/plan.ts'
import { describeError, errorCode, GitvirtError } from '../../../reconciler/lib/errors.ts'
import { policyDigest } from '../../../reconciler/lib/policy-digest.ts'
import { attemptPolicy, type Outcome } from './attempt.ts'
import { hasCaptures } from './capture.ts'
import type { Deps } from './deps.ts'
import type { ConditionType } from './enactment.ts'
import { heldOffAt, holdLeft, isSameAttempt } from './hold-off.ts'
import type { Provider } from './provider.ts'
import { transition } from './transition.ts'
import type { PolicyRecord } from './records.ts'
import { recover } from './recover.ts'

/**
 * Brings the host to a policy: attempts with retries, each either committed or rolled back. Idempotent.
 * Resolves when Available. @throws GitvirtError `NetworkProviderMissing`, `InvalidPolicy`, `UnsupportedByKernelMode`,
 * `ProbeFailed`, `ProbeFailedAfterRollback`, `VerificationFailed`, `RollbackFailed`, `HeldOff` or nmstatectl's own failure; the signal's reason when aborted
 */
export async function applyPolicy(deps: Deps, policy: PolicySpec, signal: AbortSignal): Promise<void> {
  const provider = await deps.provider()
  await refuseWhileHeldOff(deps, policy, provider)
  try {
    if (provider.name === 'none') throw missingProvider(policy, provider)
    if (!(await recover(deps))) throw unfinished(policy)
    await transition(deps, policy.key, { type: 'Progressing', message: `Applying with ${words[provider.name]}.`, provider: provider.name })
    const outcome = await withRetries(deps, policy, { provider, signal })
    await succeed(deps, policy, { provider, outcome })
  } catch (error) {
    await fail(deps, policy, { provider, error, aborted: signal.aborted })
    throw error
  }
}

const words = { networkmanager: 'NetworkManager', kernel: 'kernel mode', none: 'nothing' } as const

type Attempt = { readonly provider: Provider; readonly signal: AbortSignal }

/** Source: kubernetes-nmstate retries a failed apply up to five times. A failed probe is not retried: each try cuts the host off. */
async function withRetries(deps: Deps, policy: PolicySpec, attempt: Attempt): Promise<Outcome> {
  const { count = 5, first = 1_000, most = 30_000 } = deps.options.retries ?? {}
  for (let retry = 0; ; retry += 1) {
    attempt.signal.throwIfAborted()
    try {
      return await attemptPolicy(deps, policy, attempt)
    } catch (error) {
      if (retry >= count || attempt.signal.aborted || isFinal(error)) throw error
      const delay = Math.min(first * 2 ** retry, most)
      const message = `Try ${retry + 1} failed, the next one follows in ${delay / 1000} s: ${describeError(error)}`
      await transition(deps, policy.key, { type: 'Retrying', message, provider: attempt.provider.name })
      await sleep(delay, undefined, { signal: attempt.signal })
    }
  }
}

/** nmstate's kinds of error that the same input gives again at once. Source: nmstate's ErrorKind. */
const lastingFailure =
  /NmstateError: (InvalidArgument|NotImplementedError|NotSupportedError|PolicyError|PermissionError)|is not valid NetworkState/

/** The ones among them that only another policy can cure. */
const fatalFailure = /NmstateError: (NotImplementedError|NotSupportedError)|is not valid NetworkState/

const probeCodes: readonly string[] = ['ProbeFailed', 'ProbeFailedAfterRollback']
const finalCodes: readonly string[] = [...probeCodes, 'RollbackFailed']

function isFinal(error: unknown): boolean {
  if (!(error instanceof GitvirtError)) return false
  return error.terminal || finalCodes.includes(error.code) || lastingFailure.test(error.message)
}

function isFatal(error: unknown): boolean {
  return error instanceof GitvirtError && (error.terminal || fatalFailure.test(error.message))
}

async function succeed(deps: Deps, policy: PolicySpec, done: { provider: Provider; outcome: Outcome }): Promise<void> {
  const { effective, limits } = done.outcome
  const resolved = hasCaptures(policy) ? done.outcome.resolved : undefined
  const message = limits.length === 0 ? 'successfully reconciled' : `successfully reconciled; kernel mode left undone: ${limits.join('; ')}`
  await transition(deps, policy.key, {
    type: 'Available',
    message,
    provider: done.provider.name,
    patch: { applied: policy, resolved, effective, limits: [...limits], problem: undefined, heldOff: undefined },
  })
}

type Failed = { readonly provider: Provider; readonly error: unknown; readonly aborted: boolean }

async function fail(deps: Deps, policy: PolicySpec, failed: Failed): Promise<void> {
  const { aborted } = failed
  const type: ConditionType = aborted ? 'Aborted' : 'Failing'
  deps.context.log.warn({ key: policy.key, code: errorCode(failed.error) }, 'network policy failed')
  const patch = {
    problem: await problemOf(deps, policy, { error: failed.error, reason: aborted ? 'ConfigurationAborted' : 'FailedToConfigure' }),
    heldOff: aborted ? undefined : holdOff(deps, policy, failed),
  }
  await transition(deps, policy.key, { type, message: patch.problem.message, provider: failed.provider.name, patch })
}

/** The same failure keeps its time, so that failing again is no news and starts no new pass. */
async function problemOf(deps: Deps, policy: PolicySpec, { error, reason }: { error: unknown; reason: string }): Promise<Problem> {
  const before = (await deps.records.get(policy.key))?.problem
  const message = describeError(error).slice(0, 4_000)
  const same = before?.reason === reason && before.message === message
  const at = same ? before.at : deps.context.clock.now().toISOString()
  return { reason, message, at, ...(isFatal(error) ? { fatal: true } : {}) }
}

/** A policy that failed is not tried again at once: what cut the host off would cut it off with each try. */
function holdOff(deps: Deps, policy: PolicySpec, { provider, error }: Failed): PolicyRecord['heldOff'] {
  if (provider.name === 'none') return undefined
  const { lasting = 600_000, passing = 60_000 } = deps.options.holdOff ?? {}
  const milliseconds = isFatal(error) || probeCodes.includes(errorCode(error)) ? lasting : passing
  return heldOffAt(policy, provider, { at: deps.context.clock.now(), milliseconds })
}

/** Refuses without a trace in the record: the failure that stands there is the one that counts. */
async function refuseWhileHeldOff(deps: Deps, policy: PolicySpec, provider: Provider): Promise<void> {
  const record = await deps.records.get(policy.key)
  const held = record?.heldOff
  if (held === undefined || !isSameAttempt(held, policyDigest(policy), provider)) return
  const left = holdLeft(held, deps.context.clock.now())
  if (left === 0) return
  throw new GitvirtError({
    code: 'HeldOff',
    message: `This policy failed and is not tried again for ${Math.ceil(left / 1000)} s: ${record?.problem?.message ?? ''}`,
    action: 'Correct the policy in Git; a changed one is applied at once.',
    object: policy.key,
  })
}

function missingProvider(policy: PolicySpec, provider: Provider): GitvirtError {
  return new GitvirtError({ code: 'NetworkProviderMissing', message: provider.reason, action: provider.action, object: policy.key })
}

function unfinished(policy: PolicySpec): GitvirtError {
  return new GitvirtError({
    code: 'RollbackFailed',
    message: 'An earlier network change could not be rolled back, so no new one is begun.',
    action: "See the agent's log and put the named interfaces right by hand.",
    object: policy.key,
  })
}
