import type { ObjectKey } from '../lib/object-key.ts'
import type { ObservedNode, ObservedView, Sighting } from '../observed/types.ts'

/** What agents reported, as a file: the other half of an offline plan. */
export type SavedState = { readonly nodes: readonly ObservedNode[]; readonly sightings: readonly Sighting[] }

/** A saved state as a view to plan against. */
export function savedView(state: SavedState): ObservedView {
  const byKey = Map.groupBy(state.sightings, (sighting) => sighting.object.key)
  const byName = new Map(state.nodes.map((node) => [node.name, node]))
  const none: readonly Sighting[] = []
  return {
    get: (key: ObjectKey) => byKey.get(key) ?? none,
    keys: () => byKey.keys(),
    nodes: () => state.nodes,
    node: (name) => byName.get(name),
  }
}

/** The reverse: all that a view holds. */
export function saveView(view: ObservedView): SavedState {
  return { nodes: view.nodes(), sightings: [...view.keys()].flatMap((key) => view.get(key).map(({ node, object }) => ({ node, object }))) }
}
