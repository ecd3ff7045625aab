import { deepFreeze } from '../../lib/frozen.ts'
import type { Target } from './slots.ts'

/** Scalars by the places that they come in. */
export type Others = Map<Target, boolean | number | string>

type Collection = Record<string | number, unknown>

/** A collection on the way to scalars that may be exchanged, with those and the collections below it that are. */
type Part = {
  readonly shared: Collection
  /** The same, but never frozen: to copy what is frozen takes several times as long. */
  readonly pattern: Collection
  readonly scalars: { readonly key: string | number; readonly target: Target }[]
  readonly below: Map<string | number, Part>
}

/** Values of which some scalars can be exchanged: what lies on the way to one that is comes as a copy, all else is shared and frozen. */
export class Exchange {
  readonly #top: Part

  constructor(values: readonly unknown[], targets: Iterable<Target>) {
    for (const value of values) deepFreeze(value)
    this.#top = newPart(values)
    for (const target of targets) {
      let part = this.#top
      const way = [target.document, ...target.pointer]
      const key = way.pop() ?? target.document
      for (const step of way) part = partBelow(part, step)
      part.scalars.push({ key, target })
    }
  }

  /** The values with other scalars in these places; the places must be among those that were given. */
  with(others: Others): readonly unknown[] {
    return exchanged(this.#top, others) as unknown as readonly unknown[]
  }
}

function newPart(value: unknown): Part {
  const shared = value as Collection
  return { shared, pattern: copyOf(shared), scalars: [], below: new Map() }
}

function partBelow({ shared, below }: Part, key: string | number): Part {
  const known = below.get(key)
  if (known !== undefined) return known
  const part = newPart(shared[key])
  below.set(key, part)
  return part
}

function exchanged({ shared, pattern, scalars, below }: Part, others: Others): Collection {
  let copy: Collection | undefined
  for (const { key, target } of scalars) {
    const other = others.get(target)
    if (other !== undefined) (copy ??= copyOf(pattern))[key] = other
  }
  for (const [key, part] of below) {
    const value = exchanged(part, others)
    if (value !== part.shared) (copy ??= copyOf(pattern))[key] = value
  }
  return copy ?? shared
}

function copyOf(collection: Collection): Collection {
  return Array.isArray(collection) ? ((collection as readonly unknown[]).slice() as unknown as Collection) : { ...collection }
}
