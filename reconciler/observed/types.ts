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

/** One object on one node. */
export type Sighting = { readonly node: string; readonly object: ObservedObject }

/** A read-only view on what all agents last reported. */
export type ObservedView = {
  /** Every node that reports this key; more than one is a conflict for a VirtualMachine. */
  get(key: ObjectKey): readonly Sighting[]
  keys(): Iterable<ObjectKey>
  nodes(): readonly ObservedNode[]
  node(name: string): ObservedNode | undefined
  /** Memory and CPUs that applied machines which may run ask of a node; without it the planner sums up by itself. */
  demand?(node: string): { readonly memoryBytes: number; readonly cpus: number }
}
