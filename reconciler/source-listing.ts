import type { BlobCache } from './desired/cache.ts'
import type { ReadBlobs, RefusedFile, TreeEntry } from './desired/types.ts'
import { renderOverlay } from './render/render.ts'
import { placed, unreadSource } from './shared-desired.ts'
import type { Revision, Source } from './source/types.ts'

/** All that a source declares at one revision, at the paths that it has in the environment. */
export type PlacedListing = { readonly entries: readonly TreeEntry[]; readonly refused: readonly RefusedFile[]; readonly read: ReadBlobs }

export type ListedSource = {
  /** Undefined for the environment's own source. */
  readonly name: string | undefined
  readonly source: Pick<Source, 'files' | 'list' | 'read'>
  readonly environment: { readonly root: string; readonly renderings: BlobCache }
  /** In force. */
  readonly revision: Revision | undefined
}

/** What a source declares at the revision in force; where there is none yet, nobody knows. */
export async function listingOf({ name, source, environment, revision }: ListedSource): Promise<PlacedListing> {
  const read: ReadBlobs = (ids) => source.read(ids)
  if (revision === undefined) return { entries: [], refused: name === undefined ? [] : [unreadSource(name)], read }
  const { root, renderings } = environment
  const overlay = await renderOverlay({ tree: await source.files(revision.commit), root, cache: renderings })
  const listed = overlay ?? { ...(await source.list(revision.commit)), read }
  return placedAs(name, { entries: listed.entries, refused: listed.refused, read: listed.read })
}

/** @param name of another source; undefined for the environment's own, whose paths are its own */
export function placedAs(name: string | undefined, listing: PlacedListing): PlacedListing {
  return name === undefined ? listing : placed(name, listing)
}

/** The files of several sources as those of one. */
export function together(all: readonly PlacedListing[]): PlacedListing {
  return {
    entries: all.flatMap(({ entries }) => entries),
    refused: all.flatMap(({ refused }) => refused),
    read: async function* (ids) {
      for (const { entries, read } of all) {
        const held = new Set(entries.map(({ id }) => id))
        yield* read(ids.filter((id) => held.has(id)))
      }
    },
  }
}
