import type { ObservedVolume } from '../../schemas/generated/observation.ts'
import type { Block, Step, VolumeSpec } from '../../schemas/generated/plan.ts'
import type { DesiredObject } from '../desired/types.ts'
import type { ObjectKey } from '../lib/object-key.ts'
import { keepFormat, type PlanContext } from './context.ts'
import { judgeFields, type JudgedField } from './diff/fields.ts'
import { volumeView } from './diff/views.ts'
import { highest } from './disruption/classes.ts'
import type { Draft } from './draft.ts'
import { unsupportedBlocks } from './findings.ts'
import { isActive } from './machine-update.ts'
import { disconnected, severalNodes } from './obstacles.ts'
import type { PlacementMap } from './placement-map.ts'
import { requestedSize, resolveVolume, virtualSize } from './resolve/volume.ts'
import { volumeStep } from './steps/volume-steps.ts'
import { unreadableInput } from './unreadable.ts'

export type VolumeObject = DesiredObject & { readonly kind: 'DataVolume' }
export type VolumeSighting = { readonly node: string; readonly object: ObservedVolume }

/** What has to be done for one DataVolume that Git has; undefined where nothing has. */
export function planVolume(context: PlanContext, placements: PlacementMap, desired: VolumeObject): Draft | undefined {
  const sightings = volumeSightings(context, desired.key)
  if (sightings.length > 1) return severalNodes(desired, sightings)
  const sighting = sightings[0]
  const blocked: Block[] = [...unsupportedBlocks(desired), ...unreadableInputs(context, desired)]
  const volume = wantedVolume({ context, desired, applied: sighting?.object.applied, blocked })
  if (sighting === undefined) return createVolume({ placements, desired, volume, blocked })
  const draft = updateVolume({ context, desired, volume, sighting, blocked })
  if (draft !== undefined) draft.blocked.push(...disconnected(context.input.observed, sighting.node))
  return draft
}

/** Credentials and certificates of the source that Git has and that cannot be read: without them nothing must be fetched. */
function unreadableInputs(context: PlanContext, desired: VolumeObject): Block[] {
  const inputs = desired.references.filter((key) => key.startsWith('Secret/') || key.startsWith('ConfigMap/'))
  return inputs.filter((key) => context.isUnknown(key)).map((key) => unreadableInput(context, key))
}

export function volumeSightings(context: PlanContext, key: ObjectKey): VolumeSighting[] {
  return context.sightings(key).filter((one): one is VolumeSighting => one.object.kind === 'DataVolume')
}

type Wanted = {
  readonly context: PlanContext
  readonly desired: VolumeObject
  readonly applied: VolumeSpec | undefined
  readonly blocked: Block[]
}

/** The spec for the agent; what hinders goes into `blocked`. A volume that exists keeps its size and pool where Git's cannot be told. */
function wantedVolume({ context, desired, applied, blocked }: Wanted): VolumeSpec {
  const { spec } = desired.object
  const found = context.pool((spec.storage ?? spec.pvc)?.storageClassName)
  if ('problem' in found) blocked.push({ reason: 'WaitingForDependency', message: found.problem, unblock: found.action })
  const size = virtualSize(spec)
  if (size === undefined) {
    const text = requestedSize(spec)
    blocked.push({
      reason: 'Conflict',
      message: text === undefined ? 'The DataVolume has no size.' : `The size ${text} is not a quantity of at least 1Mi.`,
      unblock: `Set spec.${spec.storage === undefined ? 'pvc' : 'storage'}.resources.requests.storage, at least 1Mi.`,
    })
  }
  const pool =
    'pool' in found ? keepFormat(found.pool, applied?.pool) : (applied?.pool ?? { name: '', type: 'dir', path: '', format: 'raw' })
  return resolveVolume(desired, { pool, sizeBytes: size ?? applied?.sizeBytes ?? 0, policy: context.policy })
}

type Creation = {
  readonly placements: PlacementMap
  readonly desired: VolumeObject
  readonly volume: VolumeSpec
  readonly blocked: Block[]
}

function createVolume({ placements, desired, volume, blocked }: Creation): Draft {
  const placement = placements.ofVolume(desired.key, desired.ownerKey)
  if ('problem' in placement) {
    blocked.push({ reason: 'Unschedulable', message: placement.problem, unblock: 'Make a node fit the machine that uses this disk.' })
  }
  return draftOf({
    desired,
    volume,
    blocked,
    node: 'node' in placement ? placement.node.name : '',
    base: 'absent',
    action: 'create',
    steps: [volumeStep('EnsureVolume', volume, 'none')],
  })
}

type Update = {
  readonly context: PlanContext
  readonly desired: VolumeObject
  readonly volume: VolumeSpec
  readonly sighting: VolumeSighting
  readonly blocked: Block[]
}

