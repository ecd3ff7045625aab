import type { DriverContext, VolumeDriver } from '../types.ts'
import type { DomainEvents } from './events.ts'
import type { HostFacts } from './host.ts'
import { machinePaths, type MachinePaths } from './files.ts'
import type { MachineRecord, Records } from './records.ts'
import type { Virsh } from './virsh.ts'
import { GitvirtError } from '../../../reconciler/lib/errors.ts'
import type { ObjectKey } from '../../../reconciler/lib/object-key.ts'

/** What the parts of the driver share. */
export type Session = {
  readonly context: DriverContext
  readonly volumes: Pick<VolumeDriver, 'file'>
  readonly virsh: Virsh
  readonly records: Records
  readonly events: () => DomainEvents
  readonly host: () => HostFacts
  readonly exclusive: Exclusive
}

/** Runs one change of a machine at a time. */
export type Exclusive = {
  <T>(key: ObjectKey, change: () => Promise<T>): Promise<T>
  /** True while a change of this machine is under way: its domain and its record may not fit together. */
  readonly isBusy: (key: ObjectKey) => boolean
}

/** @throws GitvirtError `NotFound` */
export function recordOf(session: Session, key: ObjectKey): MachineRecord {
  const record = session.records.byKey(key)
  if (record !== undefined) return record
  throw new GitvirtError({
    code: 'NotFound',
    message: 'This machine is not defined on this host.',
    object: key,
    host: session.context.node,
  })
}

export function pathsOf(session: Session, uid: string): MachinePaths {
  return machinePaths(session.context, uid)
}

/** Serialises changes per key; a failed one does not stop the next. */
export function createExclusive(): Exclusive {
  const tails = new Map<ObjectKey, Promise<unknown>>()
  const exclusive = async <T>(key: ObjectKey, change: () => Promise<T>): Promise<T> => {
    const before = tails.get(key) ?? Promise.resolve()
    const current = before.then(change, change)
    const tail = current.catch(() => undefined)
    tails.set(key, tail)
    try {
      return await current
    } finally {
      if (tails.get(key) === tail) tails.delete(key)
    }
  }
  return Object.assign(exclusive, { isBusy: (key: ObjectKey) => tails.has(key) })
}
