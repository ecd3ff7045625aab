import { homedir } from 'node:os'
import { join } from 'node:path'
import { compareSides } from '../../compare/compare.ts'
import { isSame, matchSides } from '../../compare/match.ts'
import type { Comparison, IndexedObject, Match } from '../../compare/types.ts'
import { createMemoryBlobCache, type BlobCache } from '../../desired/cache.ts'
import { digestOf } from '../../lib/digest.ts'
import type { ObjectKey } from '../../lib/object-key.ts'
import type { SavedState } from '../../plan/saved-view.ts'
import { openLocalRepository, type LocalRepository } from '../../source/local-repository.ts'
import { openComparisonCache } from '../../store/manifest-cache.ts'
import { openSide } from './open-side.ts'
import type { Operand } from './operand.ts'
import { policyOf, type Side } from './side.ts'

export type DiffOptions = {
  readonly base: Operand
  readonly other: Operand
  readonly selects?: ((key: ObjectKey) => boolean) | undefined
  /** Folder in the repository that both sides of Git are read from. */
  readonly repo: string
  /** Where what was read is kept; undefined keeps nothing. */
  readonly cacheDir: string | undefined
  readonly state: () => Promise<SavedState>
}

/** The caller's own folder for caches; undefined where there is no home. */
export function defaultCacheDir(): string | undefined {
  const root = process.env['XDG_CACHE_HOME'] ?? join(process.env['HOME'] ?? homedir(), '.cache')
  return root === '' ? undefined : join(root, 'gitvirt', 'compare')
}

/**
 * Compares two sides, reading and judging no more than differs.
 * @throws GitvirtError what opening a side throws
 */
export async function runDiff(options: DiffOptions): Promise<Comparison> {
  await using stack = new AsyncDisposableStack()
  const cache = openCache(options.cacheDir, stack)
  let opened: Promise<LocalRepository> | undefined
  const repository = async (): Promise<LocalRepository> => {
    opened ??= openLocalRepository(options.repo).then((value) => stack.adopt(value, async (one) => await one.close()))
    return await opened
  }
  const ports = { cache, repository, state: options.state }
  const base = await openSide(options.base, ports)
  const other = await openSide(options.other, ports)
  const compute = async (): Promise<Comparison> => await compare(base, other, options)
  return options.selects === undefined ? await remembered({ base, other, cache }, compute) : await compute()
}

/** A cache that cannot be opened costs time, never the answer. */
function openCache(dir: string | undefined, stack: AsyncDisposableStack): BlobCache {
  if (dir === undefined) return createMemoryBlobCache(256 * 2 ** 20)
  try {
    return stack.adopt(openComparisonCache(dir), (value) => value.close())
  } catch {
    return createMemoryBlobCache(256 * 2 ** 20)
  }
}

type Remembered = { readonly base: Side; readonly other: Side; readonly cache: BlobCache }

/** The result is a function of both sides, so it is kept under both identities. */
async function remembered({ base, other, cache }: Remembered, compute: () => Promise<Comparison>): Promise<Comparison> {
  if (base.identity === undefined || other.identity === undefined) return await compute()
  const id = `comparison:${digestOf([base.identity, other.identity])}`
  const known = parse(cache.get([id]).get(id))
  if (known !== undefined) return { ...known, base: base.name, other: other.name }
  const comparison = await compute()
  cache.put([[id, JSON.stringify(comparison)]])
  return comparison
}

function parse(text: string | undefined): Comparison | undefined {
  try {
    return text === undefined ? undefined : (JSON.parse(text) as Comparison)
  } catch {
    return undefined
  }
}

async function compare(base: Side, other: Side, { selects }: Pick<DiffOptions, 'selects'>): Promise<Comparison> {
  const sides = { base: await base.index(), other: await other.index() }
  // What runs has no policy of its own.
  const policy = await policyOf(sides.base.declared ? base : other)
  const matches = matchSides(sides.base, sides.other, { policy, selects })
  const differing = matches.filter((match) => match.base === 'there' && match.other === 'there' && !isSame(match))
  const bodies = { base: await base.load(objectsOf(differing, 'baseObject')), other: await other.load(objectsOf(differing, 'otherObject')) }
  return compareSides({
    names: { base: base.name, other: other.name },
    ...sides,
    matches,
    bodies: (side, { key }) => bodies[side].get(key),
    policy,
  })
}

function objectsOf(matches: readonly Match[], side: 'baseObject' | 'otherObject'): IndexedObject[] {
  return matches.flatMap((match) => match[side] ?? [])
}
