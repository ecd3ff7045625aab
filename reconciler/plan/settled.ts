import { hash } from 'node:crypto'
import { builtInStorageClass } from '../../schemas/provisioners.ts'
import type { DesiredObject } from '../desired/types.ts'
import { digestOf } from '../lib/digest.ts'
import { objectKey, type ObjectKey } from '../lib/object-key.ts'
import type { PlanContext } from './context.ts'

/**
 * Machines and disks that need nothing and of which nothing is to be told: by key, a digest of all that this was found from. A plan that is
 * handed this map passes over what it finds in it, and brings the map up to what it found itself; its result is the same with any map that
 * plans of the same code have filled.
 */
export type Settled = {
  get(key: ObjectKey): string | undefined
  set(key: ObjectKey, print: string): unknown
  delete(key: ObjectKey): unknown
}

const builtInClass = objectKey('StorageClass', '', builtInStorageClass)

/** Digests of what the plan of one object looks at, made of digests that are at hand, so that no body has to be parsed. */
export class InputPrints {
  readonly #context: PlanContext
  /** What any object's plan looks at. */
  readonly #common: string

  constructor(context: PlanContext) {
    const { desired, inputSalt } = context.input
    this.#context = context
    const classes = [...desired.keysOf('StorageClass')].sort().map((key) => [key, desired.get(key)?.digest])
    this.#common = digestOf([context.policyDigest, classes, inputSalt ?? null])
  }

  /**
   * The digest for one object; undefined where its plan looks at more than digests tell, as when it is on several nodes or refers to what
   * Git does not have. Of hosts nothing goes in: they decide where an object goes, not whether one that is somewhere needs something.
   */
  of(desired: DesiredObject): string | undefined {
    const [sighting, second] = this.#context.sightings(desired.key)
    if (sighting?.print === undefined || second !== undefined) return undefined
    const parts = [this.#common, desired.digest, desired.origin.path, desired.ownerKey ?? '', sighting.node, sighting.print]
    for (const key of desired.references) {
      const digest = this.#referenceDigest(key)
      if (digest === undefined) return undefined
      parts.push(key, digest)
    }
    return hash('sha256', parts.join('\n'), 'base64url')
  }

  #referenceDigest(key: ObjectKey): string | undefined {
    const { desired } = this.#context.input
    if (desired.isUnknownKey(key)) return undefined
    // Undeclared, the built-in class is what the code says.
    return desired.get(key)?.digest ?? (key === builtInClass ? 'built in' : undefined)
  }
}
