import { isDeepStrictEqual } from 'node:util'
import type { ObservedObject } from '../../schemas/generated/observation.ts'
import type { MachineSpec } from '../../schemas/generated/plan.ts'
import { digestOf } from '../lib/digest.ts'

/** Gives equal values one shared object. Values are immutable by agreement. */
export type Interner = { intern<T extends object>(value: T): T }

/** Makes an interner that holds its values weakly: what nobody uses any more is freed. */
export function createInterner(): Interner {
  const pool = new Map<string, WeakRef<object>>()
  const freed = new FinalizationRegistry<string>((digest) => {
    if (pool.get(digest)?.deref() === undefined) pool.delete(digest)
  })
  return {
    intern<T extends object>(value: T): T {
      const digest = digestOf(value)
      const known = pool.get(digest)?.deref()
      if (known !== undefined) return known as T
      pool.set(digest, new WeakRef(value))
      freed.register(value, digest)
      return value
    },
  }
}

/**
 * Makes an observed object share what it has in common with others: most machines run what was applied,
 * most reports repeat the last one's spec, and fleets use few distinct domains.
 */
export function shareParts(object: ObservedObject, previous: ObservedObject | undefined, interner: Interner): ObservedObject {
  if (object.kind !== 'VirtualMachine') return shareApplied(object, previous)
  const old = previous?.kind === 'VirtualMachine' ? previous : undefined
  const applied = object.applied === undefined ? undefined : shareMachine(object.applied, old?.applied, interner)
  const booted = object.booted === undefined ? undefined : shareMachine(object.booted, [applied, old?.booted], interner)
  return { ...object, ...(applied === undefined ? {} : { applied }), ...(booted === undefined ? {} : { booted }) }
}

function shareApplied<T extends ObservedObject>(object: T, previous: ObservedObject | undefined): T {
  if (object.applied === undefined || !isDeepStrictEqual(object.applied, previous?.applied)) return object
  return { ...object, applied: previous?.applied }
}

type Candidate = MachineSpec | undefined

function shareMachine(machine: MachineSpec, candidates: Candidate | readonly Candidate[], interner: Interner): MachineSpec {
  const equal = [candidates].flat().find((candidate) => isDeepStrictEqual(candidate, machine))
  if (equal !== undefined) return equal
  const { template } = machine
  return {
    ...machine,
    labels: interner.intern(machine.labels),
    annotations: interner.intern(machine.annotations),
    template:
      template.spec === undefined ? template : { ...template, spec: { ...template.spec, domain: interner.intern(template.spec.domain) } },
  }
}
