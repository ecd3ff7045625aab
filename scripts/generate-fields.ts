/** Writes docs/fields.md from the support tables and the schemas; with --check it only compares and exits 1 on drift. */
import { readFile, writeFile } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { fieldsOf } from '../reconciler/desired/validate/schema-tree.ts'
import { apiVersionOf, kinds, type KindInfo } from '../schemas/kinds.ts'
import { joinPath, type SupportRow } from '../schemas/support-table.ts'
import { supportTables } from '../schemas/support.ts'
import { unservedKinds } from '../schemas/unserved-kinds.ts'

const root = join(import.meta.dirname, '..')
const target = join(root, 'docs/fields.md')

const introduction = `<!-- Generated from schemas/ by \`npm run generate\`. Do not edit. -->
# What of each field is carried out

Every field of every kind, and whether a plain libvirt host carries it out today. A field that is not in these tables is an error.

- **yes**: done.
- **in part**: done, but for the values that are named.
- **passed over**: the rest of the object is done; the field is told as a warning and as a condition.
- **not run**: without the field it would be another object, so the object is not run until the field is gone.
- **no meaning**: it speaks of Kubernetes itself, and nothing is lost without it.

\`[]\` is any element of a list. A field that is not carried out speaks for everything below it.
`

type Rows = ReadonlyMap<string, readonly SupportRow[]>

function rowsOf(kind: string): Rows {
  const rows = new Map<string, SupportRow[]>()
  for (const row of supportTables[kind] ?? []) {
    // Values of list elements are told at the list.
    const path = joinPath(row.path.at(-1) === '[]' ? row.path.slice(0, -1) : row.path)
    rows.set(path, [...(rows.get(path) ?? []), row])
  }
  return rows
}

function isPartial(row: SupportRow): boolean {
  return row.values !== undefined || row.except !== undefined
}

/** True where a field above says no to everything below it. */
function isCovered(rows: Rows, path: readonly string[]): boolean {
  for (let length = path.length - 1; length > 0; length -= 1) {
    const above = rows.get(joinPath(path.slice(0, length))) ?? []
    if (above.some((row) => row.level !== 'yes' && !isPartial(row))) return true
  }
  return false
}

function verdict(rows: readonly SupportRow[]): { readonly word: string; readonly remark: string } {
  const plain = rows.find((row) => !isPartial(row))
  if (plain?.level === 'no') return { word: plain.effect === 'blocks' ? 'not run' : 'passed over', remark: plain.reason }
  if (plain?.level === 'inert') return { word: 'no meaning', remark: plain.reason }
  const partial = rows.filter(isPartial)
  return { word: partial.length === 0 ? 'yes' : 'in part', remark: partial.map(partialRemark).join(' ') }
}

function partialRemark({ values, except, effect, reason }: SupportRow): string {
  const which = values === undefined ? `All but ${(except ?? []).join(', ')}` : values.map(String).join(', ')
  return `${which}: ${effect === 'blocks' ? 'not run' : 'passed over'}. ${reason}`
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('\n', ' ')
}

function section(info: KindInfo): string {
  const rows = rowsOf(info.kind)
  const lines = [
    `## ${info.kind}`,
    '',
    `\`${apiVersionOf(info)}\``,
    '',
    '| Field | What it says | Carried out | Remark |',
    '|---|---|---|---|',
  ]
  for (const { path, node } of fieldsOf(info.kind)) {
    if (isCovered(rows, path)) continue
    const { word, remark } = verdict(rows.get(joinPath(path)) ?? [])
    lines.push(`| \`${joinPath(path)}\` | ${cell(node.description ?? '')} | ${word} | ${cell(remark)} |`)
  }
  const annotations = [...rows].filter(([, [row]]) => row?.path.at(-2) === 'annotations')
  for (const [, [row]] of annotations) {
    if (row !== undefined) lines.push(`| annotation \`${row.path.at(-1) ?? ''}\` | | passed over | ${cell(row.reason)} |`)
  }
  return `${lines.join('\n')}\n`
}

function unserved(): string {
  const lines = ['## Kinds that are known and not run', '', '| Kind | Group | Why, and what to use instead |', '|---|---|---|']
  for (const { kind, group, reason } of unservedKinds) lines.push(`| ${kind} | ${group === '' ? 'core' : group} | ${cell(reason)} |`)
  return `${lines.join('\n')}\n`
}

const text = [introduction, ...kinds.map(section), unserved()].join('\n')
const before = await readFile(target, 'utf8').catch(() => '')
if (before !== text && process.argv.includes('--check')) {
  console.error(`${relative(root, target)} differs from the schemas. Run "npm run generate" and commit the result.`)
  process.exitCode = 1
} else if (before !== text) {
  await writeFile(target, text)
}
