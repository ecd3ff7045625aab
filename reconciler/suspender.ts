import { Alarm } from './alarm.ts'
import type { Decision } from './decision.ts'
import type { DesiredView } from './desired/types.ts'
import { endOf, type HoldTime } from './hold-time.ts'
import type { Clock } from './lib/clock.ts'
import { GitvirtError } from './lib/errors.ts'
import type { Logger } from './lib/log.ts'
import { keyText, parseKey, type ObjectKey } from './lib/object-key.ts'
import type { ObservedView } from './observed/types.ts'
import type { EventDraft } from './status/events/rules.ts'
import type { SuspensionRecord, Suspensions } from './store/decisions.ts'

/** Key under which the suspension of everything is kept. */
export const everything = 'Fleet//*'

export type SuspendRequest = HoldTime & { readonly key?: ObjectKey; readonly by: string; readonly reason: string }
export type ResumeRequest = { readonly key?: ObjectKey; readonly by: string; readonly reason?: string }

/** Keeps what people suspend: who, why, since when and until when; it lasts over restarts and ends by itself when its time has come. */
export type Suspender = {
  /** @throws GitvirtError `NotFound`, `InvalidArgument` */
  suspend(request: SuspendRequest): SuspensionRecord
  /** @throws GitvirtError `NotFound` where nothing is suspended */
  resume(request: ResumeRequest): void
  /** Ends what has run out meanwhile, and waits for the next end. */
  watch(): void
  close(): void
}

export type SuspenderPorts = {
  readonly records: Suspensions
  readonly desired: () => DesiredView | undefined
  readonly observed: Pick<ObservedView, 'get' | 'node'>
  /** Tells people. */
  readonly record: (event: EventDraft) => void
  /** Runs work in one transaction, so that nothing is kept whose receipt is not, or of which nobody is told. */
  readonly transaction: <T>(work: () => T) => T
  /** Keeps it for those who audit. */
  readonly decided: (decision: Decision) => void
  /** Plans these again; undefined: everything. */
  readonly again: (keys: readonly ObjectKey[] | undefined) => void
  readonly clock: Pick<Clock, 'now'>
  readonly log: Pick<Logger, 'error'>
}

const suspendable: ReadonlySet<string> = new Set(['VirtualMachine', 'DataVolume', 'NodeNetworkConfigurationPolicy', 'Node', 'Namespace'])

export function createSuspender(ports: SuspenderPorts): Suspender {
  const { records, clock } = ports
  const watch = (): void => {
    const now = clock.now()
    for (const one of records.list()) if (hasEnded(one, now)) end(ports, one, now)
    alarm.set(
      records.list().flatMap(({ until }) => until ?? []),
      now,
    )
  }
  const alarm = new Alarm(watch, ports.log)
  return {
    suspend: ({ key = everything, by, reason, ...time }) => {
      if (key !== everything) checkTarget(ports, key)
      const now = clock.now()
      const until = endOf(time, now)
      const record = { key, by, reason, at: now.toISOString(), ...(until === undefined ? {} : { until }) }
      ports.transaction(() => {
        records.put(record)
        ports.decided({ verb: 'Suspend', ...record })
        ports.record({ key, type: 'Normal', reason: 'Suspended', message: suspendedText(record) })
      })
      ports.again(touchedBy(ports, key))
      watch()
      return record
    },
    resume: ({ key = everything, by, reason = '' }) => {
      ports.transaction(() => {
        if (!records.delete(key)) throw notSuspended(ports, key)
        ports.decided({ verb: 'Resume', key, by, reason, at: clock.now().toISOString() })
        const message = `${by} resumed ${nameOf(key)}${reason === '' ? '.' : `: ${reason}`}`
        ports.record({ key, type: 'Normal', reason: 'Resumed', message })
      })
      ports.again(touchedBy(ports, key))
      watch()
    },
    watch,
    close: () => alarm.close(),
  }
}

function hasEnded({ until }: SuspensionRecord, now: Date): boolean {
  return until !== undefined && until <= now.toISOString()
}

function end(ports: SuspenderPorts, { key, by }: SuspensionRecord, now: Date): void {
  ports.transaction(() => {
    ports.records.delete(key)
    ports.decided({ verb: 'Resume', key, by: 'gitvirt', reason: 'its time has come', at: now.toISOString() })
    const message = `The suspension of ${nameOf(key)} by ${by} has ended: its time has come.`
    ports.record({ key, type: 'Normal', reason: 'Resumed', message })
  })
  ports.again(touchedBy(ports, key))
}

/** A word about something that is not there would hold back nothing, whatever its author believes. */
function checkTarget({ desired, observed }: SuspenderPorts, key: ObjectKey): void {
  const { kind, name } = parseKey(key)
  if (!suspendable.has(kind)) {
    throw new GitvirtError({
      code: 'InvalidArgument',
      message: `${kind} cannot be suspended.`,
      action: `Suspend the environment, or one of ${[...suspendable].join(', ')}.`,
    })
  }
  const view = desired()
  const isKnown = view?.get(key) !== undefined || view?.isUnknownKey(key) === true || observed.get(key).length > 0
  if (isKnown || (kind === 'Node' && observed.node(name) !== undefined)) return
  throw new GitvirtError({
    code: 'NotFound',
    message: `There is no ${keyText(key)}, neither in Git nor on a host.`,
    action: 'Look at "gitvirt get".',
  })
}

function notSuspended({ records, desired }: SuspenderPorts, key: ObjectKey): GitvirtError {
  const inGit = desired()?.get(key)?.object.metadata.annotations?.['gitvirt.io/suspend'] !== undefined
  const others = records.list().map((one) => nameOf(one.key))
  const hint = inGit
    ? 'Git suspends it: take the annotation gitvirt.io/suspend out of its manifest.'
    : others.length === 0
      ? undefined
      : `Suspended: ${others.join(', ')}.`
  return new GitvirtError({
    code: 'NotFound',
    message: `${key === everything ? 'The environment' : keyText(key)} is not suspended${inGit ? ' by a person' : ''}.`,
    ...(hint === undefined ? {} : { action: hint }),
  })
}

/** What must be planned and told anew; undefined for everything. */
function touchedBy({ desired }: SuspenderPorts, key: ObjectKey): readonly ObjectKey[] | undefined {
  const { kind } = parseKey(key)
  if (kind === 'Fleet' || kind === 'Node' || kind === 'Namespace') return undefined
  const owned = (desired()?.get(key)?.references ?? []).filter((other) => desired()?.get(other)?.ownerKey === key)
  return [key, ...owned]
}

/** As people read it. */
export function nameOf(key: ObjectKey): string {
  return key === everything ? 'the environment' : keyText(key)
}

function suspendedText({ key, by, reason, until }: SuspensionRecord): string {
  return `${by} suspended ${nameOf(key)}${until === undefined ? '' : ` until ${until}`}${reason === '' ? '.' : `: ${reason}`}`
}
