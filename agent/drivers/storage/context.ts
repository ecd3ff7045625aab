import type { Clock } from '../../../reconciler/lib/clock.ts'
import type { Logger } from '../../../reconciler/lib/log.ts'
import type { ImageCache } from './cache.ts'
import type { RecordStore, VolumeRecord } from './records.ts'

/** What the driver's acts share. */
export type VolumeContext = {
  readonly stateDir: string
  readonly clock: Clock
  readonly log: Logger
  readonly records: RecordStore
  readonly cache: ImageCache
  /** Milliseconds without a byte after which a transfer is given up. */
  readonly idle: number
  readonly random: () => number
  /** Writes the record and tells that the object changed. */
  save(base: string, record: VolumeRecord): Promise<void>
  /** Tells progress without writing it down. */
  progress(base: string, record: VolumeRecord): void
  /** Makes sure that libvirt has the pool. */
  usePool(name: string, folder: string): Promise<void>
  /** Waits for a place among the imports at work, and frees it after the work. */
  importing<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T>
  /** Runs the work after earlier work of the same name. */
  oneAtATime<T>(name: string, work: () => Promise<T>): Promise<T>
}
