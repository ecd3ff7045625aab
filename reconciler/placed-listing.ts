import type { ReadBlobs, RefusedFile, TreeEntry } from './desired/types.ts'
import { placed } from './shared-desired.ts'

/** All that a source declares at one revision, at the paths that it has in the environment. */
export type PlacedListing = { readonly entries: readonly TreeEntry[]; readonly refused: readonly RefusedFile[]; readonly read: ReadBlobs }

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
