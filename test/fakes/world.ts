import { appendFileSync, existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import type { ObjectKey } from '../../reconciler/lib/object-key.ts'
import type { ObservedPolicy } from '../../schemas/generated/observation.ts'
import type { PolicySpec, VolumeSpec } from '../../schemas/generated/plan.ts'
import type { FakeMachine } from './machine-driver.ts'

export type FakeVolume = { applied: VolumeSpec; phase: 'ImportInProgress' | 'Succeeded' | 'Failed'; quarantinedUntil?: string }
export type FakePolicy = { applied: PolicySpec; conditions: ObservedPolicy['conditions'] }

export type FakeState = {
  machines: Record<ObjectKey, FakeMachine>
  volumes: Record<ObjectKey, FakeVolume>
  policies: Record<ObjectKey, FakePolicy>
}

/** The host that fake drivers share; with a file it survives a kill of its process. */
export type FakeWorld = {
  readonly state: FakeState
  /** Does something to the host; `work` tells whether anything changed. Calls and effects are noted. */
  act(verb: string, key: ObjectKey, work: () => boolean): Promise<void>
  /** Lines `call verb key`, and `effect verb key` where something changed. */
  notes(): string[]
}

export type FakeWorldOptions = {
  /** State and notes go to `<path>` and `<path>.notes`. */
  readonly path?: string
  readonly changed: (key: ObjectKey) => void
  /** Runs before and after each act; may fail, wait, or kill the process. */
  readonly around?: (moment: 'before' | 'after', verb: string, key: ObjectKey) => void | Promise<void>
}

export function createFakeWorld(options: FakeWorldOptions): FakeWorld {
  const { path } = options
  const state: FakeState =
    path !== undefined && existsSync(path)
      ? (JSON.parse(readFileSync(path, 'utf8')) as FakeState)
      : { machines: {}, volumes: {}, policies: {} }
  const lines: string[] = []
  const note = (line: string): void => {
    if (path === undefined) lines.push(line)
    else appendFileSync(`${path}.notes`, `${line}\n`)
  }
  return {
    state,
    async act(verb, key, work) {
      note(`call ${verb} ${key}`)
      await options.around?.('before', verb, key)
      const changed = work()
      if (path !== undefined) {
        writeFileSync(`${path}.tmp`, JSON.stringify(state))
        renameSync(`${path}.tmp`, path)
      }
      if (changed) note(`effect ${verb} ${key}`)
      options.changed(key)
      await options.around?.('after', verb, key)
    },
    notes: () => (path === undefined ? [...lines] : readFileSync(`${path}.notes`, 'utf8').trim().split('\n')),
  }
}
