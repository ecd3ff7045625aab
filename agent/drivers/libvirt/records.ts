import { mkdir, readdir, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Problem } from '../../../schemas/generated/observation.ts'
import type { MachineSpec } from '../../../schemas/generated/plan.ts'
import type { Logger } from '../../../reconciler/lib/log.ts'
import { writePrivateFile } from '../../../reconciler/lib/private-file.ts'
import type { ObjectKey } from '../../../reconciler/lib/object-key.ts'
import { createTurns } from '../../../reconciler/lib/turns.ts'
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
  /** Changes what is on record at this machine's turn, after saves under way; undefined leaves it. Resolves with what stands then. */
  amend(key: ObjectKey, change: (latest: MachineRecord) => MachineRecord | undefined): Promise<MachineRecord | undefined>
  remove(uid: string): Promise<void>
}

export function createRecords(stateDir: string, log: Logger): Records {
  const folder = join(stateDir, 'machines')
  const records = new Map<string, MachineRecord>()
  const inTurn = createTurns()
  const byKey = (key: ObjectKey): MachineRecord | undefined => [...records.values()].find((record) => record.machine.key === key)
  const write = async (record: MachineRecord): Promise<void> => {
    await writePrivateFile(join(folder, `${record.machine.uid}.json`), JSON.stringify(record))
    records.set(record.machine.uid, record)
    for (const other of records.values()) {
      if (other.machine.key !== record.machine.key || other.machine.uid === record.machine.uid) continue
      await rm(join(folder, `${other.machine.uid}.json`), { force: true })
      records.delete(other.machine.uid)
    }
  }
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
    byKey,
    byName: (name) => [...records.values()].find((record) => record.name === name),
    save: async (record) => await inTurn(record.machine.key, async () => await write(record)),
    amend: async (key, change) =>
      await inTurn(key, async () => {
        const latest = byKey(key)
        const next = latest === undefined ? undefined : change(latest)
        if (next !== undefined && next !== latest) await write(next)
        return next ?? latest
      }),
    async remove(uid) {
      await inTurn(records.get(uid)?.machine.key ?? uid, async () => {
        await rm(join(folder, `${uid}.json`), { force: true })
        records.delete(uid)
      })
    },
  }
}
