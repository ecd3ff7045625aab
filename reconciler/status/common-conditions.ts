import type { Block } from '../../schemas/generated/plan.ts'
import type { ManifestError } from '../desired/types.ts'
import { coveringError } from '../desired/view/covering-error.ts'
import type { ConditionDraft } from './api-object.ts'
import { isSettled, type Subject } from './subject.ts'

/** Enough to understand; the rest is in the plan. */
const longest = 1024

/**
 * The conditions that every object from Git has: Synced (does the host have what Git says, and if not, why not), and, only where there is
 * something to tell, ManifestValid=False and SpecHonoured=False.
 */
export function commonConditions(subject: Subject, unsupported: readonly string[] = []): ConditionDraft[] {
  return [synced(subject), ...suspended(subject), ...manifestValid(subject), ...specHonoured(subject, unsupported)]
}

/** True while nothing is done to the object because a person or Git said so, with who, why and until when. */
export function suspended({ key, kind, desired, sightings, world }: Subject): ConditionDraft[] {
  // A policy is on many hosts, of which one that is suspended is told by its own part of the plan.
  const node = kind === 'VirtualMachine' || kind === 'DataVolume' ? (sightings[0]?.node ?? '') : ''
  const found = world.suspensions.byPerson({ key, ownerKey: desired?.ownerKey, node }) ?? world.suspensions.inGit([key])
  if (found !== undefined) return [condition('Suspended', 'True', [found.inGit ? 'SuspendedInGit' : 'SuspendedByPerson', found.text])]
  const inFleet = desired?.kind === 'Fleet' && desired.object.spec?.suspend === true
  return inFleet ? [condition('Suspended', 'True', ['SuspendedInGit', 'gitvirt.yaml says spec.suspend: true.'])] : []
}

function synced(subject: Subject): ConditionDraft {
  if (subject.broken)
    return condition('Synced', 'Unknown', ['ManifestInvalid', 'What Git wants is unknown; what was applied stays as it is.'])
  const blocks = blocksOf(subject)
  const [block] = blocks
  if (block !== undefined) return condition('Synced', 'False', [block.reason, blocks.map(blockText).join(' ')])
  if (isSettled(subject)) return condition('Synced', 'True', ['UpToDate', ''])
  const failure = subject.world.failure(subject.key)
  if (failure !== undefined)
    return condition('Synced', 'False', [failure.code, `On ${failure.node}: ${sentence(failure.message)} It is tried again.`])
  const acts = [...new Set(subject.changes.flatMap((change) => change.steps.map((step) => step.verb)))]
  return condition('Synced', 'False', ['Applying', acts.length === 0 ? '' : `Under way: ${acts.join(', ')}.`])
}

/** Why steps of this object are held back, each reason once. */
export function blocksOf(subject: Subject): readonly Block[] {
  const seen = new Map<string, Block>()
  for (const change of subject.changes) {
    for (const block of change.blocked) seen.set(`${block.reason} ${block.message}`, block)
  }
  return [...seen.values()]
}

export function blockText(block: Block): string {
  return `${sentence(block.message)} ${sentence(block.unblock)}`.trim()
}

function manifestValid(subject: Subject): ConditionDraft[] {
  const errors = subject.errors.filter((error) => error.severity === 'error')
  if (!subject.broken && errors.length === 0) return []
  if (errors.length === 0) errors.push(...coveringErrors(subject))
  const places = errors.map(({ path, line, column, message }) => `${path}:${line}:${column}: ${message}`)
  const code = errors[0]?.code ?? 'ManifestInvalid'
  return [
    condition('ManifestValid', 'False', [
      code,
      places.length === 0 ? 'The file that this object stood in does not parse.' : places.join('; '),
    ]),
  ]
}

/** Of an object that an overlay made, which cannot be rendered now: what is wrong with the overlay. */
function coveringErrors({ sightings, world }: Subject): ManifestError[] {
  const path = sightings.map(({ object }) => object.applied).find((spec) => spec !== undefined)?.origin.path
  return path === undefined ? [] : [coveringError(world.desired, path)].filter((error) => error !== undefined)
}

function specHonoured(subject: Subject, unsupported: readonly string[]): ConditionDraft[] {
  const found = subject.findings.filter((finding) => finding.code === 'UnsupportedField' || finding.code === 'UnsupportedFields')
  const texts = [...new Set([...found.map(({ path, message }) => (path === undefined ? message : `${path}: ${message}`)), ...unsupported])]
  return texts.length === 0 ? [] : [condition('SpecHonoured', 'False', ['UnsupportedFields', texts.join('; ')])]
}

/** @param why reason and message */
export function condition(type: string, status: ConditionDraft['status'], why: readonly [string, string]): ConditionDraft {
  const [reason, message] = why
  return { type, status, reason, message: message.length > longest ? `${message.slice(0, longest - 1)}…` : message }
}

function sentence(text: string): string {
  const trimmed = text.trim()
  return trimmed === '' || /[.!?]$/.test(trimmed) ? trimmed : `${trimmed}.`
}
