import type { Drift, NodeFacts, ObservedPolicy } from '../../../schemas/generated/observation.ts'
import type { PolicySpec } from '../../../schemas/generated/plan.ts'
import { digestOf } from '../../../reconciler/lib/digest.ts'
import { describeError, GitvirtError } from '../../../reconciler/lib/errors.ts'
import { compareStates } from './compare.ts'
import { adminStates, readState, type CurrentState } from './current-state.ts'
import type { Deps } from './deps.ts'
import { trueCondition } from './enactment.ts'
import { failedPolicy } from './hold-off.ts'
import { interfaceFacts, readLinks } from './links.ts'
import { asList, asObject, interfacesOf, omit, type NetworkState } from './network-state.ts'
import type { PolicyRecord } from './records.ts'

/** Most bytes of the network state that is sent to the reconciler. */
const maxReportBytes = 1024 * 1024

/** The recorded policies with their drift; one `nmstatectl show` serves all. */
export async function observePolicies(deps: Deps, keys?: readonly string[]): Promise<readonly ObservedPolicy[]> {
  const records = (await deps.records.all()).filter((record) => keys === undefined || keys.includes(record.key))
  if (records.length === 0) return []
  const current = await currentOrUndefined(deps)
  const provider = await deps.provider()
  return records.map((record) => {
    const failed = failedPolicy(record, provider, deps.context.clock.now())
    return observed(record, { drift: current === undefined ? [] : driftOf(record, current), failed })
  })
}

/** The applied policies that the network differs from. @throws where the network cannot be read */
export async function driftedPolicies(deps: Deps): Promise<readonly PolicySpec[]> {
  const records = (await deps.records.all()).filter(({ applied }) => applied !== undefined)
  if (records.length === 0) return []
  const provider = await deps.provider()
  if (provider.name === 'none')
    throw new GitvirtError({ code: 'NetworkProviderMissing', message: provider.reason, action: provider.action })
  const current = await readState(deps.commands, provider.name)
  return records.flatMap((record) => (record.applied !== undefined && driftOf(record, current).length > 0 ? [record.applied] : []))
}

/** Where the network is no longer as a policy left it. Pure. */
export function driftOf(record: PolicyRecord, current: CurrentState): readonly Drift[] {
  if (record.applied === undefined || record.effective === undefined) return []
  const wanted = new Map(interfacesOf(record.effective).map((entry) => [entry.name, entry['state']]))
  return compareStates(record.effective, current.state, adminStates(current, record.provider, wanted))
}

type Seen = { readonly drift: readonly Drift[]; readonly failed: string | undefined }

function observed(record: PolicyRecord, { drift, failed }: Seen): ObservedPolicy {
  const { key, applied, provider, limits, problem } = record
  const conditions = [...record.conditions]
  return {
    kind: 'NodeNetworkConfigurationPolicy',
    key,
    digest: digestOf({ applied, condition: trueCondition(conditions)?.type, drift, failed }),
    ...(applied === undefined ? {} : { applied }),
    provider,
    ...(limits.length === 0 ? {} : { limits: [...limits] }),
    conditions,
    drift: [...drift],
    ...(problem === undefined ? {} : { problem }),
    ...(failed === undefined ? {} : { failed: { digest: failed } }),
  }
}

/** A host whose nmstatectl does not answer has no drift that we could tell. */
async function currentOrUndefined(deps: Deps): Promise<CurrentState | undefined> {
  const provider = await deps.provider()
  if (provider.name === 'none') return undefined
  return readState(deps.commands, provider.name).catch((error: unknown) => {
    deps.context.log.warn({ error: describeError(error) }, 'nmstatectl show failed')
    return undefined
  })
}

type NetworkFacts = Pick<NodeFacts, 'interfaces' | 'networkState' | 'networkProvider'>

/** Interfaces by ip(8), which every host has, and nmstate's state where there is nmstatectl. */
export async function observeFacts(deps: Deps): Promise<NetworkFacts> {
  const provider = await deps.provider()
  const current = await currentOrUndefined(deps)
  const links = current?.links ?? (await readLinks(deps.commands).catch(() => new Map()))
  return {
    interfaces: interfaceFacts(links),
    networkProvider: provider.name,
    ...(current === undefined ? {} : { networkState: boundedState(current.state) }),
  }
}

/** The state within the bound: hardware features go first, then the interfaces of guests, then what comes last. Pure. */
export function boundedState(state: NetworkState, most = maxReportBytes): NetworkState {
  if (bytesOf(state) <= most) return state
  const slim = asList(state['interfaces']).map((entry) => omit(asObject(entry) ?? {}, 'ethtool', 'mptcp'))
  const own = slim.filter((entry) => entry['type'] !== 'tun' && entry['type'] !== 'tap')
  for (let count = own.length; count > 0; count = Math.floor(count / 2)) {
    const candidate = { ...state, interfaces: own.slice(0, count) }
    if (bytesOf(candidate) <= most) return candidate
  }
  return { interfaces: [] }
}

function bytesOf(state: NetworkState): number {
  return Buffer.byteLength(JSON.stringify(state))
}
