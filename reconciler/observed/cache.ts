import { isDeepStrictEqual } from 'node:util'
import type { NodeFacts, Observation } from '../../schemas/generated/observation.ts'
import type { Clock } from '../lib/clock.ts'
import { describeError, GitvirtError } from '../lib/errors.ts'
import type { Logger } from '../lib/log.ts'
import type { ObjectKey } from '../lib/object-key.ts'
import { KeptSighting, keptText, renewedText, type BriefOf } from './kept-sighting.ts'
import type { ObservedNode, ObservedView } from './types.ts'

/** What a batch of observations changed. */
export type ObservedChange = {
  /** Objects of which anything changed, came or went. */
  readonly keys: ReadonlySet<ObjectKey>
  /** The part of `keys` that a plan depends on: the digest changed, or the object came or went. */
  readonly planKeys: ReadonlySet<ObjectKey>
  /** Nodes whose facts or connection changed. */
  readonly nodes: ReadonlySet<string>
  /** Machines on which a host told of a lease, whether or not anything changed. */
  readonly leased: ReadonlySet<ObjectKey>
}

/** An object as the text that a store keeps of it. */
export type KeptObject = { readonly key: ObjectKey; readonly text: string }

/** Where last-known observations survive a restart of the reconciler. */
export type ObservationStore = {
  nodes(): Iterable<{ readonly name: string; readonly seenAt: string; readonly facts: NodeFacts }>
  objects(node: string): Iterable<KeptObject>
  save(change: {
    readonly node: string
    readonly seenAt: string
    readonly facts?: NodeFacts
    readonly objects: readonly KeptObject[]
    readonly gone: readonly ObjectKey[]
    readonly full: boolean
  }): void
}

/** The list-plus-watch cache of what all agents report. */
export type Observed = {
  readonly view: ObservedView
  /** Calls back once for each batch of changes; returns the way to stop that. */
  watch(listener: (change: ObservedChange) => void): () => void
  /** A session of the node began. It counts as connected with its first full observation. */
  connected(node: string): void
  /** Takes one message. @throws GitvirtError `OutOfSequence`: the agent must begin again with a full one */
  receive(observation: Observation, more?: boolean): void
  disconnected(node: string): void
}

type NodeState = {
  readonly name: string
  connected: boolean
  seenAt: string
  facts: NodeFacts | undefined
  readonly objects: Map<ObjectKey, KeptSighting>
  /** True where the store may lack something of this node, so that it is given everything next time. */
  unsaved: boolean
  /** Sequence of the last message of this session; undefined before its first. */
  sequence: number | undefined
  /** Parts of an observation whose end is still to come. */
  parts: Observation[]
}

type Pending = {
  readonly keys: Set<ObjectKey>
  readonly planKeys: Set<ObjectKey>
  readonly nodes: Set<string>
  readonly leased: Set<ObjectKey>
}

export type ObservedOptions = {
  readonly log: Logger
  readonly clock: Clock
  readonly store?: ObservationStore
  /** What to keep at hand of each object; without it the sightings have no brief. */
  readonly briefOf?: BriefOf
}

/** Makes the cache, filled with what the store last knew. */
export function createObserved(options: ObservedOptions): Observed {
  const nodes = new Map<string, NodeState>()
  const sightings = new Map<ObjectKey, readonly KeptSighting[]>()
  const notifier = createNotifier()
  const briefOf: BriefOf = options.briefOf ?? (() => undefined)
  load({ nodes, sightings, briefOf }, options)

  const stateOf = (name: string): NodeState => {
    const state = nodes.get(name) ?? newNode(name)
    nodes.set(name, state)
    return state
  }
  const setConnected = (state: NodeState, connected: boolean): void => {
    if (state.connected === connected) return
    state.connected = connected
    state.seenAt = options.clock.now().toISOString()
    notifier.pending.nodes.add(state.name)
    notifier.schedule()
  }
  return {
    view: viewOf(nodes, sightings),
    watch: (listener) => notifier.watch(listener),
    connected(node) {
      const state = stateOf(node)
      state.sequence = undefined
      state.parts = []
    },
    receive(observation, more = false) {
      const state = stateOf(observation.node)
      checkSequence(state, observation)
      state.sequence = observation.sequence
      state.parts.push(observation)
      if (more) return
      const whole = joinParts(state.parts)
      state.parts = []
      const merged = merge(state, whole, { sightings, briefOf, pending: notifier.pending })
      state.seenAt = options.clock.now().toISOString()
      setConnected(state, true)
      notifier.schedule()
      save(options, state, { ...merged, facts: whole.facts })
    },
    disconnected(node) {
      const state = nodes.get(node)
      if (state !== undefined) setConnected(state, false)
    },
  }
}

function newNode(name: string): NodeState {
  return { name, connected: false, seenAt: '', facts: undefined, objects: new Map(), unsaved: true, sequence: undefined, parts: [] }
}

function checkSequence(state: NodeState, observation: Observation): void {
  const first = state.sequence === undefined
  const expected = (state.sequence ?? observation.sequence - 1) + 1
  if ((first && !observation.full) || observation.sequence !== expected) {
    throw new GitvirtError({
      code: 'OutOfSequence',
      message: first
        ? 'The first observation of a session must be full.'
        : `Observation ${observation.sequence} came, ${expected} was due.`,
      host: state.name,
    })
  }
}

