import { readFile } from 'node:fs/promises'
import { fingerprints } from '../observe/drift.ts'
import type { BootRecord, MachineRecord } from '../records.ts'
import type { Session } from '../session.ts'
import type { XmlElement } from '../xml.ts'

let bootId: Promise<string> | undefined

/** Names one run of a guest: libvirt's id alone begins anew after a reboot of the host. */
export async function runOf(live: XmlElement): Promise<string> {
  bootId ??= readFile('/proc/sys/kernel/random/boot_id', 'utf8').then((text) => text.trim())
  return `${await bootId}/${live.attributes['id'] ?? ''}`
}

/**
 * Remembers what a running guest was booted with. A run that somebody else began used the definition of that moment,
 * which is the one on record. Idempotent.
 */
export async function noteRun(session: Session, record: MachineRecord, live: XmlElement): Promise<MachineRecord> {
  const run = await runOf(live)
  if (record.boot?.run === run) return record
  const boot: BootRecord = { run, at: session.context.clock.now().toISOString(), machine: record.machine, devices: fingerprints(live) }
  const noted = { ...record, boot }
  await session.records.save(noted)
  return noted
}

/** Forgets the last run of a guest that is off. */
export async function noteOff(session: Session, record: MachineRecord): Promise<MachineRecord> {
  if (record.boot === undefined) return record
  const { boot: _, ...rest } = record
  await session.records.save(rest)
  return rest
}
