import { readFile } from 'node:fs/promises'
import { fingerprints } from '../observe/drift.ts'
import type { BootRecord, MachineRecord } from '../records.ts'
import type { Session } from '../session.ts'
import type { XmlElement } from '../xml.ts'

let bootId: Promise<string> | undefined

/** Names one run of a guest: libvirt's id alone begins anew after a reboot of the host. */
async function runOf(live: XmlElement): Promise<string> {
  bootId ??= readFile('/proc/sys/kernel/random/boot_id', 'utf8').then((text) => text.trim())
  return `${await bootId}/${live.attributes['id'] ?? ''}`
}

/**
 * Remembers what a running guest was booted with. A run that somebody else began used the definition of that moment,
 * which is the one on record. Idempotent. A record that was changed or removed since it was read stays as it is.
 */
export async function noteRun(session: Session, record: MachineRecord, live: XmlElement): Promise<MachineRecord> {
  const run = await runOf(live)
  if (record.boot?.run === run) return record
  const at = session.context.clock.now().toISOString()
  const latest = await session.records.amend(record.machine.key, (found) => {
    if (!isSame(found, record)) return undefined
    const boot: BootRecord = { run, at, machine: found.machine, devices: fingerprints(live) }
    return { ...found, boot }
  })
  return latest?.boot?.run === run && latest.definition === record.definition ? latest : withoutBoot(record)
}

/** Forgets the last run of a guest that is off. A record that was changed or removed since it was read stays as it is. */
export async function noteOff(session: Session, record: MachineRecord): Promise<MachineRecord> {
  if (record.boot === undefined) return record
  await session.records.amend(record.machine.key, (found) => (isSame(found, record) ? withoutBoot(found) : undefined))
  return withoutBoot(record)
}

/** True while neither the definition nor the run has changed: what was seen of the domain belongs to this record. */
function isSame(latest: MachineRecord, read: MachineRecord): boolean {
  return latest.definition === read.definition && latest.boot?.run === read.boot?.run
}

function withoutBoot(record: MachineRecord): MachineRecord {
  const { boot: _, ...rest } = record
  return rest
}
