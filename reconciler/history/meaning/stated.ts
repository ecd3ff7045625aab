import { convertFields, convertVersion } from '../../desired/convert/convert-object.ts'
import { listAt, objectAt, textAt, type JsonObject } from '../../desired/convert/json.ts'
import { namespaceOf } from '../../desired/defaults/default-object.ts'
import { itemsOf } from '../../desired/judge/manifest-items.ts'
import { recogniseKind } from '../../desired/judge/recognise.ts'
import { defaultLimits } from '../../desired/parse/limits.ts'
import { parseManifest } from '../../desired/parse/parse-manifest.ts'
import { dropNulls } from '../../desired/validate/nulls.ts'
import { objectKey, type ObjectKey } from '../../lib/object-key.ts'

/** An object as its file states it: converted to the newest version, without defaults. Undefined where the file does not state it. */
export function statedObject(bytes: Uint8Array, key: ObjectKey): JsonObject | undefined {
  for (const document of parseManifest(bytes).documents) {
    for (const { object } of itemsOf(document, defaultLimits).items) {
      const found = statedHere(object, key)
      if (found !== undefined) return found
    }
  }
  return undefined
}

function statedHere(object: JsonObject, key: ObjectKey): JsonObject | undefined {
  const info = recogniseKind(object)
  if ('severity' in info) return undefined
  const namespace = namespaceOf(info, object)
  const converted = convertVersion(info, dropNulls(info.kind, convertFields(info.kind, object).object))
  if (objectKey(info.kind, namespace, textAt(objectAt(object, 'metadata'), 'name') ?? '') === key) return converted
  if (info.kind !== 'VirtualMachine') return undefined
  const templates = listAt(objectAt(converted, 'spec'), 'dataVolumeTemplates')
  const template = templates.find((one) => objectKey('DataVolume', namespace, textAt(objectAt(one, 'metadata'), 'name') ?? '') === key)
  return template as JsonObject | undefined
}
