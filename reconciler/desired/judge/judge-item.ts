import { unsupportedFields } from '../../../schemas/support.ts'
import type { KindInfo } from '../../../schemas/kinds.ts'
import type { DataVolume } from '../../../schemas/generated/data-volume.ts'
import type { VirtualMachine } from '../../../schemas/generated/virtual-machine.ts'
import { objectKey } from '../../lib/object-key.ts'
import type { ObjectKey } from '../../lib/object-key.ts'
import { convertFields, convertVersion } from '../convert/convert-object.ts'
import { listAt, objectAt, textAt } from '../convert/json.ts'
import type { JsonObject } from '../convert/json.ts'
import { volumeNameAdvice } from '../convert/virtual-machine.ts'
import { defaultObject, namespaceOf } from '../defaults/default-object.ts'
import { expandDataVolumeTemplates } from '../expand/data-volume-templates.ts'
import { machineReferences, volumeReferences } from '../expand/references.ts'
import type { Reference } from '../expand/references.ts'
import type { Pointer, Problem } from '../parse/problem.ts'
import type { DesiredObject } from '../types.ts'
import { dropNulls } from '../validate/nulls.ts'
import { fieldPath } from '../../../schemas/field-path.ts'
import type { SchemaFinding } from '../validate/types.ts'
import { validateObject } from '../validate/validate-object.ts'
import type { ManifestItem } from './manifest-items.ts'
import { recogniseKind } from './recognise.ts'
import type { InvalidClaim, JudgedObject, JudgedReference } from './types.ts'

/** What one object of a file comes to: valid objects (its own and those it makes), or the claims of an invalid one. */
export type JudgedItem = {
  readonly objects: readonly JudgedObject[]
  readonly invalid: readonly InvalidClaim[]
  readonly problems: readonly Problem[]
  /** True where the item may declare more than `objects` tells. */
  readonly broken: boolean
}

/** A name that can stand in a key. Whether it is a valid name, validation tells. */
const keyPart = /^[^/\s]{1,253}$/

/** Validates, converts, defaults and expands one object. */
export function judgeItem(item: ManifestItem): JudgedItem {
  const info = recogniseKind(item.object)
  if ('severity' in info) {
    const { pointer, ...fault } = info
    const field = pointer.length === 0 ? {} : { field: fieldPath(pointer) }
    return { objects: [], invalid: [], problems: [{ ...fault, ...field, ...item.locate(pointer) }], broken: fault.severity === 'error' }
  }
  const { object, notes } = convertFields(info.kind, item.object)
  const findings = validateObject(info.kind, object)
  const key = keyOf(info, object)
  if (findings.length > 0 || key === undefined) return invalidItem({ item, info, object, findings, key })
  const unsupported = unsupportedFields(info.kind, object)
  const problems = unsupported.map(({ path, pointer, reason, effect }): Problem => {
    const message =
      effect === 'blocks' ? `${path} cannot be honoured, so this object is not run.` : `${path} cannot be honoured and is passed over.`
    return { severity: 'warning', code: 'UnsupportedField', message, action: reason, field: path, object: key, ...item.locate(pointer) }
  })
  const finished = defaultObject(info, convertVersion(info, item.mayHoldNull ? dropNulls(info.kind, object) : object))
  return {
    objects: validObjects({ item, info, key, finished, notes, honoured: unsupported.length === 0 }),
    invalid: [],
    problems,
    broken: false,
  }
}

/** The key of an object of this kind; undefined where it has no name that can stand in one. */
export function keyOf(info: KindInfo, object: JsonObject): ObjectKey | undefined {
  const name = textAt(objectAt(object, 'metadata'), 'name')
  const namespace = namespaceOf(info, object)
  if (name === undefined || !keyPart.test(name) || (namespace !== '' && !keyPart.test(namespace))) return undefined
  return objectKey(info.kind, namespace, name)
}

