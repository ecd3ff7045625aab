import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import type { Comparison } from '../../compare/types.ts'
import { createMemoryBlobCache, type BlobCache } from '../../desired/cache.ts'
import type { OtherSource } from '../../follow-others.ts'
import { allEnded } from '../../lib/all-ended.ts'
import { GitvirtError } from '../../lib/errors.ts'
import type { ObjectKey } from '../../lib/object-key.ts'
import type { SavedState } from '../../plan/saved-view.ts'
import type { LocalRepository } from '../../source/local-repository.ts'
import { openComparisonCache, openRenderCache } from '../../store/manifest-cache.ts'
import { openSide, type SidePorts } from './open-side.ts'
import type { Operand } from './operand.ts'
import type { Side } from './side.ts'

export type DiffOptions = {
  readonly base: Operand
  readonly other: Operand
  readonly selects?: ((key: ObjectKey) => boolean) | undefined
  /** A folder of the repository that both sides of Git are read from. */
  readonly repo: string
  /** Other sources of the environment, where one side is what runs. */
  readonly others?: readonly OtherSource[]
  /** Where what was read is kept; undefined keeps nothing. */
  readonly cacheDir: string | undefined
  readonly state: () => Promise<SavedState>
}

/** A place in the caller's own folder for caches; a user without one gets none made. */
export function defaultCacheDir(): string | undefined {
  const root = process.env['XDG_CACHE_HOME'] ?? join(process.env['HOME'] ?? homedir(), '.cache')
  return existsSync(root) ? join(root, 'gitvirt', 'compare') : undefined
}

/**
 * Compares two sides; the values in the result are masked. What was compared before is answered from the cache, without loading the
 * code that compares.
 * @throws GitvirtError what opening a side throws
 */
export async function runDiff(options: DiffOptions): Promise<Comparison> {
  if ((options.others ?? []).length > 0 && options.base.kind !== 'live' && options.other.kind !== 'live') throw onlyWithLive()
  await using stack = new AsyncDisposableStack()
  const cache = openCache(options.cacheDir, stack)
  const repository = lazyRepository(options.repo, stack)
  let asked: Promise<SavedState> | undefined
  const state = async (): Promise<SavedState> => await (asked ??= options.state())
  const ports = { repo: options.repo, repository, renderings: openRenderings(options.cacheDir, stack), state }
  const opened = await allEnded([openSide(options.base, ports), openSide(options.other, ports)])
  const [base, other] = await withOthers(options, opened, { ...ports, stack })
  const { selects } = options
  const compute = async (): Promise<Comparison> => {
    const { computeDiff } = await import('./compute.ts')
    return await computeDiff(base, other, { cache, selects })
  }
  return selects === undefined ? await remembered({ base, other, cache }, compute) : await compute()
}

type Beside = Pick<SidePorts, 'renderings' | 'state'> & { readonly stack: AsyncDisposableStack }

/** What runs is of all sources, so that what is declared must be so too. */
async function withOthers(
  { others = [], cacheDir }: DiffOptions,
  [left, right]: [Side, Side],
  { renderings, state, stack }: Beside,
): Promise<[Side, Side]> {
  if (others.length === 0) return [left, right]
  const { sideWithOthers } = await import('./side-with-others.ts')
  const add = async (side: Side): Promise<Side> => await sideWithOthers(side, { others, cacheDir, renderings, state }, stack)
  return [await add(left), await add(right)]
}

function onlyWithLive(): GitvirtError {
  return new GitvirtError({
    code: 'InvalidFlag',
    message: 'error: --also belongs to a comparison with live',
    action: 'Compare the folders of one source; what the others declare is the same on both sides.',
  })
}

/** A cache that cannot be opened costs time, never the answer. */
export function openCache(dir: string | undefined, stack: AsyncDisposableStack): BlobCache {
  if (dir === undefined) return createMemoryBlobCache()
  try {
    return stack.adopt(openComparisonCache(dir), (value) => value.close())
  } catch {
    return createMemoryBlobCache()
  }
}

/** What overlays render to, apart from what is compared: it holds what manifests hold, Secrets of generators too, for the owner only. */
function openRenderings(dir: string | undefined, stack: AsyncDisposableStack): BlobCache {
  return dir === undefined ? createMemoryBlobCache() : stack.adopt(openRenderCache(dir), (value) => value.close())
}

export function lazyRepository(repo: string, stack: AsyncDisposableStack): () => Promise<LocalRepository> {
  let opened: Promise<LocalRepository> | undefined
  const open = async (): Promise<LocalRepository> => {
    const { openLocalRepository } = await import('../../source/local-repository.ts')
    return stack.adopt(await openLocalRepository(repo), async (one) => await one.close())
  }
  return async () => await (opened ??= open())
}

type Remembered = { readonly base: Side; readonly other: Side; readonly cache: BlobCache }

/** The result is a function of both sides, so it is kept under both identities. */
async function remembered({ base, other, cache }: Remembered, compute: () => Promise<Comparison>): Promise<Comparison> {
  if (base.kind === 'live' || other.kind === 'live') return await compute()
  const id = `comparison:${createHash('sha256').update(`${base.identity} ${other.identity}`).digest('hex')}`
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
