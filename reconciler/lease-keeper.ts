import { randomUUID } from 'node:crypto'
import { Alarm } from './alarm.ts'
import type { Decision } from './decision.ts'
import type { DesiredView } from './desired/types.ts'
import { endOf } from './hold-time.ts'
import type { Clock } from './lib/clock.ts'
import { describeError, GitvirtError } from './lib/errors.ts'
import type { Logger } from './lib/log.ts'
import { keyText, parseKey, type ObjectKey } from './lib/object-key.ts'
import type { ObservedView } from './observed/types.ts'
import { leaseInForce } from './plan/leased.ts'
import { parseDuration } from './lib/duration.ts'
import type { ResolvedPolicy } from './plan/resolve/policy.ts'
import { wishOf, type Wish } from './plan/wish.ts'
import type { EventDraft } from './status/events/rules.ts'
import type { LeaseRecord, Leases } from './store/leases.ts'

export type LeaseRequest = {
  readonly key: ObjectKey
  readonly by: string
  readonly reason: string
  readonly for: string
  readonly ending: LeaseRecord['ending']
}

/** Gives leases, tells the hosts of them, and ends them: by a person or by their time. They last over restarts. */
export type LeaseKeeper = {
  /** @throws GitvirtError `NotFound`, `Conflict`, `LeaseNotAllowed`, `InvalidArgument`, and what the host says */
  begin(request: LeaseRequest): Promise<LeaseRecord>
  /** @throws GitvirtError `NotFound` where there is no lease; `WishUnknown` where its changes could not be kept */
  end(request: { readonly key: ObjectKey; readonly by: string; readonly reason?: string }): Promise<void>
  /** What is not over. */
  list(): LeaseRecord[]
  /** Ends what has run out, tells hosts what they do not know, and waits for the next end. To be called with each revision and observation. */
  watch(): void
  /** Ends the leases that hosts keep on these machines and that are not, or no longer, in force. */
  endStrays(keys: Iterable<ObjectKey>): void
  close(): void
}

/** Writes what was changed by hand to a branch; undefined where nothing was, without a branch where a manifest can say nothing of it. */
export type Adopt = (lease: LeaseRecord) => Promise<{ readonly branch?: string; readonly left: readonly string[] } | undefined>

export type LeasePorts = {
  readonly records: Leases
  readonly desired: () => DesiredView | undefined
  readonly observed: Pick<ObservedView, 'get' | 'node'>
  readonly policy: () => ResolvedPolicy['leases']
  /** Carries a lease to the host that has the machine. */
  readonly send: (lease: {
    readonly key: ObjectKey
    readonly id: string
    readonly by: string
    readonly seconds?: number
  }) => Promise<unknown>
  readonly adopt: Adopt
  readonly record: (event: EventDraft) => void
  /** Runs work in one transaction, so that nothing is kept whose receipt is not. */
  readonly transaction: <T>(work: () => T) => T
  readonly decided: (decision: Decision) => void
  readonly again: (keys: readonly ObjectKey[]) => void
  readonly clock: Pick<Clock, 'now'>
  readonly log: Logger
}

/** Who ended a lease, and for what reason. */
type Why = { readonly by: string; readonly reason: string }

/** Milliseconds until an adoption that failed is tried again: the first time, and at most. */
const retryMs = { first: 60_000, most: 3_600_000 }

export function createLeaseKeeper(ports: LeasePorts): LeaseKeeper {
  return new Keeper(ports)
}

class Keeper implements LeaseKeeper {
  readonly #ports: LeasePorts
  readonly #alarm = new Alarm(() => this.watch())
  /** Machines whose host is being told. */
  readonly #telling = new Set<ObjectKey>()
  /** Machines whose branch is being written. */
  readonly #adopting = new Set<ObjectKey>()
  readonly #retryAt = new Map<ObjectKey, string>()
  /** Milliseconds that an adoption which failed waited last. */
  readonly #waited = new Map<ObjectKey, number>()
  #closed = false

  constructor(ports: LeasePorts) {
    this.#ports = ports
  }

  list(): LeaseRecord[] {
    return this.#ports.records.list().filter(({ endedAt }) => endedAt === undefined)
  }

