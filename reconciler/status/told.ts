import { hash } from 'node:crypto'
import type { ObjectKey } from '../lib/object-key.ts'
import type { ObservedView } from '../observed/types.ts'
import type { SuspensionPlace } from '../plan/suspended.ts'
import type { World } from './subject.ts'

/**
 * A digest of all that the API objects of a machine or a disk follow from, made of digests that are at hand, so that no body has to be
 * parsed; of the owner, that it is there. Undefined for other kinds, and while a change, a finding or a fault is to be told: then the objects are always put together.
 */
export function toldPrint(world: World, key: ObjectKey, isServed: (key: ObjectKey) => boolean): string | undefined {
  const desired = world.desired.get(key)
  if (desired?.kind !== 'VirtualMachine' && desired?.kind !== 'DataVolume') return undefined
  if (hasNews(world, key)) return undefined
  const { path, line, column } = desired.origin
  const { ownerKey = '' } = desired
  const parts = [desired.digest, `${path}:${line}:${column}`, ownerKey, isServed(ownerKey) ? 'owned' : '']
  if (!addSightings(parts, world.observed, key)) return undefined
  for (const reference of desired.references) {
    if (!reference.startsWith('DataVolume/')) continue
    // A machine tells of its disks: whether they are there, and how far they are.
    const wanted = world.desired.get(reference) !== undefined || world.desired.isUnknownKey(reference)
    parts.push(reference, wanted ? 'wanted' : 'missing')
    if (!addSightings(parts, world.observed, reference)) return undefined
  }
  return hash('sha256', parts.join('\n'), 'base64url')
}

function placeOf(world: World, key: ObjectKey): SuspensionPlace {
  return { key, ownerKey: world.desired.get(key)?.ownerKey, node: world.observed.get(key)[0]?.node ?? '' }
}

function hasNews(world: World, key: ObjectKey): boolean {
  if (world.desired.isUnknownKey(key) || world.failure(key) !== undefined) return true
  if (world.leases.has(key)) return true
  if (world.suspensions.any && world.suspensions.byPerson(placeOf(world, key)) !== undefined) return true
  return world.changes(key).length > 0 || world.findings(key).length > 0 || world.errors(key).length > 0
}

/** What each node tells of a key, and what of the node goes into status. False where a sighting has no digest. */
function addSightings(parts: string[], observed: ObservedView, key: ObjectKey): boolean {
  for (const { node: name, print } of observed.get(key)) {
    if (print === undefined) return false
    const node = observed.node(name)
    parts.push(name, String(node?.connected ?? false), node?.facts.acceleratorReason ?? '', print)
  }
  return true
}
