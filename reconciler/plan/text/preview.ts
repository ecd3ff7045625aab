import type { Plan } from '../../../schemas/generated/plan.ts'
import { keyText, type ObjectKey } from '../../lib/object-key.ts'
import { formatBytes } from '../../lib/quantity.ts'
import type { NodeImpact } from '../impact.ts'
import type { Preview } from '../preview.ts'
import { summarize } from '../seal.ts'
import { createPaint, type Paint } from './paint.ts'
import { renderPlan, type TextOptions } from './render.ts'
import { clean } from './value.ts'

/** A request that was planned: what was merged into what. */
export type MergeOrigin = {
  readonly ref: string
  readonly head: string
  readonly subject: string
  readonly base: string
  /** The tracked branch and its commit. */
  readonly branch: string
  readonly into: string
}

/** A preview with the merge that it is of, as the API serves it. */
export type RequestPlan = Preview & {
  readonly merge: MergeOrigin
  /** What its own commits approve, and which of their words do not count; absent where there are none. */
  readonly approvals?: readonly string[]
  /** Why its commits cannot be trusted, and what that means; absent where they can. */
  readonly untrusted?: string
}

/** What merging adds: the plan without what waits on the tracked branch anyway. */
export function addedPlan({ plan, pending, signing }: Pick<Preview, 'plan' | 'pending' | 'signing'>): Plan {
  const waiting = new Set(pending)
  const changes = plan.changes.filter(({ key }) => !waiting.has(key))
  const { signing: _, ...rest } = plan
  return { ...rest, changes, summary: summarize(changes), ...(signing === undefined ? {} : { signing }) }
}

/** What merging would do, for people: the merge, the plan, what it means to each host. Secrets are masked. */
export function renderPreview(request: RequestPlan, options: TextOptions = {}): string {
  const paint = createPaint(options.color === true)
  const head = paint.strong(mergeLine(request.merge))
  const faults = faultLines(request.errors, paint)
  const notes = previewNotes(request)
  const impact = request.impact.map((one) =>
    [paint.strong(`On ${clean(one.node)}:`), ...impactLines(one).map((line) => `    ${line}`)].join('\n'),
  )
  const untrusted = request.untrusted === undefined ? [] : [`${paint.delete('untrusted')}: ${clean(request.untrusted)}`]
  const sections = [
    head,
    ...untrusted,
    ...(faults.length === 0 ? [] : [faults.join('\n')]),
    renderPlan(addedPlan(request), options).trimEnd(),
  ]
  return `${[...sections, ...impact, ...(notes.length === 0 ? [] : [notes.join('\n')])].join('\n\n')}\n`
}

/** Which commit would be merged into which. */
export function mergeLine({ ref, head, branch, into, subject }: MergeOrigin): string {
  return clean(`Merging ${ref} (${head.slice(0, 12)} "${subject}") into ${branch} (${into.slice(0, 12)}) would do this:`)
}

/** What a reader must know beyond the plan. */
export function previewNotes({ pending, policyChanges, intent, approvals = [] }: Omit<RequestPlan, 'merge'>): string[] {
  const waits = pending.length === 0 ? [] : [`${pending.length} more objects wait on the tracked branch already: ${names(pending)}.`]
  const policy = policyChanges
    ? ['gitvirt.yaml changes too: the new policy holds from the merge on; this plan is judged by the one that is tracked.']
    : []
  return [
    ...approvals.map(clean),
    ...waits,
    ...policy,
    `Intent: ${intent.slice(0, 12)}. It is the same after the merge where just this is applied.`,
  ]
}

/** A plan after what could not be read for it. */
export function renderUnread(plan: Plan, errors: Preview['errors'], options: TextOptions = {}): string {
  const faults = faultLines(errors, createPaint(options.color === true))
  const meaning = 'What stands there is left as it is on the hosts. The plan of the rest:'
  return [faults.join('\n'), meaning, renderPlan(plan, options)].join('\n\n')
}

function faultLines(errors: Preview['errors'], paint: Paint): string[] {
  return errors.map((error) => `${paint.delete(error.severity)}: ${faultLine(error)}`)
}

/** A fault of a manifest with its place. */
export function faultLine(error: Preview['errors'][number]): string {
  return clean(`${error.path}:${error.line}:${error.column}: ${error.message}${error.action === undefined ? '' : ` ${error.action}`}`)
}

const mostNames = 10

function names(keys: readonly ObjectKey[]): string {
  const shown = keys.slice(0, mostNames).map((key) => clean(keyText(key)))
  return `${shown.join(', ')}${keys.length > mostNames ? `, and ${keys.length - mostNames} more` : ''}`
}

/** What the plan means to one host, a line each; empty where it means nothing. */
export function impactLines(impact: NodeImpact): string[] {
  const { restarts, stops, starts, before, after, capacity, networks } = impact
  const guests = [
    ['restarts', restarts],
    ['stops', stops],
    ['starts', starts],
    ['networks change', networks],
  ] as const
  const total = capacity === undefined ? '' : ` of ${formatBytes(capacity.memoryBytes)}`
  const room = impact.pools.map(({ name, neededBytes, availableBytes }) => {
    const free = availableBytes === undefined ? '' : `, ${formatBytes(availableBytes)} is free`
    const short = availableBytes !== undefined && neededBytes > availableBytes ? ': more than there is' : ''
    return `pool ${clean(name)}: disks of ${formatBytes(neededBytes)} more${free}${short}`
  })
  return [
    ...guests.filter(([, keys]) => keys.length > 0).map(([what, keys]) => `${what}: ${names(keys)}`),
    ...(before.memoryBytes === after.memoryBytes
      ? []
      : [`memory of guests: ${formatBytes(before.memoryBytes)} -> ${formatBytes(after.memoryBytes)}${total}`]),
    ...room,
    ...impact.images.map(imageLine),
    ...impact.bridges.map(bridgeLine),
    ...(impact.quarantinedBytes === 0 ? [] : [`${formatBytes(impact.quarantinedBytes)} go into quarantine and come free when it ends`]),
  ]
}

function imageLine({ volume, state, bytes }: NodeImpact['images'][number]): string {
  const size = bytes === undefined ? '' : formatBytes(bytes)
  const what = `image of ${clean(keyText(volume))}: `
  if (state === 'kept') return `${what}kept on this host (${size}); fetched again only where the server has a newer one`
  return `${what}${bytes === undefined ? 'to download; no host knows its size yet' : `${size} to download`}`
}

const bridgeWords: Readonly<Record<NodeImpact['bridges'][number]['state'], string>> = {
  present: 'is there',
  planned: 'is brought up by a policy of this plan',
  removed: 'is REMOVED by a policy of this plan',
  missing: 'is MISSING, and no policy of this plan brings it up',
}

function bridgeLine({ name, machines, state }: NodeImpact['bridges'][number]): string {
  return `bridge ${clean(name)} ${bridgeWords[state]}: ${names(machines)}`
}
