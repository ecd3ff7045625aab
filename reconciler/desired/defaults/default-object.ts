import type { KindInfo } from '../../../schemas/kinds.ts'
import type { DataVolume } from '../../../schemas/generated/data-volume.ts'
import type { VirtualMachine } from '../../../schemas/generated/virtual-machine.ts'
import type { JsonObject } from '../convert/json.ts'
import { objectAt, textAt } from '../convert/json.ts'
import { defaultDataVolume } from './data-volume.ts'
import { defaultVirtualMachine } from './virtual-machine.ts'

/** Namespace of an object that names none. */
export const defaultNamespace = 'default'

/** The namespace an object is in; empty for cluster-scoped kinds. */
export function namespaceOf(info: KindInfo, object: JsonObject): string {
  return info.namespaced ? (textAt(objectAt(object, 'metadata'), 'namespace') ?? defaultNamespace) : ''
}

/** Sets the defaults of a valid object of the newest version. What only a cluster writes (status) is dropped. */
export function defaultObject(info: KindInfo, object: JsonObject): JsonObject {
  const placed = inNamespace(info, withoutStatus(object))
  // Validation has shown that the value has the schema's shape.
  if (info.kind === 'VirtualMachine') return defaultVirtualMachine(placed as unknown as VirtualMachine) as unknown as JsonObject
  if (info.kind === 'DataVolume') return defaultDataVolume(placed as unknown as DataVolume) as unknown as JsonObject
  return placed
}

function withoutStatus(object: JsonObject): JsonObject {
  if (object['status'] === undefined) return object
  const { status: _, ...rest } = object
  return rest
}

function inNamespace(info: KindInfo, object: JsonObject): JsonObject {
  if (!info.namespaced) return object
  const metadata = objectAt(object, 'metadata')
  const namespace = namespaceOf(info, object)
  if (metadata['namespace'] === namespace) return object
  return { ...object, metadata: { ...metadata, namespace } }
}