function joinParts(parts: readonly Observation[]): Observation {
  const [first, ...rest] = parts as [Observation, ...Observation[]]
  if (rest.length === 0) return first
  return { ...first, objects: parts.flatMap((part) => part.objects), gone: parts.flatMap((part) => part.gone) }
}

type Index = { readonly sightings: Map<ObjectKey, readonly KeptSighting[]>; readonly briefOf: BriefOf }
type Merged = { readonly changed: readonly KeptObject[]; readonly gone: readonly ObjectKey[] }

/** Brings one node's state to the observation and returns what that changed. */
function merge(state: NodeState, observation: Observation, index: Index & { readonly pending: Pending }): Merged {
  const { pending, briefOf } = index
  if (observation.facts !== undefined && !isDeepStrictEqual(observation.facts, state.facts)) {
    state.facts = observation.facts
    pending.nodes.add(state.name)
  }
  const changed: KeptObject[] = []
  for (const object of observation.objects) {
    if (object.kind === 'VirtualMachine' && object.lease !== undefined) pending.leased.add(object.key)
    const previous = state.objects.get(object.key)
    const text = keptText(object, briefOf)
    if (previous?.text === text) continue
    changed.push({ key: object.key, text })
    put(state, { key: object.key, text }, index)
    pending.keys.add(object.key)
    if (previous?.object.digest !== object.digest) pending.planKeys.add(object.key)
  }
  const gone = goneKeys(state, observation).filter((key) => state.objects.delete(key))
  for (const key of gone) {
    removeSighting(index.sightings, key, state.name)
    pending.keys.add(key)
    pending.planKeys.add(key)
  }
  return { changed, gone }
}

function goneKeys(state: NodeState, observation: Observation): readonly ObjectKey[] {
  if (!observation.full) return observation.gone
  const present = new Set(observation.objects.map((object) => object.key))
  return [...state.objects.keys()].filter((key) => !present.has(key))
}

function put(state: NodeState, { key, text }: KeptObject, { sightings }: Index): void {
  const sighting = new KeptSighting(state.name, text)
  state.objects.set(key, sighting)
  const others = sightings.get(key)?.filter(({ node }) => node !== state.name)
  sightings.set(key, others === undefined ? [sighting] : [...others, sighting])
}

function removeSighting(sightings: Index['sightings'], key: ObjectKey, name: string): void {
  const others = (sightings.get(key) ?? []).filter(({ node }) => node !== name)
  if (others.length === 0) sightings.delete(key)
  else sightings.set(key, others)
}

function viewOf(nodes: ReadonlyMap<string, NodeState>, sightings: ReadonlyMap<ObjectKey, readonly KeptSighting[]>): ObservedView {
  const nodeOf = (state: NodeState | undefined): ObservedNode | undefined =>
    state?.facts === undefined ? undefined : { name: state.name, connected: state.connected, seenAt: state.seenAt, facts: state.facts }
  return {
    get: (key) => sightings.get(key) ?? [],
    keys: () => sightings.keys(),
    nodes: () => [...nodes.values()].map(nodeOf).filter((node) => node !== undefined),
    node: (name) => nodeOf(nodes.get(name)),
  }
}

function load(index: Index & { readonly nodes: Map<string, NodeState> }, { store }: ObservedOptions): void {
  for (const { name, seenAt, facts } of store?.nodes() ?? []) {
    const state = { ...newNode(name), seenAt, facts, unsaved: false }
    index.nodes.set(name, state)
    for (const { key, text } of store?.objects(name) ?? []) {
      const renewed = renewedText(text, index.briefOf)
      if (renewed !== text) state.unsaved = true
      put(state, { key, text: renewed }, index)
    }
  }
}

/** The store is a help for the next start; that it fails must not stop the live view. */
function save({ store, log }: ObservedOptions, state: NodeState, merged: Merged & { readonly facts: NodeFacts | undefined }): void {
  const { name: node, seenAt, unsaved } = state
  const facts = merged.facts ?? (unsaved ? state.facts : undefined)
  const objects = unsaved ? [...state.objects].map(([key, { text }]) => ({ key, text })) : merged.changed
  try {
    store?.save({ node, seenAt, ...(facts === undefined ? {} : { facts }), objects, gone: merged.gone, full: unsaved })
    state.unsaved = false
  } catch (error) {
    state.unsaved = true
    log.error({ node, error: describeError(error) }, 'cannot store an observation')
  }
}

/** Gathers changes until the running messages are handled, then tells them all at once. */
function createNotifier(): {
  readonly pending: Pending
  schedule(): void
  watch(listener: (change: ObservedChange) => void): () => void
} {
  const listeners = new Set<(change: ObservedChange) => void>()
  const pending: Pending = { keys: new Set(), planKeys: new Set(), nodes: new Set(), leased: new Set() }
  let scheduled = false
  const flush = (): void => {
    scheduled = false
    const change = {
      keys: new Set(pending.keys),
      planKeys: new Set(pending.planKeys),
      nodes: new Set(pending.nodes),
      leased: new Set(pending.leased),
    }
    for (const set of Object.values(pending)) set.clear()
    if (change.keys.size > 0 || change.nodes.size > 0 || change.leased.size > 0) for (const listener of listeners) listener(change)
  }
  return {
    pending,
    schedule() {
      if (scheduled) return
      scheduled = true
      setImmediate(flush)
    },
    watch(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
  }
}
