import type { BlobCache } from './desired/cache.ts'
import type { ReadBlobs } from './desired/types.ts'
import { placedAs, type PlacedListing } from './placed-listing.ts'
import { renderOverlay } from './render/render.ts'
import { unreadSource } from './shared-desired.ts'
import type { Revision, Source } from './source/types.ts'

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
