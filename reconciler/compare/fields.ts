import { keyText, parseKey, type ObjectKey } from '../lib/object-key.ts'
import { formatPath } from '../plan/diff/path.ts'
import { diffTree } from '../plan/diff/tree.ts'
import { normalForm } from './normal-form.ts'
import { isSameQuantity } from './quantities.ts'
import type { FieldDifference, JsonObject } from './types.ts'

/** The pseudo field that tells which VirtualMachine's template made an object. */
export const ownerPath = '(owner)'

/** An object with its body. */
export type Body = { readonly key: ObjectKey; readonly object: JsonObject; readonly ownerKey?: ObjectKey | undefined }

/** The fields in which two objects of one kind differ in what they mean. */
export function differingFields(base: Body, other: Body, live = false): FieldDifference[] {
  const { kind } = parseKey(base.key)
  const differences = diffTree(normalForm(base.object, { kind, live }), normalForm(other.object, { kind, live }))
    .filter((difference) => !isSameQuantity(kind, difference))
    .map(({ path, ...values }): FieldDifference => ({ path: formatPath(path), ...values }))
  return [...ownerDifference(base, other), ...differences]
}

function ownerDifference(base: Body, other: Body): FieldDifference[] {
  const before = base.ownerKey === undefined ? undefined : keyText(base.ownerKey)
  const after = other.ownerKey === undefined ? undefined : keyText(other.ownerKey)
  // Under other names, the owner is another one by declaration.
  if (before === after || (base.key !== other.key && before !== undefined && after !== undefined)) return []
  return [{ path: ownerPath, ...(before === undefined ? {} : { before }), ...(after === undefined ? {} : { after }) }]
}
