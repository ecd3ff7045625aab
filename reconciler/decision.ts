import type { ObjectKey } from './lib/object-key.ts'

/** A person's decision, for those who audit. */
export type Decision = {
  readonly verb: 'Suspend' | 'Resume' | 'Lease' | 'EndLease'
  readonly key: ObjectKey
  /** The identity that the API authenticated; gitvirt itself where the time had come. */
  readonly by: string
  readonly reason: string
  /** RFC 3339, UTC. */
  readonly at: string
  readonly until?: string
}
