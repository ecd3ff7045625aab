import { rm } from 'node:fs/promises'
import { errorCode } from '../../../../reconciler/lib/errors.ts'
import type { ObjectKey } from '../../../../reconciler/lib/object-key.ts'
import { findUnrecorded } from '../observe/unrecorded.ts'
import { pathsOf, type Session } from '../session.ts'
import { stopMachine } from './power.ts'

/**
 * Removes a machine's definition, NVRAM, TPM state, seed, scratch disks and record; never a volume. Where the record is lost, our
 * mark on the domain tells which one it is. Idempotent.
 */
export async function undefineMachine(session: Session, key: ObjectKey): Promise<void> {
  const uid = session.records.byKey(key)?.machine.uid ?? (await findUnrecorded(session, key))?.uid
  if (uid === undefined) return
  try {
    await stopMachine(session, key)
    await session.virsh.call([
      'undefine',
      '--domain',
      uid,
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
  const paths = pathsOf(session, uid)
  await rm(paths.folder, { recursive: true, force: true })
  await rm(paths.sockets, { recursive: true, force: true })
  await session.records.remove(uid)
  session.context.changed(key)
}
