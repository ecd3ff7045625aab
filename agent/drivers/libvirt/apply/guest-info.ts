import type { ObjectKey } from '../../../../reconciler/lib/object-key.ts'
import { parseAgentAddresses } from '../observe/addresses.ts'
import { parseGuestInfo } from '../observe/guest-agents.ts'
import type { Session } from '../session.ts'
import { findDomain, forMachine } from './power.ts'

const options = { timeout: 10_000, maxBytes: 1024 * 1024 }

/**
 * What the guest agent says of users, OS, time zone, host name, file systems and addresses: libvirt's own keys.
 * Bounded in size and time, because a guest may be hostile.
 * @throws GitvirtError `GuestAgentUnavailable`, `DomainNotRunning`
 */
export async function guestInfo(session: Session, key: ObjectKey): Promise<Record<string, unknown>> {
  const { record } = await findDomain(session, key)
  try {
    const info = await session.virsh.call(['guestinfo', '--domain', record.machine.uid], options)
    const addresses = await session.virsh
      .call(['domifaddr', '--full', '--source', 'agent', '--domain', record.machine.uid], options)
      .catch(() => '')
    return { ...parseGuestInfo(info), interfaces: parseAgentAddresses(addresses) }
  } catch (error) {
    throw forMachine(error, session, key)
  }
}
