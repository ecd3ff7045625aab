import type { Adopted, LeasePorts } from './lease-ports.ts'
import { describeError } from './lib/errors.ts'
import type { ObjectKey } from './lib/object-key.ts'
import type { LeaseRecord } from './store/leases.ts'

export type AdoptionPorts = Pick<LeasePorts, 'adopt' | 'record' | 'clock' | 'log'> & {
  /** What came of it: undefined where nothing was changed. */
  readonly done: (lease: LeaseRecord, made: Adopted | undefined) => void
  /** Told after each try. */
  readonly tried: () => void
}

/** Milliseconds until an adoption that failed is tried again: the first time, and at most. */
const retryMs = { first: 60_000, most: 3_600_000 }

/** Writes the branches of leases that are over, one try at a time for each machine, and again where one fails. */
export class LeaseAdoptions {
  readonly #ports: AdoptionPorts
  /** Machines whose branch is being written. */
  readonly #adopting = new Set<ObjectKey>()
  readonly #retryAt = new Map<ObjectKey, string>()
  /** Milliseconds that an adoption which failed waited last. */
  readonly #waited = new Map<ObjectKey, number>()

  constructor(ports: AdoptionPorts) {
    this.#ports = ports
  }

  /** When there is something to try again: RFC 3339, UTC. */
  retries(): readonly string[] {
    return [...this.#retryAt.values()]
  }

  /** Writes the branch, where none is being written and no wait is on. */
  start(lease: LeaseRecord): void {
    const { key } = lease
    const retryAt = this.#retryAt.get(key)
    if (this.#adopting.has(key) || (retryAt !== undefined && retryAt > this.#ports.clock.now().toISOString())) return
    this.#adopting.add(key)
    this.#retryAt.delete(key)
    this.#ports
      .adopt(lease)
      .then((made) => this.#ports.done(lease, made))
      .catch((error: unknown) => this.#failed(lease, error))
      .finally(() => {
        this.#adopting.delete(key)
        this.#ports.tried()
      })
      // What cannot even be told, as with a full disk: the next try is set, and nobody else waits for this one.
      .catch((error: unknown) => this.#ports.log.error({ key, error: describeError(error) }, 'an adoption that failed could not be told'))
  }

  /** Nothing of the machine is to be adopted any more. */
  forget(key: ObjectKey): void {
    this.#waited.delete(key)
    this.#retryAt.delete(key)
  }

  #failed({ key, kept }: LeaseRecord, error: unknown): void {
    const wait = Math.min((this.#waited.get(key) ?? retryMs.first / 2) * 2, retryMs.most)
    this.#waited.set(key, wait)
    this.#retryAt.set(key, new Date(this.#ports.clock.now().getTime() + wait).toISOString())
    const message = `The adoption branch cannot be written: ${describeError(error)} The changes stand until ${kept?.until ?? ''}; it is tried again.`
    this.#ports.record({ key, type: 'Warning', reason: 'AdoptionFailed', message })
  }
}
