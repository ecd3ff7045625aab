import { rm } from 'node:fs/promises'
import { errorCode } from '../../../../reconciler/lib/errors.ts'
import type { ObjectKey } from '../../../../reconciler/lib/object-key.ts'
import { pathsOf, type Session } from '../session.ts'
import { findDomain, stopMachine } from './power.ts'

/** Removes a machine's definition, NVRAM, TPM state, seed, scratch disks and record; never a volume. Idempotent. */
export async function undefineMachine(session: Session, key: ObjectKey): Promise<void> {
  const record = session.records.byKey(key)
  if (record === undefined) return
  try {
    const { state } = await findDomain(session, key)
    if (state.active) await stopMachine(session, key)
    await session.virsh.call([
      'undefine',
      '--domain',
      record.machine.uid,
      '--managed-save',
      '--snapshots-metadata',
      '--checkpoints-metadata',
      '--nvram',
      '--tpm',
    ])
  } catch (error) {
    // Gone, or replaced by somebody else's domain: only what is ours is left to remove.
    if (!['NotFound', 'DomainNotFound', 'NameConflict'].includes(errorCode(error))) throw error
  }
  const paths = pathsOf(session, record.machine.uid)
  await rm(paths.folder, { recursive: true, force: true })
  await rm(paths.sockets, { recursive: true, force: true })
  await session.records.remove(record.machine.uid)
  session.context.changed(key)
}
