import type { ObjectKey } from '../../../../reconciler/lib/object-key.ts'
import { markNamespace } from '../mark.ts'
import type { Session } from '../session.ts'
import { found } from '../virsh.ts'
import { parseXml } from '../xml.ts'

/** A domain with our mark whose record is lost: the mark is all that is known of it. */
export type UnrecordedDomain = { readonly key: ObjectKey; readonly uid: string }

/**
 * Domains that carry our mark and have no record, because the agent's state folder, or a file in it, was lost.
 * @param list output of `virsh list --all --uuid`
 */
export async function unrecordedDomains(session: Session, list: string): Promise<UnrecordedDomain[]> {
  const known = new Set(session.records.all().map((record) => record.machine.uid))
  const uids = list
    .split('\n')
    .map((line) => line.trim())
    .filter((uid) => /^[0-9a-f-]{36}$/.test(uid) && !known.has(uid))
  if (uids.length === 0) return []
  const marks = await session.virsh.batch(uids.map((uid) => ['metadata', '--domain', uid, '--uri', markNamespace]))
  return uids.flatMap((uid, index) => {
    // Not marked, or gone since it was listed.
    const text = found(marks[index], 'MetadataNotFound', 'DomainNotFound')
    const { key, uid: marked } = text === undefined ? {} : parseXml(text).attributes
    // A copy of one of our guests (virt-clone) carries its mark under another uuid: it is somebody else's.
    return key === undefined || marked !== uid || session.records.byKey(key) !== undefined ? [] : [{ key, uid }]
  })
}

/** The domain of this key where its record is lost. */
export async function findUnrecorded(session: Session, key: ObjectKey): Promise<UnrecordedDomain | undefined> {
  const list = await session.virsh.call(['list', '--all', '--uuid'])
  return (await unrecordedDomains(session, list)).find((domain) => domain.key === key)
}
