import type { FleetSpec } from '../schemas/generated/fleet.ts'
import type { DesiredView } from './desired/types.ts'
import { createFetchTroubles } from './fetch-troubles.ts'
import type { Clock } from './lib/clock.ts'
import { describeError, errorCode } from './lib/errors.ts'
import type { Logger } from './lib/log.ts'
import { parseKey, type ObjectKey } from './lib/object-key.ts'
import { createNotifier, type Notifier, type NotifierOptions } from './notify/notifier.ts'
import type { SourceState } from './pipeline-control.ts'
import { everything } from './suspender.ts'
import { declaredFleet } from './plan/resolve/policy.ts'
import type { Revision } from './source/types.ts'
import type { Collection } from './status/collection.ts'
import type { EventDraft } from './status/events/rules.ts'
import type { ManifestState } from './status/engine.ts'
import type { Store } from './store/store.ts'
import { endedBy, endOf } from './trouble-ends.ts'

export type NewsOptions = {
  readonly store: Store
  readonly notifyFile?: string
  readonly environment?: string
  readonly source: Readonly<SourceState>
  /** Other sources of the environment. */
  readonly others?: readonly { readonly name: string }[]
  readonly objects: () => Collection
  /** What status knows of an object's manifest; undefined until it was refreshed once. */
  readonly manifest: (key: ObjectKey) => ManifestState | undefined
  readonly refreshed: () => boolean
  readonly clock: Clock
  readonly log: Logger
} & Pick<NotifierOptions, 'gather' | 'steady' | 'measured'>

/** What happens in the other rooms, as news for people. */
export type FollowedNews = {
  readonly notifier: Notifier
  /** Hears what status tells as events. */
  heard(event: EventDraft): void
  /** The repository was fetched; with a view, a new revision is in force. */
  arrived(view: DesiredView | undefined): void
  /** Without a source: the environment's own could not be fetched. */
  notFetched(error: unknown, source?: string): void
  /** A revision is not let in; what is told of it follows from an event. Without a source: the environment's own. */
  refused(reason: string, source?: string): void
  /** A revision of another source is there and let in. */
  admitted(source: string): void
  /** A revision came into force: it descends from the one before, or the branch was rewritten. Without a source: the environment's own. */
  inForce(revision: Pick<Revision, 'commit' | 'rewritten'>, source?: string): void
  /** Errors of these objects' manifests are others than before, or the objects went. */
  changed(keys: Iterable<ObjectKey>): void
  /** Follows the served objects; what is returned ends it. */
  start(): { stop(): Promise<void> }
}

/** Kinds whose objects are written when a trouble of them may be over; their ends are told by status. */
const followed = ['VirtualMachine', 'VirtualMachineInstance', 'DataVolume', 'NodeNetworkConfigurationPolicy', 'Node', 'Fleet'] as const

/** Refusals that a revision which is let in ends. */
const endedByAdmission: ReadonlySet<string> = new Set(['UntrustedCommit', 'UntrustedTag', 'HistoryRewritten'])

/** The environment's own source, which has no name. */
const own = ''

export function followNews(options: NewsOptions): FollowedNews {
  const { store, source, objects } = options
  const notifier = createNotifier({
    ...options,
    environment: options.environment ?? 'default',
    ...(options.notifyFile === undefined ? {} : { file: options.notifyFile }),
    inForce: () => (source.revision === undefined ? undefined : { revision: source.revision.commit, author: source.revision.author }),
    known: options.refreshed,
    endOf: (key, reason) => endOf({ objects: objects(), manifest: options.manifest }, key, reason),
  })
  const troubles = createFetchTroubles(store.settings)
  const admitted = (from: string): void =>
    store.transaction(() => {
      const ended = troubles.ended(from)
      if (ended.size > 0) notifier.over(everything, `${from === own ? 'The repository' : from} was fetched.`, ended)
    })
  const labels = (key: ObjectKey) => (): Readonly<Record<string, string>> => {
    const { kind, namespace, name } = parseKey(key)
    return objects().get(kind, namespace, name)?.metadata.labels ?? {}
  }
  return {
    notifier,
    heard: ({ key, type, reason, message, host, plan }) => {
      const more = { ...(host === undefined ? {} : { host }), ...(plan === undefined ? {} : { plan }) }
      notifier.tell({ key, severity: type === 'Warning' ? 'warning' : 'info', reason, message, ...more }, labels(key))
      const ended = endedBy(key, reason)
      if (ended.length > 0) notifier.over(key, message, new Set(ended))
    },
    arrived: (view) => {
      if (view !== undefined) notifier.policy(fleetSpec(view))
      admitted(own)
    },
    notFetched: (error, from = own) => {
      const message = `${from === own ? '' : `${from}: `}${describeError(error)}`
      const news = { key: everything, severity: 'warning', reason: errorCode(error), message } as const
      store.transaction(() => {
        notifier.tell(news)
        troubles.told(from, news.reason)
      })
    },
    refused: (reason, from = own) => {
      if (endedByAdmission.has(reason)) store.transaction(() => troubles.told(from, reason))
    },
    admitted,
    inForce: ({ commit, rewritten }, from = own) =>
      store.transaction(() => {
        if (rewritten) return troubles.rewritten(from, commit)
        const ended = troubles.wentOn(from, commit)
        if (ended.size > 0) notifier.over(everything, `The branch goes on from what it was rewritten to, with ${commit}.`, ended)
      }),
    changed: (keys) => {
      for (const key of keys) notifier.touched(key)
    },
    start: () => {
      store.transaction(() => {
        const ended = troubles.only([own, ...(options.others ?? []).map(({ name }) => name)])
        if (ended.size > 0) notifier.over(everything, 'The source is not one of this environment any more.', ended)
      })
      const unwatch = followed.map((kind) =>
        objects().subscribe(kind, ({ object }) => notifier.touched(`${kind}/${object.metadata.namespace ?? ''}/${object.metadata.name}`)),
      )
      return {
        stop: async () => {
          for (const stop of unwatch) stop()
          await notifier.stop()
        },
      }
    },
  }
}

/** The Fleet's spec; an empty one where there is no Fleet; undefined where it cannot be read. */
function fleetSpec(view: DesiredView): FleetSpec | undefined {
  const { fleet, broken } = declaredFleet(view)
  return broken === undefined ? (fleet?.spec ?? {}) : undefined
}
