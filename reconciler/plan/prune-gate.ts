import type { ObservedMachine, ObservedVolume } from '../../schemas/generated/observation.ts'
import type { Block } from '../../schemas/generated/plan.ts'
import { formatBytes } from '../lib/quantity.ts'
import type { ObjectKey } from '../lib/object-key.ts'
import { foldersAbove } from '../lib/folders-above.ts'
import type { PlanContext } from './context.ts'
import { parseDuration } from '../lib/duration.ts'

const pruneAnnotation = 'gitvirt.io/prune'
export const quarantineAnnotation = 'gitvirt.io/quarantine'

/** True where the applied object says that it outlives its file: annotation `gitvirt.io/prune: disabled`. */
export function isProtected(context: PlanContext, key: ObjectKey): boolean {
  return context.sightings(key).some(({ object }) => {
    return object.kind !== 'NodeNetworkConfigurationPolicy' && object.applied?.annotations[pruneAnnotation] === 'disabled'
  })
}

/** The block of a deletion whose object carries a value that nobody can read in an annotation about deletion; empty where none does. */
export function unreadableBlocks(context: PlanContext, key: ObjectKey): Block[] {
  const all = context.sightings(key).map(({ object }) => (object.kind === 'NodeNetworkConfigurationPolicy' ? {} : annotationsOf(object)))
  return all.flatMap(unreadable)
}

/**
 * The block of a deletion that nobody can judge: the machine's record on its host is lost, and with it the file that it came from,
 * which may only be broken, and the annotations that may protect it. Empty where the record is there.
 */
export function unrecordedBlocks(context: PlanContext, key: ObjectKey): Block[] {
  return context
    .sightings(key)
    .filter(({ object }) => object.kind === 'VirtualMachine' && object.applied === undefined)
    .map(({ node }) => ({
      reason: 'PruneThreshold',
      message: `Its record on ${node} is lost, so nobody can tell which file it came from, nor whether an annotation protects it.`,
      unblock: 'Approve the deletion if it is meant; bring the manifest back into Git to keep the machine.',
    }))
}

function annotationsOf({ applied }: ObservedMachine | ObservedVolume): Readonly<Record<string, string>> {
  return applied?.annotations ?? {}
}

function unreadable(annotations: Readonly<Record<string, string>>): Block[] {
  const quarantine = annotations[quarantineAnnotation]
  const prune = annotations[pruneAnnotation]
  const texts = [
    ...(quarantine === undefined || parseDuration(quarantine) !== undefined ? [] : [`${quarantineAnnotation}: ${quarantine}`]),
    ...(prune === undefined || prune === 'enabled' || prune === 'disabled' ? [] : [`${pruneAnnotation}: ${prune}`]),
  ]
  return texts.map((text) => ({
    reason: 'PruneThreshold',
    message: `Nobody can tell what its annotation "${text}" means, so it is not deleted.`,
    unblock: 'Approve the deletion, or bring the manifest back and correct the annotation.',
  }))
}

/** What waits to be deleted in all, whichever keys this pass looks at. */
export type PruneTotals = { readonly count: number; readonly applied: number; readonly bytes: number }

/**
 * Counts everything that Git no longer has, so that a pass over a few keys cannot slip below the limits piece by piece.
 * Keys in `approved` no longer count: a person allowed them.
 */
export function pruneTotals(context: PlanContext, approved: ReadonlySet<ObjectKey>): PruneTotals {
  let count = 0
  let applied = 0
  let bytes = 0
  for (const key of context.input.observed.keys()) {
    if (!key.startsWith('VirtualMachine/') && !key.startsWith('DataVolume/')) continue
    const objects = context.sightings(key).map(({ object }) => object)
    if (objects.every((object) => object.kind === 'DataVolume' && object.quarantined !== undefined)) continue
    applied += 1
    if (context.desired(key) !== undefined || approved.has(key) || context.isUnknown(key) || isProtected(context, key)) continue
    count += 1
    for (const object of objects) if (object.kind === 'DataVolume') bytes += object.allocatedBytes ?? 0
  }
  return { count, applied, bytes }
}

/** Applied objects below which the share in percent says nothing. */
const smallest = 10

/** The block of every deletion while a limit of the Fleet is exceeded; undefined below the limits. */
export function pruneBlock(context: PlanContext, totals: PruneTotals): Block | undefined {
  const { prune } = context.policy
  const block = (message: string, unblock: string): Block => ({ reason: 'PruneThreshold', message, unblock })
  const approve = 'Approve the deletions'
  if (!prune.enabled) return block('spec.prune.enabled is false: nothing is deleted because its file is gone.', `${approve}, or enable it.`)
  if (isEmpty(context)) {
    return block(
      `Git has no machine, volume or network policy left, and ${totals.applied} objects are applied.`,
      `Look whether branch and path are right. ${approve} if nothing shall be left.`,
    )
  }
  const strange = strangePath(context)
  if (strange !== undefined) {
    return block(
      `${strange} cannot be read, and nothing that is applied comes from it: what is gone elsewhere may have moved there.`,
      `Mend or remove it. ${approve} if they are meant.`,
    )
  }
  if (totals.count > prune.maxCount) {
    return block(
      `${totals.count} machines and volumes would be deleted; spec.prune.maxCount is ${prune.maxCount}.`,
      `${approve}, or raise spec.prune.maxCount in gitvirt.yaml.`,
    )
  }
  const percent = totals.applied === 0 ? 0 : (totals.count / totals.applied) * 100
  if (totals.applied >= smallest && percent > prune.maxPercent) {
    return block(
      `${totals.count} of ${totals.applied} machines and volumes (${Math.round(percent)} %) would be deleted; spec.prune.maxPercent is ${prune.maxPercent}.`,
      `${approve}, or raise spec.prune.maxPercent in gitvirt.yaml.`,
    )
  }
  if (prune.maxBytes !== undefined && totals.bytes > prune.maxBytes) {
    return block(
      `${formatBytes(totals.bytes)} of disks would be deleted; spec.prune.maxBytes is ${formatBytes(prune.maxBytes)}.`,
      `${approve}, or raise spec.prune.maxBytes in gitvirt.yaml.`,
    )
  }
  return undefined
}

function isEmpty(context: PlanContext): boolean {
  const { desired } = context.input
  for (const kind of ['VirtualMachine', 'DataVolume', 'NodeNetworkConfigurationPolicy'] as const) {
    for (const _ of desired.keysOf(kind)) return false
  }
  return true
}

/**
 * The first manifest that Git has, nobody can read, and no applied object comes from: a renamed file that broke looks like that.
 * Links and submodules of other names hold no manifests; what stood below one is known by its own path.
 */
function strangePath(context: PlanContext): string | undefined {
  const paths = [...context.input.desired.unknownPaths()].filter((path) => /\.(?:ya?ml|json)$/i.test(path)).sort()
  if (paths.length === 0) return undefined
  const origins = new Set<string>()
  for (const key of context.input.observed.keys()) {
    for (const { object } of context.sightings(key)) {
      const path = object.applied?.origin.path
      if (path !== undefined) for (const one of [path, ...foldersAbove(path)]) origins.add(one)
    }
  }
  return paths.find((path) => !origins.has(path))
}
