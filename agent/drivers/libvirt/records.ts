import { mkdir, readdir, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Problem } from '../../../schemas/generated/observation.ts'
import type { MachineSpec } from '../../../schemas/generated/plan.ts'
import type { Logger } from '../../../reconciler/lib/log.ts'
import type { ObjectKey } from '../../../reconciler/lib/object-key.ts'
import { writeAtomic } from './files.ts'
import type { DiskSource } from './render/input.ts'

/** What the driver remembers of one machine across crashes and reboots. No secret values. */
export type MachineRecord = {
  readonly version: 1
  readonly machine: MachineSpec
  readonly name: string
  /** The inactive XML as libvirt returned it right after our define: the base of drift. */
  readonly definition: string
  readonly sources: Readonly<Record<string, DiskSource>>
  readonly unsupported: readonly string[]
  readonly boot?: BootRecord
  readonly problem?: Problem
}

/** One run of the guest. */
export type BootRecord = {
  /** libvirt's id of the running domain with the host's boot id: tells one run from the next. */
  readonly run: string
  readonly at: string
  readonly machine: MachineSpec
  /** Fingerprints of the attached disks and NICs, as we last left them. */
  readonly devices: readonly string[]
}

/** The records of all machines, kept in memory and in `<stateDir>/machines/<uid>.json`. */
export type Records = {
  load(): Promise<void>
  all(): readonly MachineRecord[]
  byKey(key: ObjectKey): MachineRecord | undefined
  byName(name: string): MachineRecord | undefined
  save(record: MachineRecord): Promise<void>
  remove(uid: string): Promise<void>
}

export function createRecords(stateDir: string, log: Logger): Records {
  const folder = join(stateDir, 'machines')
  const records = new Map<string, MachineRecord>()
  return {
    async load() {
      await mkdir(folder, { recursive: true, mode: 0o700 })
      records.clear()
      for (const name of await readdir(folder)) {
        if (name.endsWith('.tmp')) await rm(join(folder, name), { force: true })
        if (!name.endsWith('.json')) continue
        try {
          const record = JSON.parse(await readFile(join(folder, name), 'utf8')) as MachineRecord
          if (record.version === 1) records.set(record.machine.uid, record)
        } catch (error) {
          log.error({ file: name, error: String(error) }, 'A machine record cannot be read; the machine is defined anew.')
        }
      }
    },
    all: () => [...records.values()],
    byKey: (key) => [...records.values()].find((record) => record.machine.key === key),
    byName: (name) => [...records.values()].find((record) => record.name === name),
    async save(record) {
      await writeAtomic(join(folder, `${record.machine.uid}.json`), JSON.stringify(record))
      records.set(record.machine.uid, record)
      for (const other of records.values()) {
        if (other.machine.key !== record.machine.key || other.machine.uid === record.machine.uid) continue
        await rm(join(folder, `${other.machine.uid}.json`), { force: true })
        records.delete(other.machine.uid)
      }
    },
    async remove(uid) {
      await rm(join(folder, `${uid}.json`), { force: true })
      records.delete(uid)
    },
  }
}