type Invalid = {
  readonly item: ManifestItem
  readonly info: KindInfo
  readonly object: JsonObject
  readonly findings: readonly SchemaFinding[]
  readonly key: ObjectKey | undefined
}

function invalidItem({ item, info, object, findings, key }: Invalid): JudgedItem {
  const owner = key === undefined ? {} : { object: key }
  const problems = findings.map((finding): Problem => {
    const { pointer, ...rest } = finding
    return { severity: 'error', ...rest, ...advice(pointer), ...owner, ...item.locate(pointer) }
  })
  if (problems.length === 0) {
    const message = 'This object has no name that can be used.'
    problems.push({ severity: 'error', code: 'InvalidValue', message, field: 'metadata.name', ...item.locate(['metadata', 'name']) })
  }
  const invalid = key === undefined ? [] : [{ key, ...item.locate([]) }, ...templateClaims(info, object, item)]
  return { objects: [], invalid, problems, broken: true }
}

function advice(pointer: Pointer): { readonly action?: string } {
  return pointer.at(-1) === 'volumeName' && pointer.includes('disks') ? { action: volumeNameAdvice } : {}
}

/** The DataVolumes that an invalid VirtualMachine would make: unknown as it is. */
function templateClaims(info: KindInfo, object: JsonObject, item: ManifestItem): InvalidClaim[] {
  if (info.kind !== 'VirtualMachine') return []
  return listAt(objectAt(object, 'spec'), 'dataVolumeTemplates').flatMap((template, index) => {
    const name = textAt(objectAt(template, 'metadata'), 'name')
    if (name === undefined || !keyPart.test(name)) return []
    const place = item.locate(['spec', 'dataVolumeTemplates', index])
    return [{ key: objectKey('DataVolume', namespaceOf(info, object), name), ...place }]
  })
}

type Valid = {
  readonly item: ManifestItem
  readonly info: KindInfo
  readonly key: ObjectKey
  readonly finished: JsonObject
  readonly notes: readonly string[]
  readonly honoured: boolean
}

/** The object itself and, of a VirtualMachine, the DataVolumes of its templates. */
function validObjects({ item, info, key, finished, notes, honoured }: Valid): JudgedObject[] {
  const namespace = namespaceOf(info, finished)
  const { line, column } = item.locate([])
  const main: JudgedObject = {
    key,
    // The kind is one of the table's, which are the same.
    kind: info.kind as DesiredObject['kind'],
    object: finished,
    references: judgedReferences(referencesOf(info.kind, finished, namespace), item),
    ...(notes.length === 0 ? {} : { notes }),
    ...(honoured ? { honoured } : {}),
    line,
    column,
  }
  if (info.kind !== 'VirtualMachine') return [main]
  const templated = expandDataVolumeTemplates(finished as unknown as VirtualMachine, namespace).map(({ index, volume }): JudgedObject => {
    const place: Pointer = ['spec', 'dataVolumeTemplates', index]
    return {
      key: objectKey('DataVolume', namespace, volume.metadata.name ?? ''),
      kind: 'DataVolume',
      object: volume as unknown as JsonObject,
      ownerKey: key,
      ...(honoured ? { honoured } : {}),
      references: judgedReferences(volumeReferences(volume, namespace, [...place, 'spec']), item),
      ...item.locate(place),
    }
  })
  return [main, ...templated]
}

function referencesOf(kind: string, object: JsonObject, namespace: string): Reference[] {
  // Validation has shown that the value has the schema's shape.
  if (kind === 'VirtualMachine') return machineReferences(object as unknown as VirtualMachine, namespace)
  return kind === 'DataVolume' ? volumeReferences(object as unknown as DataVolume, namespace) : []
}

function judgedReferences(references: readonly Reference[], item: ManifestItem): JudgedReference[] {
  return references.map(({ key, pointer, optional }) => {
    const field = fieldPath(pointer)
    const { line, column } = item.locate(pointer)
    return optional ? { key, field, optional, line, column } : { key, field, line, column }
  })
}
