import pc from 'picocolors'
import type { Landing } from '../../history/audit/landings.ts'
import type { ChangedField } from '../../history/meaning/fields.ts'
import type { BlamedField, BlameReport } from '../../history/report/blame-report.ts'
import type { LogEntry, LogReport, ReportedChange } from '../../history/report/log-report.ts'
import { keyText } from '../../lib/object-key.ts'
import { formatColumns, printable } from './table.ts'

const shortId = 12
const longestValue = 60

const signs: Readonly<Record<ReportedChange['change'], string>> = {
  created: '+',
  recreated: '+',
  changed: '~',
  deleted: '-',
  unreadable: '!',
}

/** One line for each commit that changed the meaning of the object. */
export function objectLog(report: LogReport, wide: boolean): string {
  const landed = wide || report.entries.some(({ changes }) => changes.some((change) => (change.landed ?? []).length > 0))
  const header = ['COMMIT', 'DATE', 'AUTHOR', 'PR', 'CLASS', ...(landed ? ['LANDED'] : [])]
  const rows = report.entries.flatMap((entry) =>
    entry.changes.map((change) => [
      ...commitCells(entry),
      change.disruption ?? '-',
      ...(landed ? [landingText(change.landed, wide)] : []),
      ...(wide ? [signerText(entry), entry.mergedBy?.name ?? '-', printable(change.path)] : []),
      changeText(change, wide),
      ...(wide ? [printable(entry.subject)] : []),
    ]),
  )
  return formatColumns([[...header, ...(wide ? ['SIGNER', 'MERGED BY', 'FILE'] : []), 'CHANGE', ...(wide ? ['SUBJECT'] : [])], ...rows])
}

/** All changes of an environment, commit by commit. */
export function environmentLog(report: LogReport, options: { readonly wide: boolean; readonly color: boolean }): string {
  const colors = pc.createColors(options.color)
  return report.entries
    .map((entry) => {
      const [id = '', ...rest] = commitCells(entry).filter((cell) => cell !== '-')
      const head = [colors.yellow(id), ...rest, printable(entry.subject)].join('  ')
      return [head, ...entry.changes.flatMap((change) => changeLines(change, options.wide))].join('\n')
    })
    .join('\n\n')
}

/** What happened to one object, and below it each field. */
export function changeLines(change: ReportedChange, wide: boolean): string[] {
  const disruption = change.disruption === undefined || change.disruption === 'none' ? '' : ` [${change.disruption}]`
  const landed = (change.landed ?? []).length === 0 ? '' : `  landed ${landingText(change.landed, wide)}`
  const word = change.change === 'changed' ? '' : `: ${change.change}`
  const problem = change.problem === undefined ? '' : ` (${printable(change.problem)})`
  const head = `    ${signs[change.change]} ${printable(keyText(change.object))}${word}${disruption}${problem}  ${printable(change.path)}${landed}`
  return [head, ...change.fields.map((field) => `        ${fieldText(field, wide)}`)]
}

/** One line for each field of the object. */
export function blameTable(report: BlameReport, wide: boolean): string {
  const landed = wide || report.fields.some((field) => (field.landed ?? []).length > 0)
  const header = [
    'FIELD',
    'VALUE',
    'COMMIT',
    'DATE',
    'AUTHOR',
    'PR',
    ...(landed ? ['LANDED'] : []),
    ...(wide ? ['SIGNER', 'MERGED BY', 'SUBJECT'] : []),
  ]
  return formatColumns([header, ...report.fields.map((field) => blameCells(field, { landed, wide }))])
}

function blameCells(field: BlamedField, { landed, wide }: { landed: boolean; wide: boolean }): string[] {
  const value = `${valueText(field.value, wide)}${field.default === true ? ' (default)' : ''}`
  return [
    printable(field.field),
    value,
    ...commitCells(field),
    ...(landed ? [landingText(field.landed, wide)] : []),
    ...(wide ? [signerText(field), field.mergedBy === undefined ? '-' : printable(field.mergedBy.name), printable(field.subject)] : []),
  ]
}

function commitCells(entry: Pick<LogEntry, 'commit' | 'committedAt' | 'author' | 'pullRequest'>): string[] {
  return [
    entry.commit.slice(0, shortId),
    timeText(entry.committedAt),
    printable(entry.author.name) || '-',
    printable(entry.pullRequest ?? '-'),
  ]
}

function signerText({ signer }: Pick<LogEntry, 'signer'>): string {
  return signer === undefined ? '-' : printable(signer.name)
}

/** In UTC, to the minute: times of commits and of hosts side by side. */
function timeText(time: string): string {
  const date = new Date(time)
  return Number.isNaN(date.getTime()) ? '-' : `${date.toISOString().slice(0, 16).replace('T', ' ')}Z`
}

function landingText(landings: readonly Landing[] | undefined, wide: boolean): string {
  const all = (landings ?? []).map(({ node, at }) => `${printable(node)} ${timeText(at)}`)
  if (all.length === 0) return '-'
  return wide || all.length < 3 ? all.join(', ') : `${all[0] ?? ''} and ${all.length - 1} more`
}

function changeText(change: ReportedChange, wide: boolean): string {
  if (change.change === 'unreadable') return `unreadable: ${printable(change.problem ?? 'its file cannot be read')}`
  if (change.change !== 'changed') return change.change
  const shown = wide ? change.fields : change.fields.slice(0, 2)
  const more = change.fields.length - shown.length
  return [...shown.map((field) => fieldText(field, wide)), ...(more === 0 ? [] : [`and ${more} more`])].join('; ')
}

function fieldText(field: ChangedField, wide: boolean): string {
  const path = printable(field.path)
  const [before, after] = [field.before, field.after].map((value) => valueText(value, wide))
  const disruption = field.disruption === undefined || field.disruption === 'none' ? '' : ` [${field.disruption}]`
  if (field.before === undefined) return `+ ${path}: ${after}${disruption}`
  if (field.after === undefined) return `- ${path}: ${before}${disruption}`
  return `${path}: ${before} -> ${after}${disruption}`
}

function valueText(value: unknown, wide: boolean): string {
  const text = printable(JSON.stringify(value) ?? 'null')
  return wide || text.length <= longestValue ? text : `${text.slice(0, longestValue)}…`
}
