import { equalJson, orderSegment } from '../diff/tree.ts'
import { passedOver } from '../../../schemas/support.ts'
import { formatPath, segmentName, type Segments } from '../diff/path.ts'
import { parseQuantity } from '../../lib/quantity.ts'
import { exceeds } from './classes.ts'
import { isMoot } from './effects/moot.ts'
import { machineRows } from './machine-rows.ts'
import { networkRows } from './network-rows.ts'
import { volumeRows } from './volume-rows.ts'
import { actOfClass, type Cell, type FieldContext, type Row, type Verdict } from './row.ts'

/** Kinds that the table covers. */
export type TableKind = 'VirtualMachine' | 'DataVolume' | 'NodeNetworkConfigurationPolicy'

/** The disruption table: for every field of every kind, what its change does to a running guest and asks of the agent. */
export const disruptionTable: Readonly<Record<TableKind, readonly Row[]>> = {
  VirtualMachine: machineRows,
  DataVolume: volumeRows,
  NodeNetworkConfigurationPolicy: networkRows,
}

/** A verdict with everything filled in. */
export type Judgement = Required<Pick<Verdict, 'disruption' | 'act'>> & {
  readonly reason?: string
  readonly sensitive: boolean
  /** Whether it comes to nothing, where the row can tell. */
  readonly moot?: boolean
}

type Branch = { readonly children: Map<string, Branch>; row?: Row; deep?: Row }

const branches: Readonly<Record<TableKind, Branch>> = {
  VirtualMachine: grow(disruptionTable.VirtualMachine),
  DataVolume: grow(disruptionTable.DataVolume),
  NodeNetworkConfigurationPolicy: grow(disruptionTable.NodeNetworkConfigurationPolicy),
}

function grow(rows: readonly Row[]): Branch {
  const root: Branch = { children: new Map() }
  for (const row of rows) {
    let branch = root
    const segments = row.pattern.replaceAll('[', '.[').split('.')
    for (const segment of segments.filter((one) => one !== '**')) {
      const next = branch.children.get(segment) ?? { children: new Map() }
      branch.children.set(segment, next)
      branch = next
    }
    if (segments.at(-1) === '**') branch.deep = row
    else branch.row = row
  }
  return root
}

/** The row of a path: its own, else the nearest `**` above it. Undefined where the table has none. */
export function rowOf(kind: TableKind, path: Segments): Row | undefined {
  let branch: Branch | undefined = branches[kind]
  let deep: Row | undefined
  for (const segment of path) {
    deep = branch.deep ?? deep
    branch = childOf(branch, segment)
    if (branch === undefined) return deep
  }
  return branch.row ?? branch.deep ?? deep
}

function childOf(branch: Branch, segment: string): Branch | undefined {
  const exact = branch.children.get(segment)
  if (exact !== undefined) return exact
  if (segment === orderSegment) return undefined
  return (segment.startsWith('[') ? branch.children.get('[*]') : undefined) ?? branch.children.get('*')
}

/** All rows at and below a path, for a value that stands for a whole branch. */
function rowsBelow(kind: TableKind, path: Segments): Row[] {
  let branch: Branch | undefined = branches[kind]
  for (const segment of path) branch = branch === undefined ? undefined : childOf(branch, segment)
  return branch === undefined ? [] : collect(branch)
}

function collect(branch: Branch): Row[] {
  return [
    ...(branch.row === undefined ? [] : [branch.row]),
    ...(branch.deep === undefined ? [] : [branch.deep]),
    ...[...branch.children.values()].flatMap(collect),
  ]
}

/**
 * What the change of one field does to a running guest. A path that stands for a whole branch has the highest class below it; a
 * path that the table does not know has `restart`, the class that never does harm by being wrong. A field of a machine for which
 * the host does nothing disturbs nobody.
 */
