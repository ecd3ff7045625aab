import { createOwners, triedWith, type Owners } from '../desired/engine/owners.ts'
import type { ObjectKey } from '../lib/object-key.ts'
import type { SavedState } from '../plan/saved-view.ts'

/** Which file an object was applied from, as its host tells: that source has it, whoever declares it now. */
export function ownersIn({ sightings }: SavedState): Owners {
  const applied = sightings.flatMap(({ object }): [ObjectKey, string][] =>
    object.applied === undefined ? [] : [[object.key, object.applied.origin.path]],
  )
  return triedWith(createOwners(applied))
}
