import type { PolicySpec } from '../../../schemas/generated/plan.ts'
import { digestOf } from '../../../reconciler/lib/digest.ts'
import { describeError, GitvirtError } from '../../../reconciler/lib/errors.ts'
import { hasCaptures, resolveCaptures } from './capture.ts'
import { readState } from './current-state.ts'
import type { Deps } from './deps.ts'
import { shareForKernel } from './kernel-limits.ts'
import { applyKernel, rollbackKernel, takeSnapshot } from './kernel-mode.ts'
import { applyManaged, commitManaged, rollbackManaged } from './manager-mode.ts'
import type { NetworkState } from './network-state.ts'
import { renderState } from './render.ts'
import { createProbes, passingProbes, runProbes, type Probe } from './probes.ts'
import type { Provider } from './provider.ts'

/** What an attempt came to. */
export type Outcome = { readonly resolved: NetworkState; readonly effective: NetworkState; readonly limits: readonly string[] }

type How = { readonly provider: Provider; readonly signal: AbortSignal }

/** A change that can be taken back until it is committed. */
type Change = { apply(): Promise<void>; commit(): Promise<void>; rollback(): Promise<void> }

/** One try: probes, change, probes, then commit or rollback. @throws GitvirtError what failed, after the rollback */
export async function attemptPolicy(deps: Deps, policy: PolicySpec, how: How): Promise<Outcome> {
  const desired = await resolve(deps, policy, how.provider)
  const kernel = how.provider.name === 'kernel'
  const share = kernel ? shareForKernel(desired) : { state: desired, limits: [], refusals: [] }
  if (share.refusals.length > 0) throw unsupported(policy, share.refusals, how.provider)
  const probes = await passingProbes(createProbes(deps.commands, deps.options.probes ?? {}))
  const change = kernel ? await kernelChange(deps, policy, share.state) : await managedChange(deps, policy, share.state)
  try {
    await change.apply()
    await check(deps, probes, how.signal)
  } catch (error) {
    await rollback(deps, { change, probes, policy, error, signal: how.signal })
    throw error
  }
  await change.commit()
  return { resolved: desired, effective: share.state, limits: share.limits }
}

/** Captures are taken once for a policy, as upstream does: applying it changes what they would capture. */
async function resolve(deps: Deps, policy: PolicySpec, provider: Provider): Promise<NetworkState> {
  if (!hasCaptures(policy)) return renderState(policy)
  const known = await deps.records.get(policy.key)
  const same = known?.applied !== undefined && digestOf(policyInput(known.applied)) === digestOf(policyInput(policy))
  if (same && known.resolved !== undefined) return known.resolved
  const { state } = await readState(deps.commands, provider.name)
  return resolveCaptures(policy, state, { commands: deps.commands, runDir: deps.context.runDir })
}

function policyInput(policy: PolicySpec): unknown {
  return { capture: policy.capture, desiredState: policy.desiredState }
}

async function check(deps: Deps, probes: readonly Probe[], signal?: AbortSignal): Promise<void> {
  const { timeout = 120_000, interval = 1_000 } = deps.options.probes ?? {}
  await runProbes(probes, { clock: deps.context.clock, timeout, interval, ...(signal === undefined ? {} : { signal }) })
}

/** The snapshot is on disk before anything changes, so that a crash is undone when the agent starts again. */
async function kernelChange(deps: Deps, policy: PolicySpec, state: NetworkState): Promise<Change> {
  const before = await takeSnapshot(deps.commands, state)
  await deps.journal.begin({ ...opening(deps, policy), provider: 'kernel', before })
  return {
    apply: () => applyKernel(deps.commands, state),
    commit: () => deps.journal.end(),
    rollback: () => rollbackKernel(deps.commands, before),
  }
}

async function managedChange(deps: Deps, policy: PolicySpec, state: NetworkState): Promise<Change> {
  if (await rollbackManaged(deps.commands)) deps.context.log.warn({ key: policy.key }, 'rolled back a stale checkpoint')
  await deps.journal.begin({ ...opening(deps, policy), provider: 'networkmanager' })
  return {
    apply: () => applyManaged(deps.commands, state),
    commit: async () => {
      await commitManaged(deps.commands)
      await deps.journal.end()
    },
    rollback: async () => {
      // A failed apply has rolled itself back; then there is no checkpoint any more.
      await rollbackManaged(deps.commands)
    },
  }
}

function opening(deps: Deps, policy: PolicySpec): { key: string; startedAt: string; policy: string } {
  return { key: policy.key, startedAt: deps.context.clock.now().toISOString(), policy: digestOf(policy.desiredState) }
}

type Failure = {
  readonly change: Change
  readonly probes: readonly Probe[]
  readonly policy: PolicySpec
  readonly error: unknown
  readonly signal: AbortSignal
}

/** Rolls back and probes again. The journal stays open when the rollback fails, so that the next start tries once more. */
async function rollback(deps: Deps, { change, probes, policy, error, signal }: Failure): Promise<void> {
  await change.rollback().catch((second: unknown) => {
    throw rollbackError('RollbackFailed', policy, [error, second])
  })
  await deps.journal.end()
  if (signal.aborted) return
  await check(deps, probes, signal).catch((second: unknown) => {
    throw signal.aborted ? error : rollbackError('ProbeFailedAfterRollback', policy, [error, second])
  })
}

function rollbackError(code: string, policy: PolicySpec, [first, second]: readonly [unknown, unknown]): GitvirtError {
  return new GitvirtError({
    code,
    message: `${describeError(first)} The rollback did not bring the network back: ${describeError(second)}`,
    action: 'Put the interfaces of this policy right by hand.',
    object: policy.key,
    cause: new AggregateError([first, second]),
  })
}

function unsupported(policy: PolicySpec, refusals: readonly string[], provider: Provider): GitvirtError {
  return new GitvirtError({
    code: 'UnsupportedByKernelMode',
    message: `${refusals.join('; ')}. ${provider.reason}`,
    action: provider.action,
    object: policy.key,
    terminal: true,
  })
}