export function judge(kind: TableKind, context: FieldContext): Judgement {
  const judgement = judgeCarriedOut(kind, context)
  if (kind !== 'VirtualMachine' || (judgement.disruption === 'none' && judgement.moot !== true)) return judgement
  // Where the table knows what a field comes to, it comes to something although what it asks for is not done.
  if (judgement.moot === false) return judgement
  const row = passedOver(kind, context.path.map(listSegment))
  if (row === undefined) return judgement
  return { disruption: 'none', act: 'define', reason: `Not carried out here. ${row.reason}`, sensitive: judgement.sensitive }
}

function listSegment(segment: string): string {
  return segment.startsWith('[') ? '[]' : segment
}

function judgeCarriedOut(kind: TableKind, context: FieldContext): Judgement {
  const row = rowOf(kind, context.path)
  if (row !== undefined) return judgeRow(row, context)
  const below = rowsBelow(kind, context.path)
  if (below.length === 0) return { disruption: 'restart', act: 'restart', reason: 'This field has no rule of its own.', sensitive: false }
  const isHollow = kind === 'VirtualMachine' && isEmpty(context.before) && isEmpty(context.after)
  // That there is a group without a field in it can mean something only where a row tells what it comes to.
  const judgements = (isHollow ? below.filter(({ comesTo }) => comesTo !== undefined) : below).map((one) => judgeRow(one, context))
  const none: Judgement = { disruption: 'none', act: 'define', reason: 'There is nothing in it.', sensitive: false }
  return judgements.reduce((worst, one) => (exceeds(one.disruption, worst.disruption) ? one : worst), judgements[0] ?? none)
}

function isEmpty(value: unknown): boolean {
  return value === undefined || value === null || (typeof value === 'object' && Object.keys(value).length === 0)
}

function judgeRow(row: Row, context: FieldContext): Judgement {
  const sensitive = row.sensitive === true
  if (row.quantity === true && sameQuantity(context)) {
    return { disruption: 'none', act: 'define', reason: 'The same quantity, written differently.', sensitive }
  }
  if (row.absent !== undefined && equalJson(context.before ?? row.absent, context.after ?? row.absent)) {
    return { disruption: 'none', act: 'define', reason: 'It means the same without it.', sensitive }
  }
  const moot = row.comesTo === undefined ? undefined : isMoot(row.comesTo, { ...context, countsInBoth: row.countsInBoth === true })
  if (moot === true) {
    return { disruption: 'none', act: 'define', reason: row.mootReason ?? 'The guest is the same with it and without it.', sensitive, moot }
  }
  const verdict = verdictOf(cellOf(row, context), context)
  const reason = verdict.reason ?? row.reason
  return {
    disruption: verdict.disruption,
    act: verdict.act ?? row.act ?? actOfClass[verdict.disruption],
    ...(reason === undefined ? {} : { reason }),
    sensitive,
    ...(moot === undefined ? {} : { moot }),
  }
}

function cellOf(row: Row, context: FieldContext): Cell {
  if (context.before === undefined) return row.add ?? row.change
  if (context.after === undefined) return row.remove ?? row.change
  return row.change
}

function verdictOf(cell: Cell, context: FieldContext): Verdict {
  return typeof cell === 'function' ? cell(context) : { disruption: cell }
}

function sameQuantity({ before, after }: FieldContext): boolean {
  if (!isQuantity(before) || !isQuantity(after)) return false
  try {
    return parseQuantity(before) === parseQuantity(after)
  } catch {
    return false
  }
}

function isQuantity(value: unknown): value is string | number {
  return typeof value === 'string' || typeof value === 'number'
}

const secretAnnotations: ReadonlySet<string> = new Set(['kubectl.kubernetes.io/last-applied-configuration'])
const secretField = /pass(?:word|phrase)|psk|private[-_]?key|secret$|token/i

/** True where the value at this path is masked wherever it is shown. */
export function isSensitive(kind: TableKind, path: Segments): boolean {
  if (rowOf(kind, path)?.sensitive === true) return true
  const last = segmentName(path.at(-1) ?? '')
  if (secretAnnotations.has(last)) return true
  return kind === 'NodeNetworkConfigurationPolicy' && formatPath(path).startsWith('spec.') && secretField.test(last)
}
