import type { ObservedMachine, ObservedObject } from '../../schemas/generated/observation.ts'
import type { ObjectKey } from '../lib/object-key.ts'
import type { Brief, Demand, Sighting } from '../observed/types.ts'
import { demandOf, volumeKeys } from './resolve/template.ts'

/** What plans ask of every machine, whatever changed: its disks, and what it takes of its node; undefined for other kinds. */
export function briefOf(object: ObservedObject): Brief | undefined {
  if (object.kind !== 'VirtualMachine') return undefined
  const demand = demandOfMachine(object)
  return { disks: disksOf(object), ...(demand === undefined ? {} : { demand }) }
}

/** The brief that a sighting carries, or one made now. */
export function briefOfSighting(sighting: Sighting): Brief | undefined {
  return sighting.brief ?? briefOf(sighting.object)
}

function disksOf({ applied, booted }: ObservedMachine): ObjectKey[] {
  const keys = [applied, booted].flatMap((spec) => (spec === undefined ? [] : volumeKeys(spec.namespace, spec.template)))
  return [...new Set(keys)]
}

function demandOfMachine({ applied }: ObservedMachine): Demand | undefined {
  return applied === undefined || applied.runStrategy === 'Halted' ? undefined : demandOf(applied.template)
}
