import type { DriverContext, VolumeDriver } from '../types.ts'
import type { DomainEvents } from './events.ts'
import type { HostFacts } from './host.ts'
import { machinePaths, type MachinePaths } from './files.ts'
import type { MachineRecord, Records } from './records.ts'
import type { Virsh } from './virsh.ts'
import { GitvirtError } from '../../../reconciler/lib/errors.ts'
import type { ObjectKey } from '../../../reconciler/lib/object-key.ts'
import type { Turns } from '../../../reconciler/lib/turns.ts'

/** What the parts of the driver share. */
export type Session = {
  readonly context: DriverContext
  readonly volumes: Pick<VolumeDriver, 'file'>
  readonly virsh: Virsh
  readonly records: Records
  readonly events: () => DomainEvents
  readonly host: () => HostFacts
  /** Runs one change of a machine at a time; while one is under way, its domain and its record may not fit together. */
  readonly exclusive: Turns
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