  async begin({ key, by, reason, ending, for: time }: LeaseRequest): Promise<LeaseRecord> {
    const { records, clock, record, decided, transaction } = this.#ports
    const now = clock.now()
    const milliseconds = checkRequest(this.#ports, { key, time })
    const standing = records.get(key)
    if (standing !== undefined && standing.endedAt === undefined) throw leasedAlready(standing)
    const until = endOf({ for: time }, now) ?? ''
    const lease: LeaseRecord = { key, id: randomUUID(), by, reason, at: now.toISOString(), until, ending }
    // Kept before the host hears of it: after a crash in between, the host is told again.
    transaction(() => {
      records.put(lease)
      decided({ verb: 'Lease', key, by, reason, at: lease.at, until })
    })
    this.#again(key)
    this.#telling.add(key)
    try {
      await this.#ports.send({ key, id: lease.id, by, seconds: Math.ceil(milliseconds / 1000) })
    } catch (error) {
      // The host may have heard of it all the same, and must hear of its end.
      this.#telling.delete(key)
      this.#end(lease, { by: 'gitvirt', reason: 'its host could not be told of it' })
      throw error
    }
    this.#telling.delete(key)
    record({ key, type: 'Warning', reason: 'Leased', message: leaseText(lease) })
    this.#arm()
    return lease
  }

  async end({ key, by, reason = '' }: { readonly key: ObjectKey; readonly by: string; readonly reason?: string }): Promise<void> {
    const lease = this.list().find((one) => one.key === key)
    if (lease === undefined) {
      const others = this.list().map((one) => keyText(one.key))
      throw new GitvirtError({
        code: 'NotFound',
        message: `There is no lease on ${keyText(key)}.`,
        ...(others.length === 0 ? {} : { action: `Leases: ${others.join(', ')}.` }),
      })
    }
    if (this.#mustWait(lease)) throw wishUnknown(lease)
    this.#finish(lease, { by, reason, message: `${by} ended the lease of ${lease.by}${reason === '' ? '.' : `: ${reason}`}` })
    this.watch()
  }

  watch(): void {
    if (this.#closed) return
    const { records, clock } = this.#ports
    const now = clock.now()
    const known = records.list()
    for (const lease of known) this.#look(lease, now)
    this.endStrays(known.map(({ key }) => key))
    this.#arm()
  }

  endStrays(keys: Iterable<ObjectKey>): void {
    if (this.#closed) return
    for (const key of keys) {
      const { connected, id } = this.#seen(key)
      const lease = connected && id !== undefined ? this.#ports.records.get(key) : undefined
      // Of the one that is known #look takes care.
      if (connected && id !== undefined && lease?.id !== id) this.#tell({ key, id, by: 'gitvirt' }, undefined)
    }
  }

  #arm(): void {
    const now = this.#ports.clock.now()
    // What waits for Git to be known is looked at with the next revision.
    const ends = this.list().map(({ kept, until }) => kept?.until ?? until)
    this.#alarm.set([...ends.filter((end) => end > now.toISOString()), ...this.#retryAt.values()], now)
  }

  close(): void {
    this.#closed = true
    this.#alarm.close()
  }

  #look(lease: LeaseRecord, now: Date): void {
    const time = now.toISOString()
    const seen = this.#seen(lease.key)
    if (lease.endedAt !== undefined) {
      // A host ends it by its own clock, whether or not it hears of it.
      if (lease.until <= time || (seen.connected && seen.id === undefined)) this.#ports.records.delete(lease.key)
      else if (seen.connected && seen.id === lease.id) this.#tell(lease, undefined)
      return
    }
    if (lease.kept !== undefined) {
      // The lease itself is over: only its changes stand, and the run strategy rules again.
      if (seen.connected && seen.id === lease.id) this.#tell(lease, undefined)
      this.#lookAtKept(lease, now)
    } else if (lease.until <= time) {
      if (this.#mustWait(lease)) return
      this.#finish(lease, { by: 'gitvirt', reason: 'its time has come', message: `The lease of ${lease.by} has ended: its time has come.` })
      // A host that keeps another one refuses this one; that one is ended first.
    } else if (seen.connected && seen.known && seen.id === undefined)
      this.#tell(lease, Math.max(1, Math.ceil((Date.parse(lease.until) - now.getTime()) / 1000)))
  }

  #lookAtKept(lease: LeaseRecord, now: Date): void {
    if (leaseInForce(lease, { now, wish: this.#wish(lease.key) }) !== undefined) {
      const retryAt = this.#retryAt.get(lease.key)
      if (lease.kept?.branch === undefined && (retryAt === undefined || retryAt <= now.toISOString())) this.#adopt(lease)
      return
    }
    this.#over(lease)
    const message = `What was changed by hand under the lease of ${lease.by} no longer stands: ${(lease.kept?.until ?? '') <= now.toISOString() ? 'its time has come' : 'Git wants something else now'}.`
    this.#ports.record({ key: lease.key, type: 'Normal', reason: 'LeaseEnded', message })
  }

  /** Ends a lease that was in force; one whose changes are to be adopted goes on to keep them for a while. */
  #finish(lease: LeaseRecord, why: { readonly by: string; readonly reason: string; readonly message: string }): void {
    const { record, clock, policy } = this.#ports
    const now = clock.now()
    const wish = this.#wish(lease.key)
    const tell = (): void => record({ key: lease.key, type: 'Normal', reason: 'LeaseEnded', message: why.message })
    if (lease.ending === 'revert' || lease.kept !== undefined || !wish.known || wish.digest === undefined) {
      this.#end(lease, why)
      return tell()
    }
    const kept = { wish: wish.digest, until: new Date(now.getTime() + policy().keptMilliseconds).toISOString() }
    const keeping = { ...lease, kept }
    this.#put(keeping, why)
    tell()
    this.#again(lease.key)
    if (this.#seen(lease.key).connected) this.#tell(lease, undefined)
    this.#adopt(keeping)
  }

  #end(lease: LeaseRecord, why: Why): void {
    const over = { ...lease, endedAt: this.#ports.clock.now().toISOString() }
    this.#put(over, why)
    this.#forget(over)
  }

  /** Keeps the record together with the receipt of who ended it. */
  #put(lease: LeaseRecord, { by, reason }: Why): void {
    const { records, decided, clock, transaction } = this.#ports
    transaction(() => {
      records.put(lease)
      decided({ verb: 'EndLease', key: lease.key, by, reason, at: clock.now().toISOString() })
    })
  }

  /** What was kept after a lease is over; of the end of the lease itself there is a receipt. */
  #over(lease: LeaseRecord): void {
    const { records, clock } = this.#ports
    records.put({ ...lease, endedAt: clock.now().toISOString() })
    this.#forget(lease)
  }

  #forget(lease: LeaseRecord): void {
    this.#waited.delete(lease.key)
    this.#retryAt.delete(lease.key)
    this.#again(lease.key)
    if (this.#seen(lease.key).connected) this.#tell(lease, undefined)
  }

  /** Tells the host; what fails is told again with the host's next observation. */
  #tell({ key, id, by }: Pick<LeaseRecord, 'key' | 'id' | 'by'>, seconds: number | undefined): void {
    if (this.#telling.has(key)) return
    this.#telling.add(key)
    this.#ports
      .send({ key, id, by, ...(seconds === undefined ? {} : { seconds }) })
      .catch((error: unknown) => this.#ports.log.warn({ key, error: describeError(error) }, 'a host could not be told of a lease'))
      .finally(() => this.#telling.delete(key))
  }

  #adopt(lease: LeaseRecord): void {
    const { key } = lease
    if (this.#adopting.has(key)) return
    this.#adopting.add(key)
    this.#retryAt.delete(key)
    this.#ports
      .adopt(lease)
      .then((made) => this.#adopted(lease, made))
      .catch((error: unknown) => {
        const wait = Math.min((this.#waited.get(key) ?? retryMs.first / 2) * 2, retryMs.most)
        this.#waited.set(key, wait)
        this.#retryAt.set(key, new Date(this.#ports.clock.now().getTime() + wait).toISOString())
        const message = `The adoption branch cannot be written: ${describeError(error)} The changes stand until ${lease.kept?.until ?? ''}; it is tried again.`
        this.#ports.record({ key, type: 'Warning', reason: 'AdoptionFailed', message })
      })
      .finally(() => {
        this.#adopting.delete(key)
        this.watch()
      })
  }

  #adopted(lease: LeaseRecord, made: Awaited<ReturnType<Adopt>>): void {
    const { records, record } = this.#ports
    const { key } = lease
    // Somebody may have ended it meanwhile.
    const current = records.get(key)
    if (current?.id !== lease.id || current.kept === undefined || current.endedAt !== undefined) return
    if (made === undefined) {
      this.#over(current)
      record({ key, type: 'Normal', reason: 'NothingToAdopt', message: 'Nothing was changed by hand under the lease.' })
      return
    }
    if (made.branch === undefined) {
      this.#over(current)
      const message = `No manifest can say what was changed by hand, so there is no branch: ${made.left.join(', ')}. It is drift again.`
      record({ key, type: 'Warning', reason: 'NothingToAdopt', message })
      return
    }
    records.put({ ...current, kept: { ...current.kept, branch: made.branch } })
    const left = made.left.length === 0 ? '' : ` Not in it: ${made.left.join(', ')}.`
    record({
      key,
      type: 'Normal',
      reason: 'Adopted',
      message: `What was changed by hand is in branch ${made.branch}; open a pull request.${left}`,
    })
    this.#again(key)
  }

  /** True where its changes are to be kept until Git changes, and nobody can tell what Git wants now. */
  #mustWait({ key, ending, kept }: LeaseRecord): boolean {
    return ending === 'adopt' && kept === undefined && !this.#wish(key).known
  }

  #wish(key: ObjectKey): Wish {
    return wishOf(key, this.#ports.desired(), this.#ports.observed)
  }

  /** The lease that the host keeps, as far as it is known. */
  #seen(key: ObjectKey): { readonly known: boolean; readonly connected: boolean; readonly id?: string } {
    const [sighting] = this.#ports.observed.get(key)
    if (sighting?.object.kind !== 'VirtualMachine') return { known: false, connected: false }
    const id = sighting.object.lease?.id
    return {
      known: true,
      connected: this.#ports.observed.node(sighting.node)?.connected === true,
      ...(id === undefined ? {} : { id }),
    }
  }

  #again(key: ObjectKey): void {
    const view = this.#ports.desired()
    const owned = (view?.get(key)?.references ?? []).filter((other) => view?.get(other)?.ownerKey === key)
    this.#ports.again([key, ...owned])
  }
}

/** Milliseconds of what is asked for, where it may be given. */
function checkRequest({ policy, observed }: LeasePorts, { key, time }: { readonly key: ObjectKey; readonly time: string }): number {
  const { allowed, longestMilliseconds } = policy()
  if (parseKey(key).kind !== 'VirtualMachine')
    throw new GitvirtError({
      code: 'InvalidArgument',
      message: `A lease is of a virtual machine, not of ${keyText(key)}.`,
      action: 'Name it as vm/NAME.',
    })
  if (!allowed)
    throw new GitvirtError({
      code: 'LeaseNotAllowed',
      message: 'gitvirt.yaml allows no leases.',
      action: 'Change the machine in Git, or spec.leases.allowed.',
    })
  const milliseconds = parseDuration(time)
  if (milliseconds === undefined || milliseconds < 1000)
    throw new GitvirtError({
      code: 'InvalidArgument',
      message: `"${time}" is not a duration of a second or more.`,
      action: 'Write for example --for 2h.',
    })
  if (milliseconds > longestMilliseconds)
    throw new GitvirtError({
      code: 'LeaseNotAllowed',
      message: `gitvirt.yaml allows leases of at most ${longestMilliseconds / 60_000} minutes; ${time} is longer.`,
      action: 'Ask for less, or change spec.leases.maxDuration.',
    })
  if (observed.get(key).length === 0)
    throw new GitvirtError({ code: 'NotFound', message: `No host has ${keyText(key)}.`, action: 'Look at "gitvirt get vm".' })
  return milliseconds
}

function leasedAlready(lease: LeaseRecord): GitvirtError {
  const over = lease.kept === undefined ? `until ${lease.until}` : `whose changes stand until ${lease.kept.until}`
  return new GitvirtError({
    code: 'Conflict',
    message: `${lease.by} has a lease on ${keyText(lease.key)} ${over}: ${lease.reason}`,
    action: 'Work under it, or end it first: gitvirt lease end.',
  })
}

function wishUnknown({ key }: LeaseRecord): GitvirtError {
  return new GitvirtError({
    code: 'WishUnknown',
    message: `What Git wants of ${keyText(key)} is not known now, so that what was changed by hand could not be kept.`,
    action: 'Mend its file in Git, or wait for the first revision after a start, and end the lease again.',
  })
}

function leaseText({ by, until, reason, ending }: LeaseRecord): string {
  const then =
    ending === 'adopt' ? 'it is written to a branch' : 'it is reverted, unless spec.drift or an annotation says that drift is left'
  return `${by} has a lease until ${until}: ${reason}. What is changed by hand stands; then ${then}.`
}
