import { fieldPath } from './field-path.ts'
import { dataVolumeAnnotations, dataVolumeSpecSupport } from './support-data-volume.ts'
import {
  commonSupport,
  configMapSupport,
  fleetSupport,
  namespaceSupport,
  nodeSupport,
  policySupport,
  secretSupport,
  statusSupport,
  storageClassSupport,
} from './support-host-kinds.ts'
import { nested, yes, type SupportEffect, type SupportRow } from './support-table.ts'
import { virtualMachineSupport } from './support-virtual-machine.ts'

/** Every row of every kind: what a plain libvirt host honours today. */
export const supportTables: Readonly<Record<string, readonly SupportRow[]>> = {
  VirtualMachine: [...commonSupport, ...statusSupport, ...virtualMachineSupport],
  DataVolume: [...commonSupport, ...statusSupport, ...yes('', 'spec'), ...dataVolumeAnnotations, ...nested('spec', dataVolumeSpecSupport)],
  NodeNetworkConfigurationPolicy: [...commonSupport, ...statusSupport, ...policySupport],
  Fleet: [...commonSupport, ...fleetSupport],
  Namespace: [...commonSupport, ...statusSupport, ...namespaceSupport],
  Node: [...commonSupport, ...statusSupport, ...nodeSupport],
  StorageClass: [...commonSupport, ...storageClassSupport],
  ConfigMap: [...commonSupport, ...configMapSupport],
  Secret: [...commonSupport, ...secretSupport],
}

/** A field that an object asks for and that is not done. */
export type UnsupportedField = {
  /** Dotted path: spec.template.spec.volumes[0].containerDisk. */
  readonly path: string
  readonly pointer: readonly (string | number)[]
  /** Why, and what to use instead. */
  readonly reason: string
  /** 'blocks': without the field the object would be another one, so it must not run. */
  readonly effect: SupportEffect
}

/** Rows as a tree, so that a look-up costs what the object has and not what the table has. */
type Branch = {
  row: SupportRow | undefined
  readonly children: Map<string, Branch>
  /** Frozen values that ask for nothing below this branch: objects of a fleet share them. */
  readonly clean: WeakSet<object>
}

function newBranch(): Branch {
  return { row: undefined, children: new Map(), clean: new WeakSet() }
}

const trees = new Map<string, Branch>()

function treeOf(kind: string): Branch | undefined {
  const known = trees.get(kind)
  const rows = supportTables[kind]
  if (known !== undefined || rows === undefined) return known
  const root: Branch = newBranch()
  for (const row of rows) if (row.level === 'no') insert(root, row)
  trees.set(kind, root)
  return root
}

function insert(root: Branch, row: SupportRow): void {
  let branch = root
  for (const segment of row.path) {
    let child = branch.children.get(segment)
    if (child === undefined) {
      child = newBranch()
      branch.children.set(segment, child)
    }
    branch = child
  }
  branch.row = row
}

/** A way down from the root, which has no part, linked upwards, so that a walk that finds nothing writes no paths. */
type Place = { readonly branch: Branch; readonly part: string | number | undefined; readonly above: Place | undefined }

function pointerOf(place: Place): (string | number)[] {
  const pointer: (string | number)[] = []
  for (let at: Place | undefined = place; at?.part !== undefined; at = at.above) pointer.unshift(at.part)
  return pointer
}

/** All rows of a kind as a tree, honoured fields too. */
const everything = new Map<string, Branch>()

function wholeTreeOf(kind: string): Branch | undefined {
  const known = everything.get(kind)
  const rows = supportTables[kind]
  if (known !== undefined || rows === undefined) return known
  const root: Branch = newBranch()
  // A row for some values says nothing of the field.
  for (const row of rows) if (row.values === undefined && row.except === undefined) insert(root, row)
  everything.set(kind, root)
  return root
}

/**
 * The row that says of a field that nothing is done for it while the rest of its object is; undefined where it is honoured. Pure.
 *
 * @param path keys from the root, `[]` for any element of a list.
 */
export function passedOver(kind: string, path: readonly string[]): SupportRow | undefined {
  let branch = wholeTreeOf(kind)
  let nearest: SupportRow | undefined
  for (const part of path) {
    branch = branch?.children.get(part)
    if (branch === undefined) break
    nearest = branch.row ?? nearest
  }
  return nearest === undefined || nearest.level === 'yes' || nearest.effect === 'blocks' ? undefined : nearest
}

/**
 * Reports what an object asks for and gitvirt does not do today, each with the reason. Pure.
 * A field that is false, null or empty asks for nothing. What lies below a reported field is not reported again.
 *
 * @param object a valid object of the kind, in any served version.
 */
export function unsupportedFields(kind: string, object: unknown): readonly UnsupportedField[] {
  const branch = treeOf(kind)
  const found: UnsupportedField[] = []
  if (branch !== undefined) collect(found, object, { branch, part: undefined, above: undefined })
  return found
}

function collect(found: UnsupportedField[], value: unknown, place: Place): void {
  const { row, children, clean } = place.branch
  if (row !== undefined && asks(row, value)) {
    const pointer = pointerOf(place)
    found.push({ path: fieldPath(pointer), pointer, reason: row.reason, effect: row.effect })
    return
  }
  if (value === null || typeof value !== 'object' || children.size === 0 || clean.has(value)) return
  const before = found.length
  collectBelow(found, value, place)
  if (found.length === before && Object.isFrozen(value)) clean.add(value)
}

function collectBelow(found: UnsupportedField[], value: object, above: Place): void {
  const { children } = above.branch
  if (Array.isArray(value)) {
    const branch = children.get('[]')
    if (branch === undefined) return
    for (let part = 0; part < value.length; part += 1) collect(found, value[part], { branch, part, above })
    return
  }
  // By the object's fields: it has far fewer than the table.
  for (const part in value) {
    const branch = children.get(part)
    if (branch !== undefined) collect(found, (value as Record<string, unknown>)[part], { branch, part, above })
  }
}

function asks(row: SupportRow, value: unknown): boolean {
  if (row.values !== undefined) return row.values.includes(value)
  if (row.except?.includes(value) === true) return false
  if (value === undefined || value === null || value === false || value === '') return false
  return !Array.isArray(value) || value.length > 0
}
