import type { ObservedMachine } from '../../schemas/generated/observation.ts'
import { addedReaders } from './read-back-added.ts'
import { deviceReaders } from './read-back-devices.ts'
import { DriftMap, type Reader, type ReadField } from './read-back-drift.ts'
import { guestReaders } from './read-back-guest.ts'
import { sizeReaders } from './read-back-size.ts'

/** What was changed on a domain by hand, as far as a manifest can say it. */
export type ReadBack = {
  readonly fields: readonly ReadField[]
  /** Paths of drift that no field tells; never values. */
  readonly left: readonly string[]
}

const readers: readonly Reader[] = [...sizeReaders, ...guestReaders, ...deviceReaders, ...addedReaders]

/**
 * Reads drift back into the fields of a manifest. Pure.
 * @param hostPaths folders whose files the Fleet lets machines use; disks that were added from elsewhere are left
 */
export function readBack(observed: ObservedMachine, hostPaths: readonly string[] = []): ReadBack {
  const spec = observed.applied?.template.spec
  const drift = new DriftMap(observed.drift)
  if (spec === undefined) return { fields: [], left: drift.paths }
  const fields = readers.flatMap((read) => read(drift, spec, { ...observed, hostPaths }))
  const told = new Set(fields.flatMap(({ from }) => from))
  return { fields, left: drift.paths.filter((path) => !told.has(path)) }
}
