import { parseKey, type ObjectKey } from './lib/object-key.ts'
import { conditionsOf, type ApiObject } from './status/api-object.ts'
import type { Collection } from './status/collection.ts'
import type { ManifestState } from './status/engine.ts'
import { everything } from './suspender.ts'

type Ending = { readonly kinds: readonly string[]; readonly reason: string; readonly by: readonly string[] }

/** Troubles that an event ends, and no condition: what a host last told stays in the conditions while it is away. */
const endings: readonly Ending[] = [
  { kinds: ['VirtualMachine', 'NodeNetworkConfigurationEnactment'], reason: 'DriftDetected', by: ['DriftMended'] },
  { kinds: ['Node'], reason: 'NodeNotReady', by: ['NodeReady'] },
  { kinds: ['Node'], reason: 'AgentRefused', by: ['NodeReady'] },
  { kinds: ['VirtualMachineInstance'], reason: 'AgentDisconnected', by: ['AgentConnected', 'Stopped'] },
  { kinds: ['DataVolume'], reason: 'ImportFailed', by: ['ImportSucceeded'] },
  { kinds: ['NodeNetworkConfigurationPolicy'], reason: 'FailedToConfigure', by: ['SuccessfullyConfigured'] },
  { kinds: ['VirtualMachine'], reason: 'AdoptionFailed', by: ['Adopted', 'NothingToAdopt'] },
  { kinds: ['Fleet'], reason: 'PolicyHeld', by: ['PolicyApproved'] },
  { kinds: ['Fleet'], reason: 'ApprovalIgnored', by: ['NothingToApprove'] },
  { kinds: ['Fleet'], reason: 'ApprovalPending', by: ['NoApprovalPending'] },
]

/** Troubles that a condition of their own shows for as long as they stand. */
const ownConditions: ReadonlyMap<string, string> = new Map([
  ['UnsupportedFields', 'SpecHonoured'],
  ['Leased', 'Leased'],
  ['Suspended', 'Suspended'],
])

/** Troubles that errors of the manifests tell: ManifestInvalid any of them, the others those of their code. */
const manifestTroubles: ReadonlySet<string> = new Set(['ManifestInvalid', 'MissingReference'])

/** What an event of an object ends, by the reason that it was told with. Pure. */
export function endedBy(key: ObjectKey, event: string): readonly string[] {
  const { kind } = parseKey(key)
  return endings.filter(({ kinds, by }) => by.includes(event) && kinds.includes(kind)).map(({ reason }) => reason)
}

export type Standing = {
  readonly objects: Pick<Collection, 'get' | 'has'>
  /** Undefined until status was refreshed once. */
  readonly manifest: (key: ObjectKey) => ManifestState | undefined
}

/**
 * Whether a trouble of an object is over, in words for people; undefined while it may stand. Only what belongs to the reason counts: that an
 * object is well in other ways shows nothing, and neither does a host that is away.
 */
export function endOf({ objects, manifest }: Standing, key: ObjectKey, reason: string): string | undefined {
  const state = manifest(key)
  if (state === undefined || key === everything) return undefined
  const { kind, namespace, name } = parseKey(key)
  if (!objects.has(key)) return state.unknown || state.codes.size > 0 ? undefined : 'The object is gone.'
  if (endings.some((ending) => ending.reason === reason && ending.kinds.includes(kind))) return undefined
  const over = manifestTroubles.has(reason) ? manifestOver(state, reason) : conditionsOver(objects.get(kind, namespace, name), reason)
  return over ? 'It is as it should be again.' : undefined
}

function manifestOver({ unknown, invalid, codes }: ManifestState, reason: string): boolean {
  if (unknown) return false
  return reason === 'ManifestInvalid' ? !invalid : !codes.has(reason)
}

function conditionsOver(object: ApiObject | undefined, reason: string): boolean {
  const conditions = conditionsOf(object)
  if (conditions.some((condition) => condition.reason === reason)) return false
  const own = ownConditions.get(reason)
  if (own !== undefined) return !conditions.some(({ type }) => type === own)
  // What is left are changes that failed or wait, and what a host says is wrong.
  const has = (type: string, status: string): boolean => conditions.some((one) => one.type === type && one.status === status)
  return has('Synced', 'True') && !has('Failure', 'True') && !has('Degraded', 'True') && !has('ManifestValid', 'False')
}
