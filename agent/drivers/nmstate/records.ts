import { createHash } from 'node:crypto'
import { join } from 'node:path'
import type { Problem } from '../../../schemas/generated/observation.ts'
import type { PolicySpec } from '../../../schemas/generated/plan.ts'
import type { ObjectKey } from '../../../reconciler/lib/object-key.ts'
import type { Condition } from './enactment.ts'
import { asObject, type NetworkState } from './network-state.ts'
import type { ProviderName } from './provider.ts'
import { listJson, readJson, removeFile, writeJson } from './state-file.ts'

/** All that is kept of one policy on this host. */
export type PolicyRecord = {
  readonly key: ObjectKey
  /** The last policy that became Available. */
  readonly applied?: PolicySpec
  /** What `applied` came to after its captures; only where it has captures. */
  readonly resolved?: NetworkState
  /** What `applied` came to after captures and, in kernel mode, without what that mode cannot do. */
  readonly effective?: NetworkState
  readonly provider: ProviderName
  readonly limits: readonly string[]
  readonly conditions: readonly Condition[]
  readonly problem?: Problem
  /** The last policy that failed: it is not tried again before the time, as long as it comes unchanged. */
  readonly heldOff?: {
    /** Of the policy and what carried it out. */
    readonly digest: string
    /** Of the policy alone, as the reconciler knows it. */
    readonly policy?: string
    readonly at: string
    readonly milliseconds: number
  }
}

export type Records = {
  all(): Promise<readonly PolicyRecord[]>
  get(key: ObjectKey): Promise<PolicyRecord | undefined>
  put(record: PolicyRecord): Promise<void>
  remove(key: ObjectKey): Promise<void>
}

/** Policy records as one file each in a folder. Files that are no records are left alone. */
export function createRecords(folder: string): Records {
  const path = (key: ObjectKey): string => join(folder, `${createHash('sha256').update(key).digest('hex')}.json`)
  const read = async (file: string): Promise<PolicyRecord | undefined> => {
    const value = asObject(await readJson(file))
    return typeof value?.['key'] === 'string' && Array.isArray(value['conditions']) ? (value as unknown as PolicyRecord) : undefined
  }
  return {
    all: async () => (await Promise.all((await listJson(folder)).map((file) => read(file)))).filter((record) => record !== undefined),
    get: (key) => read(path(key)),
    put: (record) => writeJson(path(record.key), record),
    remove: (key) => removeFile(path(key)),
  }
}
