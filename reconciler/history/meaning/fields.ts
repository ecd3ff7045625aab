import type { DisruptionClass, FieldChange } from '../../../schemas/generated/plan.ts'
import { judgedDigest } from '../../desired/judge/judged-digest.ts'
import type { JudgedObject } from '../../desired/judge/types.ts'
import { parseQuantity } from '../../lib/quantity.ts'
import { judgeFields } from '../../plan/diff/fields.ts'
import { entrySegment, fieldSegment, formatPath, isWithin, type Segments } from '../../plan/diff/path.ts'
import { diffTree, equalJson } from '../../plan/diff/tree.ts'
import { judge, rowOf, type TableKind } from '../../plan/disruption/table.ts'
import { hiddenText, maskField, maskValue } from '../../plan/text/mask.ts'

/** A changed field of any kind; kinds that no guest runs on have no disruption class. Values are not masked yet. */
export type ChangedField = Omit<FieldChange, 'disruption'> & { readonly disruption?: DisruptionClass }

/** A field that holds a value of its own. */
export type Leaf = { readonly segments: Segments; readonly value: unknown }

type Side = Pick<JudgedObject, 'kind' | 'object' | 'digest'>

const tableKinds: ReadonlySet<string> = new Set(['VirtualMachine', 'DataVolume', 'NodeNetworkConfigurationPolicy'])

function tableOf(kind: string): TableKind | undefined {
  return tableKinds.has(kind) ? (kind as TableKind) : undefined
}

/** True where two objects mean the same: two ways to write one quantity, an empty list and none are no difference. */
export function sameMeaning(one: Side, other: Side): boolean {
  return judgedDigest(one) === judgedDigest(other) || changedFields(one, other).length === 0
}

/** Every field in which two versions of an object differ, with what the change would do to a running guest. */
export function changedFields(from: Side, to: Side): ChangedField[] {
  const kind = tableOf(to.kind)
  if (kind === undefined) {
    return diffTree(from.object, to.object).map(({ path, ...sides }) => ({ path: formatPath(path), ...sides }))
  }
  const fields = judgeFields({ kind, from: from.object, to: to.object, active: true }).map(({ field }) => field)
  return fields.filter(({ path, before, after }) => !sameQuantity(kind, path, { before, after })).map((field) => sized(kind, field))
}

function sameQuantity(kind: TableKind, path: string, { before, after }: { before?: unknown; after?: unknown }): boolean {
  if (typeof before !== 'string' && typeof before !== 'number') return false
  if (typeof after !== 'string' && typeof after !== 'number') return false
  if (rowOf(kind, parsePath(path))?.quantity !== true && !isSize(kind, path)) return false
  const bytes = [before, after].map(quantity)
  return bytes[0] !== undefined && bytes[0] === bytes[1]
}

function quantity(value: unknown): number | undefined {
  try {
    return typeof value === 'string' || typeof value === 'number' ? parseQuantity(value) : undefined
  } catch {
    return undefined
  }
}

function isSize(kind: TableKind, path: string): boolean {
  return kind === 'DataVolume' && /^spec\.(?:pvc|storage)\.resources\.requests\.storage$/.test(path)
}

/** The size of an image is judged in bytes, as the planner does it. */
function sized(kind: TableKind, field: FieldChange): FieldChange {
  const [before, after] = [quantity(field.before), quantity(field.after)]
  if (!isSize(kind, field.path) || before === undefined || after === undefined) return field
  const { disruption, reason } = judge(kind, { path: ['sizeBytes'], before, after, from: undefined, to: undefined })
  return { ...field, disruption, ...(reason === undefined ? {} : { reason }) }
}

/**
 * Fields of a merge that none of its parents has so: what the merge itself brought. A whole entry on one side and a field of it on the
 * other come to the field.
 */
export function mergedFields(bases: readonly Side[], to: Side): ChangedField[] {
  const [first, ...others] = bases.map((base) => changedFields(base, to))
  return others.reduce((found, fields) => found.flatMap((field) => deeper(field, fields)), first ?? [])
}

function deeper(field: ChangedField, others: readonly ChangedField[]): ChangedField[] {
  if (others.some(({ path }) => isWithin(field.path, path))) return [field]
  return others.filter(({ path }) => isWithin(path, field.path))
}

/** A field change without what nobody should read: what plans mask, and all that Secrets and ConfigMaps hold. */
export function maskChange(kind: string, field: ChangedField): ChangedField {
  if (!holdsData(kind, field.path)) {
    const { disruption, ...masked } = maskField(tableOf(kind) ?? 'VirtualMachine', { ...field, disruption: field.disruption ?? 'none' })
    return field.disruption === undefined ? masked : { ...masked, disruption }
  }
  const { before, after, ...rest } = field
  return {
    ...rest,
    sensitive: true,
    ...(before === undefined ? {} : { before: hiddenText(before) }),
    ...(after === undefined ? {} : { after: hiddenText(after) }),
  }
}

/** The value of one field as people may see it. */
export function maskLeaf(kind: string, { segments, value }: Leaf): unknown {
  return holdsData(kind, formatPath(segments)) ? hiddenText(value) : maskValue(tableOf(kind) ?? 'VirtualMachine', segments, value)
}

/** Plans show digests of what Secrets and ConfigMaps hold; where there is no digest, nothing is shown. */
function holdsData(kind: string, path: string): boolean {
  return (kind === 'Secret' || kind === 'ConfigMap') && ['data', 'stringData', 'binaryData'].some((field) => isWithin(path, field))
}

/** Every leaf of an object by its path; entries of named lists by their names, other lists as one value. What names the object is left out. */
export function leavesOf(object: unknown): Map<string, Leaf> {
  const leaves = new Map<string, Leaf>()
  collect([], object, leaves)
  for (const path of ['apiVersion', 'kind', 'metadata.name', 'metadata.namespace']) leaves.delete(path)
  return leaves
}

function collect(segments: Segments, value: unknown, into: Map<string, Leaf>): void {
  if (value === undefined || value === null) return
  const children = childrenOf(value)
  if (children === undefined) {
    if (!Array.isArray(value) || value.length > 0) into.set(formatPath(segments), { segments, value })
    return
  }
  for (const [segment, child] of children) collect([...segments, segment], child, into)
}

function childrenOf(value: unknown): [string, unknown][] | undefined {
  if (value === null || typeof value !== 'object') return undefined
  if (!Array.isArray(value)) {
    const fields = Object.entries(value)
    return fields.length === 0 ? undefined : fields.map(([name, field]) => [fieldSegment(name), field])
  }
  const names = value.map((entry: unknown) => (entry as { name?: unknown } | null)?.name)
  if (value.length === 0 || names.some((name) => typeof name !== 'string') || new Set(names).size < names.length) return undefined
  return value.map((entry: unknown, index) => [entrySegment(String(names[index])), entry])
}

/** True where a leaf has the same value in both. */
export function sameLeaf(kind: string, path: string, { one, other }: { one: Leaf | undefined; other: Leaf | undefined }): boolean {
  if (one === undefined || other === undefined) return one === other
  if (equalJson(one.value, other.value)) return true
  const table = tableOf(kind)
  return table !== undefined && sameQuantity(table, path, { before: one.value, after: other.value })
}

/** The segments of a path's text. */
function parsePath(text: string): Segments {
  return text.match(/\[[^\]]*\]|[^.[\]]+/g) ?? []
}
