import type { Block, Change, FieldChange, Finding, Origin, Plan } from '../../../schemas/generated/plan.ts'
import { parseKey } from '../../lib/object-key.ts'
import { createPaint, type Paint } from './paint.ts'
import { maskFields } from './mask.ts'
import { clean, valueText } from './value.ts'

export type TextOptions = {
  /** ANSI colours; default false. */
  readonly color?: boolean
}

/** A plan for people: what changes, how much it disturbs, what holds it back and what to do about it. Secrets are masked. */
export function renderPlan(plan: Plan, options: TextOptions = {}): string {
  const paint = createPaint(options.color === true)
  const blocks = plan.changes.map((change) => changeText(change, paint))
  const findings = plan.findings.map((finding) => findingText(finding, paint))
  const signing = signingLines(plan)
  const sections = [
    ...blocks,
    ...(findings.length === 0 ? [] : [findings.join('\n')]),
    ...(signing.length === 0 ? [] : [signing.join('\n')]),
    summaryLine(plan, paint),
  ]
  return `${sections.join('\n\n')}\n`
}

const signs: Readonly<Record<Change['action'], { readonly sign: string; readonly words: string; readonly tint: keyof Paint }>> = {
  create: { sign: '+', words: 'create', tint: 'create' },
  update: { sign: '~', words: 'update in-place', tint: 'update' },
  replace: { sign: '-/+', words: 'replace', tint: 'delete' },
  delete: { sign: '-', words: 'delete', tint: 'delete' },
  none: { sign: '!', words: 'no change', tint: 'warn' },
}

/** One object of a plan: what happens to it, field by field, and what holds it back. */
export function changeText(change: Change, paint: Paint): string {
  const { sign, words, tint } = signs[change.action]
  const where = change.node === '' ? '' : ` on ${change.node}`
  const head = `${paint[tint](sign)} ${paint.strong(objectName(change.key))}${where}: ${words}${classText(change.disruption)}${originText(change.origin, paint)}`
  // Steps show their verbs only, never the specs that they carry.
  const fields = maskFields(change)
  const width = Math.max(0, ...fields.map(({ path }) => path.length))
  return [
    head,
    ...fields.map((field) => `    ${fieldText(field, width, paint)}`),
    ...change.steps.map(
      ({ verb, until }) => `    ${paint.faint(`> ${verb}${until === undefined ? '' : ` until ${until}`}${heldText(change, verb)}`)}`,
    ),
    ...change.blocked.flatMap((block) => blockText(block, paint)),
    ...coverText(change),
    ...change.notes.map((note) => `    note: ${clean(note)}`),
  ].join('\n')
}

function heldText({ blocked, steps }: Change, verb: string): string {
  if (blocked.length === 0) return ''
  const id = steps.find((step) => step.verb === verb)?.id ?? ''
  return blocked.some((block) => block.steps === undefined || block.steps.includes(id)) ? ' (held back)' : ''
}

function objectName(key: string): string {
  const { kind, namespace, name } = parseKey(key)
  return clean(namespace === '' ? `${kind} ${name}` : `${kind} ${namespace}/${name}`)
}

function classText(disruption: Change['disruption']): string {
  return disruption === 'none' ? '' : ` [${disruption}]`
}

function originText(origin: Origin | undefined, paint: Paint): string {
  return origin === undefined ? '' : paint.faint(`  ${clean(origin.path)}:${origin.line}`)
}

function fieldText(field: FieldChange, width: number, paint: Paint): string {
  const added = field.before === undefined
  const removed = field.after === undefined
  const sign = added ? paint.create('+') : removed ? paint.delete('-') : paint.update('~')
  const value = added
    ? valueText(field.after)
    : removed
      ? valueText(field.before)
      : `${valueText(field.before)} -> ${valueText(field.after)}`
  const bare = field.before === undefined && field.after === undefined
  const reason = field.reason === undefined ? '' : paint.faint(` (${field.reason})`)
  return `${bare ? paint.update('~') : sign} ${clean(field.path)}${bare ? '' : `:${' '.repeat(width - field.path.length)} ${value}`}  [${field.disruption}]${reason}`
}

function blockText(block: Block, paint: Paint): string[] {
  const what = block.steps === undefined ? 'blocked' : `${block.steps.map((id) => id.slice(0, id.indexOf(':'))).join(', ')} held back`
  return [`    ${paint.warn(`${what}: ${block.reason}`)}: ${clean(block.message)}`, `      to go on: ${clean(block.unblock)}`]
}

/** What an approval lets happen besides the steps. */
function coverText({ approval, covers }: Change): string[] {
  return approval === undefined || covers === undefined ? [] : [`      an approval also: ${clean(covers.join('; '))}`]
}

/** How to approve in Git what waits; empty where nothing does, or where it cannot be approved so. */
export function signingLines({ signing }: Pick<Plan, 'signing'>): string[] {
  if (signing === undefined) return []
  const { changes, trailer, token } = signing
  return [
    `To approve ${changes === 1 ? 'the change that waits' : `the ${changes} changes that wait`} in Git, a commit that an approver signs:`,
    `    git commit --allow-empty -S -m "Approve" --trailer "${trailer}: ${token}"`,
  ]
}

/** One finding as a line. */
export function findingText(finding: Finding, paint: Paint): string {
  const path = finding.path === undefined ? '' : ` ${clean(finding.path)}`
  const tint = finding.severity === 'error' ? paint.delete : paint.warn
  return `${tint(finding.severity)}: ${objectName(finding.key)}${path}: ${clean(finding.message)}${originText(finding.origin, paint)}`
}

/** The last line: numbers of changes by action, how many wait, and the highest class among them. */
export function summaryLine({ summary, changes }: Plan, paint: Paint = createPaint(false)): string {
  if (changes.length === 0) return 'No changes. What runs is what Git says.'
  const { create, update, replace, delete: deleted, blocked, disruption } = summary
  const numbers = `Plan: ${create} to create, ${update} to update, ${replace} to replace, ${deleted} to delete; ${blocked} blocked.`
  return `${paint.strong(numbers)} Highest disruption: ${disruption}.`
}