function updateVolume(update: Update): Draft | undefined {
  const { desired, volume, sighting, blocked } = update
  const { object: observed, node } = sighting
  const judged = volumeFields(update)
  const common = { desired, volume, blocked, node, base: observed.digest, fields: judged }
  if (observed.quarantined !== undefined) return restoreVolume(common, observed.quarantined)
  if (observed.applied === undefined) {
    return draftOf({ ...common, action: 'update', steps: [volumeStep('EnsureVolume', volume, 'none')] })
  }
  if (judged.length === 0) return undefined
  // The agent keeps what only describes the disk; its import goes on.
  const described = observed.phase !== 'Failed' && judged.every(({ field }) => isDescription(field.path))
  if (observed.phase !== 'Succeeded' && !described) {
    const notes = ['No image has been finished yet, so nothing is lost: the import starts anew.']
    const harmless = judged.map((one): JudgedField => ({ act: 'define', field: { ...one.field, disruption: 'none' } }))
    return draftOf({ ...common, fields: harmless, action: 'replace', steps: [volumeStep('EnsureVolume', volume, 'none')], notes })
  }
  blocked.push(...refusals(judged))
  return draftOf({ ...common, action: 'update', steps: changeSteps(judged, volume) })
}

/** Labels, annotations, the owner and the file in Git: nothing that an import reads. */
function isDescription(path: string): boolean {
  return path.startsWith('metadata.') || path === 'ownerKey' || path === 'origin.path'
}

/** A finished image grows; everything else about it is only recorded. */
function changeSteps(judged: readonly JudgedField[], volume: VolumeSpec): Step[] {
  const resized = judged.filter(({ act }) => act === 'resize').map(({ field }) => field.disruption)
  if (judged.some(({ act }) => act === 'resize')) return [volumeStep('ResizeVolume', volume, highest(resized))]
  return judged.some(({ act }) => act === 'refuse') ? [] : [volumeStep('EnsureVolume', volume, 'none')]
}

/** Changes that would lose data are never made by themselves. */
function refusals(judged: readonly JudgedField[]): Block[] {
  const refused = judged.filter(({ act }) => act === 'refuse').map(({ field }) => field)
  if (refused.length === 0) return []
  const reasons = [...new Set(refused.map(({ reason }) => reason))].join(' ')
  return [
    {
      reason: 'Conflict',
      message: `${refused.map(({ path }) => path).join(', ')} cannot change once the image is there. ${reasons}`,
      unblock: 'Undo the change, or make a DataVolume with another name and move the machine to it.',
    },
  ]
}

type DraftParts = {
  readonly desired: VolumeObject
  readonly volume: VolumeSpec
  readonly blocked: Block[]
  readonly node: string
  readonly base: string
  readonly fields?: readonly JudgedField[]
  readonly action: 'create' | 'update' | 'replace'
  readonly steps: Step[]
  readonly notes?: string[]
}

function draftOf(parts: DraftParts): Draft {
  const { desired, volume, fields = [] } = parts
  return {
    change: {
      key: desired.key,
      node: parts.node,
      action: parts.action,
      fields: fields.map(({ field }) => field),
      steps: parts.steps,
      base: parts.base,
      notes: parts.notes ?? [],
      origin: desired.origin,
      after: [],
    },
    blocked: parts.blocked,
    labels: desired.object.metadata.labels ?? {},
    ...(volume.ownerKey === undefined ? {} : { ownerKey: volume.ownerKey }),
  }
}

type Restoration = Omit<DraftParts, 'action' | 'steps' | 'notes'> & { readonly fields: readonly JudgedField[] }

/** The same disk comes back from quarantine; it grows where Git asks for more now. Another content under the name waits. */
function restoreVolume(parts: Restoration, quarantined: { readonly until: string }): Draft {
  const { volume, fields, blocked } = parts
  if (fields.some(({ act }) => act === 'refuse')) {
    blocked.push({
      reason: 'Conflict',
      message: `A disk of this name with other content is in quarantine until ${quarantined.until}.`,
      unblock: 'Bring the old manifest back, wait until then, or give the new DataVolume another name.',
    })
  }
  const steps = [volumeStep('RestoreVolume', volume, 'none')]
  if (fields.some(({ act }) => act === 'resize')) steps.push(volumeStep('ResizeVolume', volume, 'none'))
  return draftOf({ ...parts, action: 'create', steps, notes: ['The disk comes back from quarantine as it was.'] })
}

const sizePath = (volume: VolumeSpec): string => `spec.${volume.spec.storage === undefined ? 'pvc' : 'storage'}.resources.requests.storage`

/** Differences from what was applied; the size reads as Git has it. */
function volumeFields({ context, volume, sighting }: Update): JudgedField[] {
  const { applied, phase } = sighting.object
  if (applied === undefined) return []
  const finished = phase === 'Succeeded'
  const active = finished && inUse(context, volume)
  const from = volumeView(applied, finished)
  const to = volumeView(volume, finished)
  return judgeFields({ kind: 'DataVolume', from, to, active }).map((one) =>
    one.field.path === 'sizeBytes'
      ? { ...one, field: { ...one.field, path: sizePath(volume), before: requestedSize(applied.spec), after: requestedSize(volume.spec) } }
      : one,
  )
}

/** True where a guest that runs has this disk. */
function inUse(context: PlanContext, volume: VolumeSpec): boolean {
  const users = [...(volume.ownerKey === undefined ? [] : [volume.ownerKey]), ...context.input.desired.dependents(volume.key)]
  return users.some((key) => context.sightings(key).some(({ object }) => object.kind === 'VirtualMachine' && isActive(object)))
}
