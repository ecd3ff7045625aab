import { hash } from 'node:crypto'
import { digestOf } from '../lib/digest.ts'
import type { Logger } from '../lib/log.ts'
import type { BlobEntry, Listing, RefusedEntry, Source } from './types.ts'

/** The listing of one commit. */
export type KeptListing = Listing & { readonly commit: string }

/** Keeps the listing of one revision over restarts, so that the next start lists only what changed since. */
export type ListingKeeper = {
  /** Files that a listing may have. */
  readonly mostEntries: number
  /** Undefined where there is none, or it is damaged, or other rules made it. */
  last(): KeptListing | undefined
  keep(listing: KeptListing): void
}

/** Where texts are kept by id, those of one version of the code only. */
export type TextCache = {
  get(ids: readonly string[]): ReadonlyMap<string, string>
  put(entries: Iterable<readonly [id: string, text: string]>): void
}

export type KeeperOptions = {
  readonly cache: TextCache
  /** All that decides what is listed of a commit: the folder, and the bounds of the source. */
  readonly scope: unknown
  /** Files that a listing may have. */
  readonly mostEntries: number
  readonly log: Logger
}

/** Keeps it as one text that begins with a digest of the rest. */
export function createListingKeeper({ cache, scope, mostEntries, log }: KeeperOptions): ListingKeeper {
  // Ids of blobs have no space.
  const id = `listing ${digestOf(scope)}`
  return {
    mostEntries,
    last: () => {
      const text = cache.get([id]).get(id)
      const listing = text === undefined ? undefined : listingOf(text)
      if (text !== undefined && listing === undefined) log.warn({}, 'the kept listing is damaged; the whole tree is listed again')
      return listing
    },
    keep: (listing) => {
      // A blob that is missing may be there the next time.
      if (listing.refused.every(({ code }) => code !== 'Missing')) cache.put([[id, textOf(listing)]])
    },
  }
}

/** One flat array: ten thousand small objects would take several times as long to read. */
type Flat = { readonly commit: string; readonly refused: readonly RefusedEntry[]; readonly entries: readonly (string | number | null)[] }

function textOf({ commit, refused, entries }: KeptListing): string {
  const flat: Flat = { commit, refused, entries: entries.flatMap(({ path, id, size }) => [path, id, size ?? null]) }
  const text = JSON.stringify(flat)
  return `${hash('sha256', text)}\n${text}`
}

function listingOf(whole: string): KeptListing | undefined {
  const start = whole.indexOf('\n') + 1
  const text = whole.slice(start)
  if (whole.slice(0, start) !== `${hash('sha256', text)}\n`) return undefined
  const { commit, refused, entries: flat } = JSON.parse(text) as Flat
  const entries: BlobEntry[] = []
  for (let at = 0; at < flat.length; at += 3) {
    const [path, id, size] = [String(flat[at]), String(flat[at + 1]), flat[at + 2]]
    entries.push(typeof size === 'number' ? { path, id, size } : { path, id })
  }
  return { commit, refused, entries }
}

/**
 * The listing of a commit: what is kept of an earlier one, and what changed since; the whole tree where nothing usable is kept, as when
 * the repository no longer has the earlier commit.
 * @throws whatever `list` throws
 */
export async function listCommit(source: Pick<Source, 'list' | 'changes'>, commit: string, keeper?: ListingKeeper): Promise<Listing> {
  const kept = keeper?.last()
  const since = kept === undefined ? undefined : await source.changes(kept.commit, commit).catch(() => undefined)
  const changed = kept === undefined || since === undefined ? undefined : withChanges(kept, since)
  // Listing the whole tree says what is wrong with so many files.
  const fits = changed !== undefined && changed.entries.length <= (keeper?.mostEntries ?? 0)
  const listing = fits ? changed : await source.list(commit)
  if (listing !== kept) keeper?.keep({ ...listing, commit })
  return listing
}

function withChanges(before: Listing, { changes, refused }: Awaited<ReturnType<Source['changes']>>): Listing {
  if (changes.length === 0 && refused.length === 0) return before
  const entries = new Map(before.entries.map((entry) => [entry.path, entry]))
  const refusals = new Map(before.refused.map((entry) => [entry.path, entry]))
  for (const { path, after: id } of changes) {
    refusals.delete(path)
    if (id === undefined) entries.delete(path)
    else entries.set(path, { path, id })
  }
  for (const entry of refused) {
    entries.delete(entry.path)
    refusals.set(entry.path, entry)
  }
  return { entries: [...entries.values()], refused: [...refusals.values()] }
}
