import type { Change, Plan } from '../../../schemas/generated/plan.ts'
import { keyText } from '../../lib/object-key.ts'
import { createPaint } from './paint.ts'
import { addedPlan, faultLine, impactLines, mergeLine, previewNotes, type RequestPlan } from './preview.ts'
import { changeText, findingText, signingLines, summaryLine } from './render.ts'
import { clean } from './value.ts'
import { blockedLines } from './verdict.ts'

/** Most characters of a comment: GitHub takes 65,536, and a forge's own footer needs room. */
export const longestComment = 65_000

/** Faults of a request in its comment; the rest is counted. */
const mostFaults = 50
const longestFaults = 20_000

const plain = createPaint(false)

/** A plan as a comment on a forge, after what could not be read for it: folded by object, secrets masked, at most 65,000 characters. */
export function planMarkdown(plan: Plan, errors: RequestPlan['errors'] = []): string {
  const named = `Plan \`${plan.id.slice(0, 12)}\` of \`${plan.revision.slice(0, 12)}\``
  const head = [`### ${title(plan)}`, named, ...faultsSection('Faults in the repository', errors)]
  return fit([...head, ...signingSection(plan)], sectionsOf(plan), [])
}

/** What merging would do, as a comment. */
export function previewMarkdown(request: RequestPlan): string {
  const plan = addedPlan(request)
  const impact = request.impact.flatMap((one) => {
    const lines = impactLines(one)
    return lines.length === 0 ? [] : [folded(`On ${one.node}`, lines.join('\n'))]
  })
  const faults = faultsSection('Faults that this brings', request.errors)
  const untrusted = request.untrusted === undefined ? [] : [`**Untrusted**\n\n${fenced(clean(request.untrusted).slice(0, longestFaults))}`]
  return fit(
    [`### ${title(plan)}`, inline(mergeLine(request.merge)), ...untrusted, ...faults, ...blockedSection(plan), ...signingSection(plan)],
    [...impact, ...sectionsOf(plan)],
    [previewNotes(request).map(inline).join('\n')],
  )
}

function faultsSection(heading: string, errors: RequestPlan['errors']): string[] {
  const shown = errors.slice(0, mostFaults).map(faultLine)
  const rest = errors.length - shown.length
  const lines = [...shown, ...(rest > 0 ? [`… and ${rest} more`] : [])]
  return errors.length === 0 ? [] : [`**${heading}**\n\n${fenced(lines.join('\n').slice(0, longestFaults))}`]
}

/** Most characters of the reasons why things wait; each change has its own below. */
const longestBlocked = 10_000

function blockedSection(plan: Plan): string[] {
  const lines = blockedLines(plan)
  return lines.length === 0 ? [] : [`**Blocked**\n\n${fenced(lines.join('\n').slice(0, longestBlocked))}`]
}

function signingSection(plan: Plan): string[] {
  const [what, ...command] = signingLines(plan)
  return what === undefined ? [] : [`${what}\n\n${fenced(command.map((line) => line.trim()).join('\n'))}`]
}

function title(plan: Plan): string {
  return `gitvirt: ${summaryLine(plan, plain)}`
}

function sectionsOf({ changes, findings }: Plan): string[] {
  const told = findings.length === 0 ? [] : [folded('Findings', findings.map((finding) => findingText(finding, plain)).join('\n'))]
  return [...changes.map(changeSection), ...told]
}

function changeSection(change: Change): string {
  const held = change.blocked.length === 0 ? '' : ' (held back)'
  const disruption = change.disruption === 'none' ? '' : ` [${change.disruption}]`
  const where = change.node === '' ? '' : ` on ${change.node}`
  return folded(`${change.action}: ${keyText(change.key)}${where}${disruption}${held}`, changeText(change, plain))
}

/** Text of manifests stands in code only: there it neither links, nor mentions anybody, nor is it HTML. */
function folded(summary: string, body: string): string {
  return `<details><summary><code>${escapeHtml(clean(summary))}</code></summary>\n\n${fenced(body)}\n\n</details>`
}

/** A fence longer than every run of backticks inside (CommonMark 0.31 section 4.5). */
function fenced(body: string): string {
  const longest = Math.max(2, ...(body.match(/`+/g) ?? []).map((run) => run.length))
  const fence = '`'.repeat(longest + 1)
  return `${fence}text\n${body}\n${fence}`
}

/** CommonMark 0.31 section 6.1. */
function inline(text: string): string {
  const longest = Math.max(0, ...(text.match(/`+/g) ?? []).map((run) => run.length))
  const ticks = '`'.repeat(longest + 1)
  const pad = text.startsWith('`') || text.endsWith('`') ? ' ' : ''
  return `${ticks}${pad}${text}${pad}${ticks}`
}

function escapeHtml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
}

const roomForRest = 200

/** Head and tail whole, and as many sections between as fit; what is left out is counted. */
function fit(head: readonly string[], sections: readonly string[], tail: readonly string[]): string {
  const fixed = [...head, ...tail].join('\n\n')
  let room = longestComment - fixed.length - roomForRest
  const shown: string[] = []
  for (const section of sections) {
    // A section that is too long by itself leaves the later, shorter ones their place.
    if (section.length + 2 > room) continue
    room -= section.length + 2
    shown.push(section)
  }
  const left = sections.length - shown.length
  const rest = left === 0 ? [] : [`… and ${left} more, which are too long for a comment. \`gitvirt plan\` shows all.`]
  return `${[...head, ...shown, ...rest, ...tail].join('\n\n').slice(0, longestComment)}\n`
}
