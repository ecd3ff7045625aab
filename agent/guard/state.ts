import { mkdir, readdir, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { ObservedMachine } from '../../schemas/generated/observation.ts'
import type { MachineSpec } from '../../schemas/generated/plan.ts'
import type { Logger } from '../../reconciler/lib/log.ts'
import type { ObjectKey } from '../../reconciler/lib/object-key.ts'
import { writePrivateFile } from '../../reconciler/lib/private-file.ts'
import type { Lease } from './lease.ts'

/** What the guard remembers of one machine across restarts of the agent and the host. */
export type GuardState = {
  readonly version: 1
  readonly key: ObjectKey
  readonly uid: string
  /** The strategy that the rest belongs to: a new one in Git ends a person's request. */
  readonly runStrategy: MachineSpec['runStrategy']
  readonly power?: NonNullable<ObservedMachine['power']>
  /** What people change by hand stands until then. */
  readonly lease?: Lease
  /** A restart under way: the run that it ends, told by its startedAt, and since when. Gone once another run began. */
  readonly restarting?: { readonly run: string; readonly at: string }
  /** True while the guest is known to run. */
  readonly active: boolean
  /** True once the guest has run under this strategy. */
  readonly ran: boolean
  /** Failed starts in a row. */
  readonly failures: number
  /** RFC 3339. */
  readonly nextStartAt?: string
  readonly lastStartAt?: string
  readonly lastOutcome?: 'succeeded' | 'failed'
}

export type GuardStates = {
  load(): Promise<void>
  get(key: ObjectKey): GuardState | undefined
  /** Writes to `<stateDir>/guard/<uid>.json` by an atomic rename; nothing where nothing changed. */
  save(state: GuardState): Promise<void>
  remove(key: ObjectKey): Promise<void>
}

export function createGuardStates(stateDir: string, log: Logger): GuardStates {
  const folder = join(stateDir, 'guard')
  const states = new Map<ObjectKey, GuardState>()
  const fileOf = (uid: string): string => join(folder, `${uid}.json`)
  return {
    async load() {
      await mkdir(folder, { recursive: true, mode: 0o700 })
      states.clear()
      for (const name of await readdir(folder)) {
        if (name.endsWith('.tmp')) await rm(join(folder, name), { force: true })
        if (!name.endsWith('.json')) continue
        try {
          const state = JSON.parse(await readFile(join(folder, name), 'utf8')) as GuardState
          if (state.version === 1) states.set(state.key, state)
        } catch (error) {
          log.error({ file: name, error: String(error) }, 'A guard state cannot be read; the run strategy alone decides.')
        }
      }
    },
    get: (key) => states.get(key),
    async save(state) {
      const before = states.get(state.key)
      if (before !== undefined && JSON.stringify(before) === JSON.stringify(state)) return
      await writePrivateFile(fileOf(state.uid), JSON.stringify(state))
      if (before !== undefined && before.uid !== state.uid) await rm(fileOf(before.uid), { force: true })
      states.set(state.key, state)
    },
    async remove(key) {
      const state = states.get(key)
      if (state === undefined) return
      states.delete(key)
      await rm(fileOf(state.uid), { force: true })
    },
  }
}
