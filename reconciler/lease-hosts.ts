import type { LeasePorts } from './lease-ports.ts'
import { describeError } from './lib/errors.ts'
import type { ObjectKey } from './lib/object-key.ts'
import type { LeaseRecord } from './store/leases.ts'

/** The lease that a host keeps, as far as it is known. */
export type KeptByHost = { readonly known: boolean; readonly connected: boolean; readonly id?: string }

type Ports = Pick<LeasePorts, 'observed' | 'send' | 'log'>

type Word = Pick<LeaseRecord, 'key' | 'id' | 'by'>

/** What hosts know of leases. They end them by their own clocks, whether or not they hear of it. */
export class LeaseHosts {
  readonly #ports: Ports
  /** Machines whose host is being told. */
  readonly #telling = new Set<ObjectKey>()

  constructor(ports: Ports) {
    this.#ports = ports
  }

  seen(key: ObjectKey): KeptByHost {
    const [sighting] = this.#ports.observed.get(key)
    if (sighting?.object.kind !== 'VirtualMachine') return { known: false, connected: false }
    const id = sighting.object.lease?.id
    return {
      known: true,
      connected: this.#ports.observed.node(sighting.node)?.connected === true,
      ...(id === undefined ? {} : { id }),
    }
  }

  /** Gives a host a lease of so many seconds. @throws what the host says */
  async give({ key, id, by }: Word, seconds: number): Promise<void> {
    this.#telling.add(key)
    try {
      await this.#ports.send({ key, id, by, seconds })
    } finally {
      this.#telling.delete(key)
    }
  }

  /** Tells the host of a lease, or of its end; what fails is told again with the host's next observation. */
  tell({ key, id, by }: Word, seconds?: number): void {
    if (this.#telling.has(key)) return
    this.#telling.add(key)
    this.#ports
      .send({ key, id, by, ...(seconds === undefined ? {} : { seconds }) })
      .catch((error: unknown) => this.#ports.log.warn({ key, error: describeError(error) }, 'a host could not be told of a lease'))
      .finally(() => this.#telling.delete(key))
  }

  /** Tells the host of an end, where it is there. */
  tellEnd(lease: Word): void {
    if (this.seen(lease.key).connected) this.tell(lease)
  }

  /** Ends what hosts keep on these machines, but for the lease that is known of one. */
  endStrays(keys: Iterable<ObjectKey>, known: (key: ObjectKey) => LeaseRecord | undefined): void {
    for (const key of keys) {
      const { connected, id } = this.seen(key)
      if (connected && id !== undefined && known(key)?.id !== id) this.tell({ key, id, by: 'gitvirt' })
    }
  }
}
