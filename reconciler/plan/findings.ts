import type { Block, Finding } from '../../schemas/generated/plan.ts'
import { builtInStorageClass } from '../../schemas/provisioners.ts'
import { unsupportedFields, type UnsupportedField } from '../../schemas/support.ts'
import type { DesiredObject } from '../desired/types.ts'
import { coveringError } from '../desired/view/covering-error.ts'
import { keyText, objectKey, type ObjectKey } from '../lib/object-key.ts'
import type { PlanContext } from './context.ts'

const builtInClass = objectKey('StorageClass', '', builtInStorageClass)

/** What to tell about an object that Git has but nobody can read. */
export function unknownFinding(context: PlanContext, key: ObjectKey): Finding {
  const origin = context.sightings(key).find(({ object }) => object.applied !== undefined)?.object.applied?.origin
  const { desired } = context.input
  const own = desired.errors().find(({ object, path }) => object === key || path === origin?.path)
  const error = own ?? (origin === undefined ? undefined : coveringError(desired, origin.path))
  const why = error === undefined ? '' : ` ${error.path}:${error.line}:${error.column}: ${error.message}`
  return {
    severity: 'warning',
    code: 'ObjectUnknown',
    key,
    message: `${desired.get(key) === undefined ? 'Its manifest' : 'The other source that it was applied from'} cannot be read, so it is left as it is.${why}`,
    ...(origin === undefined ? {} : { origin }),
  }
}

/** Support of an object's fields, found out once for each object: it depends on nothing else. */
const unsupported = new WeakMap<DesiredObject, readonly UnsupportedField[]>()

/** Fields that no host here honours. */
function unsupportedOf(desired: DesiredObject): readonly UnsupportedField[] {
  if (desired.honoured === true) return []
  const known = unsupported.get(desired)
  if (known !== undefined) return known
  const found = unsupportedFields(desired.kind, desired.object)
  unsupported.set(desired, found)
  return found
}

/** The block of an object that would be another one without a field that is not honoured; empty where none is. */
export function unsupportedBlocks(desired: DesiredObject): Block[] {
  return unsupportedOf(desired)
    .filter(({ effect }) => effect === 'blocks')
    .map(({ path, reason }) => ({
      reason: 'Unsupported',
      message: `${path} is not carried out here, and without it this would be another object. ${reason}`,
      unblock: `Take ${path} out of the manifest.`,
    }))
}

/** Fields that are not honoured, and references that lead nowhere. */
export function objectFindings(context: PlanContext, desired: DesiredObject): Finding[] {
  return [...fieldFindings(desired), ...referenceFindings(context, desired)]
}

function fieldFindings(desired: DesiredObject): Finding[] {
  return unsupportedOf(desired).map(({ path, reason }) => ({
    severity: 'warning',
    code: 'UnsupportedField',
    key: desired.key,
    path,
    message: reason,
    origin: desired.origin,
  }))
}

function referenceFindings(context: PlanContext, desired: DesiredObject): Finding[] {
  return desired.references
    .filter((key) => key !== builtInClass && context.desired(key) === undefined && !context.isUnknown(key))
    .map((key) => ({
      severity: 'warning',
      code: 'MissingReference',
      key: desired.key,
      message: `It refers to ${keyText(key)}, which Git does not have.`,
      origin: desired.origin,
    }))
}
