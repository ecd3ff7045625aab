import type { Finding, PoolSpec } from '../../schemas/generated/plan.ts'
import type { DesiredObject, DesiredView } from '../desired/types.ts'
import type { ObservedView, Sighting } from '../observed/types.ts'
import { digestOf } from '../lib/digest.ts'
import type { ObjectKey } from '../lib/object-key.ts'
import { inputDigest } from '../lib/input-values.ts'
import { loadPolicy, type ResolvedPolicy } from './resolve/policy.ts'
import { resolvePool, type PoolResult } from './resolve/pool.ts'
import { Suspensions } from './suspended.ts'
import type { PlanInput } from './types.ts'
import { isUnknownWish } from './wish.ts'

function fleetKey(desired: DesiredView): ObjectKey {
  return [...desired.keysOf('Fleet')].toSorted()[0] ?? 'Fleet//'
}

/** What the parts of one planning pass share: its input, and answers that are worth keeping for the pass. */
export class PlanContext {
  readonly input: PlanInput
  readonly policy: ResolvedPolicy
  readonly policyDigest: string
  readonly suspensions: Suspensions
  readonly findings: Finding[] = []
  readonly #pools = new Map<string, PoolResult>()
  #owned: ReadonlyMap<ObjectKey, readonly ObjectKey[]> | undefined
  readonly #inputs = new Map<ObjectKey, string>()

  constructor(input: PlanInput) {
    this.input = input
    const loaded = loadPolicy(input.policyFrom ?? input.desired)
    const { standing } = input
    this.policy = standing === undefined ? loaded.policy : { ...loaded.policy, ...standing.gates }
    this.policyDigest = standing === undefined ? loaded.digest : digestOf([loaded.digest, standing.gates])
    this.suspensions = new Suspensions(input.suspensions, { desired: input.policyFrom ?? input.desired, now: input.now })
    this.findings.push(...loaded.findings)
    if (standing !== undefined)
      this.findings.push({ severity: 'warning', code: 'PolicyHeld', key: fleetKey(input.desired), message: standing.message })
  }

  /** What Git wants of this key; undefined where Git does not have it. */
  desired(key: ObjectKey): DesiredObject | undefined {
    return this.input.desired.get(key)
  }

  sightings(key: ObjectKey): readonly Sighting[] {
    return this.input.observed.get(key)
  }

  /**
   * True where Git has the object but nobody can tell what it wants of it: its document, or the file it was applied from, does
   * not parse. Such an object is left alone.
   */
  isUnknown(key: ObjectKey): boolean {
    return isUnknownWish(key, this.input.desired, this.input.observed)
  }

  /** True for an encrypted Secret or ConfigMap that nobody opened. */
  isUnread(key: ObjectKey): boolean {
    const sealed = this.desired(key)?.sealed
    return sealed !== undefined && sealed.values() === undefined
  }

  /** Disks on hosts that were last applied as ones of this machine's template; in order. */
  disksOwnedBy(owner: ObjectKey): readonly ObjectKey[] {
    this.#owned ??= ownedDisks(this.input.observed)
    return this.#owned.get(owner) ?? []
  }

  pool(className: string | undefined): PoolResult {
    const name = className ?? ''
    const known = this.#pools.get(name)
    if (known !== undefined) return known
    const pool = resolvePool(this.input.desired, className)
    this.#pools.set(name, pool)
    return pool
  }

  /** Digest of a Secret or ConfigMap; undefined where Git does not have it. */
  inputDigest(key: ObjectKey): string | undefined {
    const known = this.#inputs.get(key)
    if (known !== undefined) return known
    const found = this.desired(key)
    if (found === undefined || (found.kind !== 'Secret' && found.kind !== 'ConfigMap')) return undefined
    const digest = found.sealed?.digest ?? inputDigest(found.object, this.input.inputSalt ?? '')
    this.#inputs.set(key, digest)
    return digest
  }
}

function ownedDisks(observed: ObservedView): ReadonlyMap<ObjectKey, readonly ObjectKey[]> {
  const owned = new Map<ObjectKey, ObjectKey[]>()
  for (const key of [...observed.keys()].filter((one) => one.startsWith('DataVolume/')).sort()) {
    const owners = observed.get(key).flatMap(({ object }) => (object.kind === 'DataVolume' ? (object.applied?.ownerKey ?? []) : []))
    for (const owner of new Set(owners)) owned.set(owner, [...(owned.get(owner) ?? []), key])
  }
  return owned
}

/** Where the pool of a volume that exists differs in format only, the image keeps its own. */
export function keepFormat(pool: PoolSpec, existing: PoolSpec | undefined): PoolSpec {
  return existing === undefined || existing.format === pool.format ? pool : { ...pool, format: existing.format }
}
