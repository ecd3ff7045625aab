import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { ObjectKey } from '../../../reconciler/lib/object-key.ts'
import { asObject, type NetworkState } from './network-state.ts'
import type { Link } from './links.ts'
import { readJson, removeFile, writeJson } from './state-file.ts'

/** A change that is neither committed nor rolled back. It is on disk before the first thing changes. */
export type Transaction = {
  readonly key: ObjectKey
  readonly provider: 'networkmanager' | 'kernel'
  /** RFC 3339. */
  readonly startedAt: string
  /** The kernel forgets its settings with a reboot: a transaction of another boot needs no rollback. */
  readonly bootId: string
  /** digest of the policy. */
  readonly policy: string
  /** Kernel mode: how the touched interfaces were, and which of them did not exist. */
  readonly before?: Before
}

export type Before = {
  readonly state: NetworkState
  readonly links: readonly Link[]
  readonly missing: readonly string[]
}

export type Journal = {
  begin(transaction: Omit<Transaction, 'bootId'>): Promise<void>
  /** The transaction that a crash left behind. */
  open(): Promise<Transaction | undefined>
  end(): Promise<void>
  bootId(): Promise<string>
}

/** The journal of the one network transaction that a host can have. */
export function createJournal(folder: string): Journal {
  const path = join(folder, 'transaction.json')
  return {
    begin: async (transaction) => writeJson(path, { ...transaction, bootId: await readBootId() }),
    open: async () => {
      const value = asObject(await readJson(path))
      return typeof value?.['key'] === 'string' ? (value as unknown as Transaction) : undefined
    },
    end: () => removeFile(path),
    bootId: readBootId,
  }
}

/** Source: proc_sys_kernel(5), random/boot_id. */
async function readBootId(): Promise<string> {
  return (await readFile('/proc/sys/kernel/random/boot_id', 'utf8').catch(() => 'unknown')).trim()
}
