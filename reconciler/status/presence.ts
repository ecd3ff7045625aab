import type { Clock } from '../lib/clock.ts'
import type { ObservedNode, ObservedView } from '../observed/types.ts'
import type { Settings } from '../store/store.ts'

const setting = 'connectedNodes'
/** Agents redial within seconds; as with kube-controller-manager's grace period, a node is not called away before. */
export const awaitMs = 40_000

/** Which nodes are told as connected. */
export type Presence = {
  /** The view in which a node that was connected when the reconciler ended counts as connected until it had time to come back. */
  of(observed: ObservedView): ObservedView
  /** Nodes that are told otherwise now than the last time this was called. */
  take(observed: ObservedView): ReadonlySet<string>
}

/**
 * A restart of the reconciler is no news of any host, so it must not make every object of the fleet look lost and found again. Plans are
 * not concerned: what is not connected is sent nothing.
 */
export function createPresence(settings: Settings, clock: Clock): Presence {
  const until = clock.now().getTime() + awaitMs
  const awaited = new Set(parseNames(settings.get(setting)))
  let told = new Map<string, boolean>([...awaited].map((name) => [name, true]))
  const seen = (node: ObservedNode): ObservedNode =>
    node.connected || !awaited.has(node.name) || clock.now().getTime() >= until ? node : { ...node, connected: true }
  return {
    of: (observed) => ({
      get: (key) => observed.get(key),
      keys: () => observed.keys(),
      nodes: () => observed.nodes().map(seen),
      node: (name) => {
        const node = observed.node(name)
        return node === undefined ? undefined : seen(node)
      },
    }),
    take: (observed) => {
      // Once it was back, a node that goes is away at once.
      for (const { name, connected } of observed.nodes()) if (connected) awaited.delete(name)
      const now = new Map(observed.nodes().map((node) => [node.name, seen(node).connected]))
      const changed = new Set([...now.keys(), ...told.keys()].filter((name) => now.get(name) !== told.get(name)))
      told = now
      if (changed.size > 0) settings.put(setting, JSON.stringify([...now].filter(([, connected]) => connected).map(([name]) => name)))
      return changed
    },
  }
}

function parseNames(text: string | undefined): string[] {
  const names: unknown = text === undefined ? [] : JSON.parse(text)
  return Array.isArray(names) ? names.filter((name) => typeof name === 'string') : []
}
