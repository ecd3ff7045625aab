import { randomUUID } from 'node:crypto'
import { Alarm } from './alarm.ts'
import { endOf } from './hold-time.ts'
import { LeaseAdoptions } from './lease-adoption.ts'
import { LeaseHosts } from './lease-hosts.ts'
import type { Adopted, LeasePorts } from './lease-ports.ts'
import { checkRequest, leasedAlready, leaseText, noLease, wishUnknown } from './lease-request.ts'
import type { ObjectKey } from './lib/object-key.ts'
import { leaseInForce } from './plan/leased.ts'
import { wishOf, type Wish } from './plan/wish.ts'
import type { EventDraft } from './status/events/rules.ts'
import type { LeaseRecord } from './store/leases.ts'

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

/** Who ended a lease, for what reason, and how people are told. */
type Why = { readonly by: string; readonly reason: string; readonly message: string }

export function createLeaseKeeper(ports: LeasePorts): LeaseKeeper {
  return new Keeper(ports)
}

class Keeper implements LeaseKeeper {
  readonly #ports: LeasePorts
  readonly #alarm: Alarm
  readonly #hosts: LeaseHosts
  readonly #adoptions: LeaseAdoptions
  #closed = false

  constructor(ports: LeasePorts) {
    this.#ports = ports
    this.#alarm = new Alarm(() => this.watch(), ports.log)
    this.#hosts = new LeaseHosts(ports)
    const { adopt, record, clock, log } = ports
    this.#adoptions = new LeaseAdoptions({
      adopt,
      record,
      clock,
      log,
      done: (lease, made) => this.#adopted(lease, made),
      tried: () => this.watch(),
    })
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
      record({ key, type: 'Warning', reason: 'Leased', message: leaseText(lease) })
    })
    this.#again(key)
    try {
      await this.#hosts.give(lease, Math.ceil(milliseconds / 1000))
    } catch (error) {
      // The host may have heard of it all the same, and must hear of its end.
      const reason = 'its host could not be told of it'
      this.#end(lease, { by: 'gitvirt', reason, message: `The lease of ${by} has ended: ${reason}.` })
      throw error
    }
    this.#arm()
    return lease
  }

  async end({ key, by, reason = '' }: { readonly key: ObjectKey; readonly by: string; readonly reason?: string }): Promise<void> {
    const lease = this.list().find((one) => one.key === key)
    if (lease === undefined) throw noLease(key, this.list())
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
    // Of the one that is known #look takes care.
    if (!this.#closed) this.#hosts.endStrays(keys, (key) => this.#ports.records.get(key))
  }

  #arm(): void {
    const now = this.#ports.clock.now()
    // What waits for Git to be known is looked at with the next revision.
    const ends = this.list().map(({ kept, until }) => kept?.until ?? until)
    this.#alarm.set([...ends.filter((end) => end > now.toISOString()), ...this.#adoptions.retries()], now)
  }

  close(): void {
    this.#closed = true
    this.#alarm.close()
  }

  #look(lease: LeaseRecord, now: Date): void {
    const time = now.toISOString()
    const seen = this.#hosts.seen(lease.key)
    if (lease.endedAt !== undefined) {
      // A host ends it by its own clock, whether or not it hears of it.
      if (lease.until <= time || (seen.connected && seen.id === undefined)) this.#ports.records.delete(lease.key)
      else if (seen.connected && seen.id === lease.id) this.#hosts.tell(lease)
      return
    }
    if (lease.kept !== undefined) {
      // The lease itself is over: only its changes stand, and the run strategy rules again.
      if (seen.connected && seen.id === lease.id) this.#hosts.tell(lease)
      this.#lookAtKept(lease, now)
    } else if (lease.until <= time) {
      if (this.#mustWait(lease)) return
      this.#finish(lease, { by: 'gitvirt', reason: 'its time has come', message: `The lease of ${lease.by} has ended: its time has come.` })
      // A host that keeps another one refuses this one; that one is ended first.
    } else if (seen.connected && seen.known && seen.id === undefined)
      this.#hosts.tell(lease, Math.max(1, Math.ceil((Date.parse(lease.until) - now.getTime()) / 1000)))
  }

  #lookAtKept(lease: LeaseRecord, now: Date): void {
    if (leaseInForce(lease, { now, wish: this.#wish(lease.key) }) !== undefined) {
      if (lease.kept?.branch === undefined) this.#adoptions.start(lease)
      return
    }
    const why = (lease.kept?.until ?? '') <= now.toISOString() ? 'its time has come' : 'Git wants something else now'
    const message = `What was changed by hand under the lease of ${lease.by} no longer stands: ${why}.`
    this.#over(lease, { type: 'Normal', reason: 'LeaseEnded', message })
  }

  /** Ends a lease that was in force; one whose changes are to be adopted goes on to keep them for a while. */
  #finish(lease: LeaseRecord, why: Why): void {
    const { clock, policy } = this.#ports
    const wish = this.#wish(lease.key)
    if (lease.ending === 'revert' || lease.kept !== undefined || !wish.known || wish.digest === undefined) return this.#end(lease, why)
    const until = new Date(clock.now().getTime() + policy().keptMilliseconds).toISOString()
    const keeping = { ...lease, kept: { wish: wish.digest, until } }
    this.#put(keeping, why)
    this.#again(lease.key)
    this.#hosts.tellEnd(lease)
    this.#adoptions.start(keeping)
  }

  #end(lease: LeaseRecord, why: Why): void {
    const over = { ...lease, endedAt: this.#ports.clock.now().toISOString() }
    this.#put(over, why)
    this.#forget(over)
  }

  /** Keeps the record together with the receipt of who ended it, and the event that tells of it. */
  #put(lease: LeaseRecord, { by, reason, message }: Why): void {
    const { records, decided, record, clock, transaction } = this.#ports
    const { key } = lease
    transaction(() => {
      records.put(lease)
      decided({ verb: 'EndLease', key, by, reason, at: clock.now().toISOString() })
      record({ key, type: 'Normal', reason: 'LeaseEnded', message })
    })
  }

  /** What was kept after a lease is over; of the end of the lease itself there is a receipt. */
  #over(lease: LeaseRecord, event: Omit<EventDraft, 'key'>): void {
    const { records, record, clock, transaction } = this.#ports
    transaction(() => {
      records.put({ ...lease, endedAt: clock.now().toISOString() })
      record({ key: lease.key, ...event })
    })
    this.#forget(lease)
  }

  #forget(lease: LeaseRecord): void {
    this.#adoptions.forget(lease.key)
    this.#again(lease.key)
    this.#hosts.tellEnd(lease)
  }

  #adopted(lease: LeaseRecord, made: Adopted | undefined): void {
    const { records, record, transaction } = this.#ports
    const { key } = lease
    // Somebody may have ended it meanwhile.
    const current = records.get(key)
    if (current?.id !== lease.id || current.kept === undefined || current.endedAt !== undefined) return
    if (made === undefined)
      return this.#over(current, { type: 'Normal', reason: 'NothingToAdopt', message: 'Nothing was changed by hand under the lease.' })
    if (made.branch === undefined) {
      const message = `No manifest can say what was changed by hand, so there is no branch: ${made.left.join(', ')}. It is drift again.`
      return this.#over(current, { type: 'Warning', reason: 'NothingToAdopt', message })
    }
    const kept = { ...current.kept, branch: made.branch }
    const left = made.left.length === 0 ? '' : ` Not in it: ${made.left.join(', ')}.`
    const message = `What was changed by hand is in branch ${made.branch}; open a pull request.${left}`
    transaction(() => {
      records.put({ ...current, kept })
      record({ key, type: 'Normal', reason: 'Adopted', message })
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

  #again(key: ObjectKey): void {
    const view = this.#ports.desired()
    const owned = (view?.get(key)?.references ?? []).filter((other) => view?.get(other)?.ownerKey === key)
    this.#ports.again([key, ...owned])
  }
}
