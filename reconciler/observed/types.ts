import type { NodeFacts, ObservedObject } from '../../schemas/generated/observation.ts'
import type { ObjectKey } from '../lib/object-key.ts'

/** What is known of one node: the last facts, and whether its agent is connected now. */
export type ObservedNode = {
  readonly name: string
  readonly connected: boolean
  /** RFC 3339 time of the last message. */
  readonly seenAt: string
  readonly facts: NodeFacts
}

/** What a running guest takes of its node. */
export type Demand = { readonly memoryBytes: number; readonly cpus: number }

/** What a pass over all objects asks of one, so that none has to be unfolded for it. */
export type Brief = {
  /** Volumes that the definition or the running guest of a machine has. */
  readonly disks: readonly ObjectKey[]
  /** Absent for a machine that was not applied or does not run. */
  readonly demand?: Demand
}

/** One object on one node. Reading `object` may cost something; `print` and `brief` are cheap where they are there. */
export type Sighting = {
  readonly node: string
  readonly object: ObservedObject
  /** Digest of the whole object. */
  readonly print?: string
  readonly brief?: Brief | undefined
}

/** A read-only view on what all agents last reported. */
export type ObservedView = {
  /** Every node that reports this key; more than one is a conflict for a VirtualMachine. */
  get(key: ObjectKey): readonly Sighting[]
  keys(): Iterable<ObjectKey>
  nodes(): readonly ObservedNode[]
  node(name: string): ObservedNode | undefined
}
