import type { DesiredView } from './desired/types.ts'
import { GitvirtError } from './lib/errors.ts'
import { parseKey } from './lib/object-key.ts'
import type { KnownAgents } from './lib/pki-agents.ts'
import type { ObservedView } from './observed/types.ts'
import type { Unheard } from './plan/types.ts'
import type { Store } from './store/store.ts'

/** Knows whether every host was heard that may already run what Git wants. */
export type Roster = {
  /** What hinders placing anything new; undefined once every host was heard, and from then on. */
  unheard(desired: DesiredView): Unheard | undefined
  /** A person's word that this host is off for good. @throws GitvirtError `NotFound` where nothing waits for it */
  leaveOut(node: string): void
}

export type RosterParts = {
  readonly store: Pick<Store, 'settings' | 'observations'>
  readonly agents: Pick<KnownAgents, 'agents'>
  readonly observed: ObservedView
  /** True where no agent of another host can connect: then there is nothing to wait for. */
  readonly oneHost: boolean
}

/** What is kept in the store until every host was heard. */
type Waiting = {
  /** The authority is older than the store: it knows every host that ever joined. */
  readonly agentsKnown: boolean
  readonly leftOut: readonly string[]
  /** Hosts that have reported. */
  readonly heard: readonly string[]
  /** A host came with machines or disks that this reconciler did not make: the fleet is older than the store. */
  readonly older: boolean
}

const setting = 'roster'

/**
 * A store that was made while hosts were there already (a lost database, a new authority) knows of no machine until its host
 * reports. Until all of them have, a machine without a report may run on any of those that have not: the nodes that Git declares
 * and those with an agent's certificate.
 */
export function openRoster(parts: RosterParts): Roster {
  const { store, observed, agents } = parts
  let waiting = parts.oneHost ? undefined : load(parts)
  const save = (): void => store.settings.put(setting, JSON.stringify(waiting ?? null))
  if (!parts.oneHost) save()
  const awaited = (desired: DesiredView | undefined): string[] => {
    const declared = [...(desired?.keysOf('Node') ?? [])].map((key) => parseKey(key).name)
    const names = new Set([...agents.agents(), ...declared])
    return [...names].filter((name) => observed.node(name) === undefined && waiting?.leftOut.includes(name) !== true).sort()
  }
  let latest: readonly string[] = []
  return {
    unheard(desired) {
      if (waiting === undefined) return undefined
      const news = withNewcomers(waiting, observed)
      if (news !== waiting) {
        waiting = news
        save()
      }
      latest = awaited(desired)
      if (latest.length > 0) return { hosts: latest }
      // Without a host nothing can be placed anyway.
      if (observed.nodes().length === 0) return undefined
      if (waiting.older && !waiting.agentsKnown && [...desired.keysOf('Node')].length === 0) return { hosts: [] }
      waiting = undefined
      save()
      return undefined
    },
    leaveOut(node) {
      if (waiting === undefined || !latest.includes(node)) {
        throw new GitvirtError({ code: 'NotFound', message: `Nothing waits for a report of node ${node}.` })
      }
      waiting = { ...waiting, leftOut: [...waiting.leftOut, node] }
      save()
    },
  }
}

function load({ store, agents }: RosterParts): Waiting | undefined {
  const stored = store.settings.get(setting)
  if (stored !== undefined) return (JSON.parse(stored) as Waiting | null) ?? undefined
  // A store of a release that kept no roster, with a history of its own.
  if (store.observations.nodes().length > 0) return undefined
  return { agentsKnown: agents.agents().length > 0, leftOut: [], heard: [], older: false }
}

/** Looks at each host once, when it first reports: whatever it has then, this reconciler did not make. */
function withNewcomers(waiting: Waiting, observed: ObservedView): Waiting {
  const names = observed.nodes().map(({ name }) => name)
  const newcomers = new Set(names.filter((name) => !waiting.heard.includes(name)))
  if (newcomers.size === 0) return waiting
  const older = [...observed.keys()].some((key) => observed.get(key).some(({ node }) => newcomers.has(node)))
  return { ...waiting, heard: [...waiting.heard, ...newcomers], older: waiting.older || older }
}
