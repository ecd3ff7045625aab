import type { FileListing } from '../../compare/listing-index.ts'
import { allEnded } from '../../lib/all-ended.ts'
import { digestOf } from '../../lib/digest.ts'
import type { SavedState } from '../../plan/saved-view.ts'
import { together, type PlacedListing } from '../../placed-listing.ts'
import { readOthers, type OthersToRead } from '../read-others.ts'
import { ownersIn } from '../state-owners.ts'
import type { Side } from './side.ts'

/**
 * A declared side with what the other sources of its environment declare; what runs has that already, and tells which source has what.
 * @throws what `readOthers` and `state` throw
 */
export async function sideWithOthers(
  side: Side,
  { state, ...options }: OthersToRead & { readonly state: () => Promise<SavedState> },
  stack: AsyncDisposableStack,
): Promise<Side> {
  if (side.kind === 'live') return side
  const [others, saved] = await allEnded([readOthers(options, stack), state()])
  let known: Promise<PlacedListing> | undefined
  const open = async (): Promise<PlacedListing> => together([{ ...(await side.list()), read: side.read }, ...others])
  const all = async (): Promise<PlacedListing> => await (known ??= open())
  const had = saved.sightings.map(({ object }) => [object.key, object.applied?.origin.path ?? ''])
  return {
    ...side,
    identity: `sources:${digestOf([side.identity, others.map(({ entries, refused }) => ({ entries, refused })), had])}`,
    list: async (): Promise<FileListing> => {
      const { entries, refused } = await all()
      return { entries, refused, owners: ownersIn(saved) }
    },
    read: async function* (ids) {
      yield* (await all()).read(ids)
    },
  }
}
