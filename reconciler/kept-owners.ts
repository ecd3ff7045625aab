import { createOwners, type Owners } from './desired/engine/owners.ts'
import { describeError } from './lib/errors.ts'
import { rootOf } from './lib/folders-above.ts'
import type { Logger } from './lib/log.ts'
import { sourceRoot } from './shared-desired.ts'
import type { Store } from './store/store.ts'

export type SavedOwners = {
  readonly owners: Owners
  /**
   * Keeps what changed over a restart; what cannot be written now is written the next time. Never throws.
   * @param isWhole as in `KeptOwners`
   */
  readonly save: (isWhole: boolean) => void
}

export type OwnersParts = { readonly store: { readonly owners: Store['owners'] }; readonly log: Logger }

/**
 * Which source has which object, as it was kept. What sources had that are not there any more is forgotten; where the environment has one
 * source only, all of it.
 * @param names of the other sources
 */
export function openOwners(names: readonly string[], { store, log }: OwnersParts): SavedOwners {
  const roots = new Set(names.length === 0 ? [] : ['', ...names.map(sourceRoot)])
  store.owners.keep((path) => roots.has(rootOf(path)))
  const owners = createOwners(store.owners.all())
  const save = (isWhole: boolean): void => {
    try {
      owners.save((changes) => store.owners.write(changes), isWhole)
    } catch (error) {
      log.warn({ error: describeError(error) }, 'cannot keep which source has which object; it is tried again')
    }
  }
  return { owners, save }
}
