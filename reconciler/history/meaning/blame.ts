import type { JudgedObject } from '../../desired/judge/types.ts'
import { leavesOf, sameLeaf, type Leaf } from './fields.ts'
import type { Version } from './version.ts'

/** One field of an object, and the version whose commit gave it its value. */
export type FieldOrigin = Leaf & { readonly path: string; readonly version: Version; readonly isDefault: boolean }

/**
 * Who set each field of an object, in the object's own order. Entries of named lists are followed by their names, so that another order of
 * them changes nobody's part.
 * @param stated the object as Git says it, without defaults: fields that it lacks are marked
 */
export function blameFields(version: Version, object: JudgedObject, stated: unknown): FieldOrigin[] {
  const leaves = createLeaves()
  const told = stated === undefined ? undefined : leavesOf(stated)
  return [...leavesOf(object.object)].map(([path, leaf]) => ({
    ...leaf,
    path,
    version: setter({ version, leaves, kind: object.kind, path }),
    isDefault: told !== undefined && !told.has(path) && !isTold(path, told),
  }))
}

/** `running` is the old way to write `runStrategy`. */
function isTold(path: string, told: ReadonlyMap<string, Leaf>): boolean {
  return path === 'spec.runStrategy' && told.has('spec.running')
}

type LeavesOf = (version: Version) => ReadonlyMap<string, Leaf>

type Search = { readonly version: Version; readonly leaves: LeavesOf; readonly kind: string; readonly path: string }

/** Goes back while some parent has the value; the first parent that has it is followed. */
function setter({ version, leaves, kind, path }: Search): Version {
  let at = version
  for (;;) {
    const value = leaves(at).get(path)
    const from = at.bases.find(
      (base) => sameLeaf(kind, path, { one: leaves(base).get(path), other: value }) && base.state.status === 'known',
    )
    if (from === undefined) return at
    at = from
  }
}

function createLeaves(): LeavesOf {
  const known = new Map<Version, ReadonlyMap<string, Leaf>>()
  return (version) => {
    const found = known.get(version)
    if (found !== undefined) return found
    const leaves = leavesOf(version.state.status === 'known' ? version.state.judged.object : undefined)
    known.set(version, leaves)
    return leaves
  }
}
