import type { FleetSpec } from '../schemas/generated/fleet.ts'
import type { DesiredView } from './desired/types.ts'
import type { Clock } from './lib/clock.ts'
import { describeError, errorCode } from './lib/errors.ts'
import type { Logger } from './lib/log.ts'
import { parseKey, type ObjectKey } from './lib/object-key.ts'
import { createNotifier, type Notifier, type NotifierOptions } from './notify/notifier.ts'
import type { SourceState } from './pipeline-control.ts'
import { everything } from './suspender.ts'
import { declaredFleet } from './plan/resolve/policy.ts'
import { conditionOf } from './status/api-object.ts'
import type { Collection } from './status/collection.ts'
import type { EventDraft } from './status/events/rules.ts'
import type { Store } from './store/store.ts'

export type NewsOptions = {
  readonly store: Store
  readonly notifyFile?: string
  readonly environment?: string
  readonly source: Readonly<SourceState>
  readonly objects: () => Collection
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
  notFetched(error: unknown): void
  /** Follows the served objects; what is returned ends it. */
  start(): { stop(): Promise<void> }
}

/** Events that end what an earlier one of the same object told. */
const ends: ReadonlyMap<string, string> = new Map([
  ['DriftMended', 'DriftDetected'],
  ['NodeReady', 'NodeNotReady'],
  ['AgentConnected', 'AgentDisconnected'],
  ['ImportSucceeded', 'ImportFailed'],
  ['SuccessfullyConfigured', 'FailedToConfigure'],
])

const followed = ['VirtualMachine', 'VirtualMachineInstance', 'DataVolume', 'NodeNetworkConfigurationPolicy', 'Node'] as const

export function followNews(options: NewsOptions): FollowedNews {
  const { store, source, objects } = options
  const notifier = createNotifier({
    ...options,
    environment: options.environment ?? 'default',
    ...(options.notifyFile === undefined ? {} : { file: options.notifyFile }),
    inForce: () => (source.revision === undefined ? undefined : { revision: source.revision.commit, author: source.revision.author }),
    isOver: (key, reason) => isOver(objects(), key, reason),
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
      const ended = ends.get(reason)
      if (ended !== undefined) notifier.over(key, message, new Set([ended]))
    },
    arrived: (view) => {
      if (view !== undefined) notifier.policy(fleetSpec(view))
      store.transaction(() => notifier.over(everything, 'The repository was fetched.', fetchTroubles(store)))
    },
    notFetched: (error) => {
      const news = { key: everything, severity: 'warning', reason: errorCode(error), message: describeError(error) } as const
      store.transaction(() => notifier.tell(news))
    },
    start: () => {
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

/** What a fetch that succeeds shows to be over: all but what a person should look at. */
function fetchTroubles(store: Store): ReadonlySet<string> {
  const reasons = store.news.standing(everything).map(({ reason }) => reason)
  return new Set(reasons.filter((reason) => reason !== 'MergedPlannedAgain' && reason !== 'NotificationsChanged'))
}

/** The Fleet's spec; an empty one where there is no Fleet; undefined where it cannot be read. */
function fleetSpec(view: DesiredView): FleetSpec | undefined {
  const { fleet, broken } = declaredFleet(view)
  return broken === undefined ? (fleet?.spec ?? {}) : undefined
}

/**
 * Whether a trouble of an object is over, by its conditions: an object that is gone has none. Undefined where no condition tells.
 */
function isOver(objects: Collection, key: ObjectKey, reason: string): boolean | undefined {
  const { kind, namespace, name } = parseKey(key)
  if (!followed.some((one) => one === kind)) return undefined
  const object = objects.get(kind, namespace, name)
  if (object === undefined) return true
  const synced = conditionOf(object, 'Synced')
  // Kinds that a host reports only: an event tells the end.
  if (synced === undefined) return undefined
  if (reason === 'UnsupportedFields') return conditionOf(object, 'SpecHonoured') === undefined
  const bad = ['Failure', 'Degraded'].some((type) => conditionOf(object, type)?.status === 'True')
  const invalid = conditionOf(object, 'ManifestValid')?.status === 'False'
  return synced.status === 'True' && !bad && !invalid
}
