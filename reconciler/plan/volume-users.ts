import type { ObjectKey } from '../lib/object-key.ts'
import { briefOfSighting } from './brief.ts'
import type { PlanContext } from './context.ts'

/** Machines on hosts by the disks that their definition or their running guest has. */
export class VolumeUsers {
  readonly #context: PlanContext
  #users: Map<ObjectKey, Set<ObjectKey>> | undefined
  #unrecorded: Map<string, Set<ObjectKey>> | undefined

  constructor(context: PlanContext) {
    this.#context = context
  }

  /** Keys of machines that have this disk now. The index is made when it is first asked for, as when a disk goes or gets another machine. */
  of(volume: ObjectKey): ReadonlySet<ObjectKey> {
    this.#users ??= this.#index()
    return this.#users.get(volume) ?? new Set()
  }

  /** Machines on this node whose record is lost: nobody knows which disks they have. */
  unrecordedOn(node: string): ReadonlySet<ObjectKey> {
    this.#unrecorded ??= this.#indexUnrecorded()
    return this.#unrecorded.get(node) ?? new Set()
  }

  #indexUnrecorded(): Map<string, Set<ObjectKey>> {
    const unrecorded = new Map<string, Set<ObjectKey>>()
    for (const key of this.#context.input.observed.keys()) {
      for (const { node, object } of this.#context.sightings(key)) {
        if (object.kind !== 'VirtualMachine' || object.applied !== undefined) continue
        unrecorded.set(node, (unrecorded.get(node) ?? new Set()).add(key))
      }
    }
    return unrecorded
  }

  #index(): Map<ObjectKey, Set<ObjectKey>> {
    const users = new Map<ObjectKey, Set<ObjectKey>>()
    for (const key of this.#context.input.observed.keys()) {
      if (!key.startsWith('VirtualMachine/')) continue
      for (const sighting of this.#context.sightings(key)) {
        for (const volume of briefOfSighting(sighting)?.disks ?? []) users.set(volume, (users.get(volume) ?? new Set()).add(key))
      }
    }
    return users
  }
}
