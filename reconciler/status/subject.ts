import type { MachineSpec, Change, Finding, PolicySpec, VolumeSpec } from '../../schemas/generated/plan.ts'
import type { ObservedMachine, ObservedPolicy, ObservedVolume } from '../../schemas/generated/observation.ts'
import type { DesiredObject, DesiredView, ManifestError } from '../desired/types.ts'
import { parseKey, type ObjectKey } from '../lib/object-key.ts'
import type { ObservedView, Sighting } from '../observed/types.ts'
import type { Suspensions } from '../plan/suspended.ts'
import type { Lease } from '../plan/types.ts'
import { isUnknownWish } from '../plan/wish.ts'

/** All that one pass summarises. */
export type World = {
  readonly desired: DesiredView
  readonly observed: ObservedView
  readonly now: Date
  changes(key: ObjectKey): readonly Change[]
  findings(key: ObjectKey): readonly Finding[]
  errors(key: ObjectKey): readonly ManifestError[]
  /** What an agent last said of a change that it could not finish; gone once one was. */
  failure(key: ObjectKey): Failure | undefined
  /** What people and Git hold back. */
  readonly suspensions: Suspensions
  /** By their machine; some may be over. */
  readonly leases: ReadonlyMap<ObjectKey, Lease>
}

export type Failure = { readonly code: string; readonly message: string; readonly node: string }

/** All that is known of one key of Git. */
export type Subject = {
  readonly key: ObjectKey
  readonly kind: string
  readonly namespace: string
  readonly name: string
  readonly desired: DesiredObject | undefined
  readonly sightings: readonly Sighting[]
  readonly changes: readonly Change[]
  readonly findings: readonly Finding[]
  readonly errors: readonly ManifestError[]
  /** True: its document is broken, so that what Git wants is unknown. */
  readonly broken: boolean
  /** True: applied somewhere, and Git has it no longer. */
  readonly deleting: boolean
  readonly world: World
}

export function subjectOf(world: World, key: ObjectKey): Subject {
  const sightings = world.observed.get(key)
  const desired = world.desired.get(key)
  const broken = isUnknownWish(key, world.desired, world.observed)
  return {
    key,
    ...parseKey(key),
    desired,
    sightings,
    changes: world.changes(key),
    findings: world.findings(key),
    errors: world.errors(key),
    broken,
    deleting: desired === undefined && !broken && sightings.length > 0,
    world,
  }
}

type ObservedByKind = {
  readonly VirtualMachine: ObservedMachine
  readonly DataVolume: ObservedVolume
  readonly NodeNetworkConfigurationPolicy: ObservedPolicy
}

type AppliedByKind = {
  readonly VirtualMachine: MachineSpec
  readonly DataVolume: VolumeSpec
  readonly NodeNetworkConfigurationPolicy: PolicySpec
}

/** The spec that a host has, for an object that Git no longer tells of. */
export function appliedOf<K extends keyof AppliedByKind>(subject: Subject, kind: K): AppliedByKind[K] | undefined {
  const found = subject.sightings.find(({ object }) => object.kind === kind && object.applied !== undefined)
  return found?.object.applied as AppliedByKind[K] | undefined
}

/** The sightings of the kind that the key says, typed. */
export function observedOf<K extends keyof ObservedByKind>(
  subject: Subject,
  kind: K,
): readonly { readonly node: string; readonly object: ObservedByKind[K] }[] {
  return subject.sightings.filter((sighting) => sighting.object.kind === kind) as { node: string; object: ObservedByKind[K] }[]
}

/** path:line:column of the object's document, from Git or from what was applied. */
export function originOf(subject: Subject): string | undefined {
  const applied = subject.sightings.map(({ object }) => object.applied).find((spec) => spec !== undefined)
  const origin = subject.desired?.origin ?? applied?.origin
  return origin === undefined ? undefined : `${origin.path}:${origin.line}:${origin.column}`
}

/** True where no change with something to do waits for this object. */
export function isSettled(subject: Subject): boolean {
  return !subject.broken && subject.changes.every((change) => change.action === 'none')
}
