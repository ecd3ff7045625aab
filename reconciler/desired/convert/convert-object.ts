import { apiVersionOf } from '../../../schemas/kinds.ts'
import type { KindInfo } from '../../../schemas/kinds.ts'
import type { JsonObject } from './json.ts'
import { isObject, objectAt } from './json.ts'
import { translateNetworkState } from './network-policy.ts'
import { convertVirtualMachine } from './virtual-machine.ts'

export type Converted = {
  readonly object: JsonObject
  /** What was renamed on the way, in words. */
  readonly notes: readonly string[]
}

/** Rewrites the fields of an older version; the object keeps its apiVersion, so that validation sees what the file says. */
export function convertFields(kind: string, object: JsonObject): Converted {
  if (kind === 'VirtualMachine') return convertVirtualMachine(object)
  const spec = objectAt(object, 'spec')
  const state = spec['desiredState']
  if (kind !== 'NodeNetworkConfigurationPolicy' || !isObject(state)) return { object, notes: [] }
  const { desiredState, translated } = translateNetworkState(state)
  return translated.length === 0 ? { object, notes: [] } : { object: { ...object, spec: { ...spec, desiredState } }, notes: translated }
}

/** The object under the newest apiVersion of its kind. */
export function convertVersion(info: KindInfo, object: JsonObject): JsonObject {
  const newest = apiVersionOf(info)
  return object['apiVersion'] === newest ? object : { ...object, apiVersion: newest }
}
