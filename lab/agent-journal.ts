import { readdirSync, readFileSync, watch } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { JournalRecord } from '../agent/runner/journal.ts'

export type StepRecord = Extract<JournalRecord, { readonly type: 'step' }>

/** All step records of an agent's journals, oldest first. A line that a kill cut off is left out. */
export function readSteps(journals: string): readonly StepRecord[] {
  const lines = readdirSync(journals)
    .filter((name) => name.endsWith('.jsonl'))
    .toSorted()
    .flatMap((name) => readFileSync(join(journals, name), 'utf8').split('\n').slice(0, -1))
  return lines.map((line) => JSON.parse(line) as JournalRecord).filter((record) => record.type === 'step')
}

export type JournalWatch = {
  acted(): boolean
  close(): void
}

/** Acts in the same tick in which the first matching record is seen in the folder, told by inotify; records of before count too. */
export async function onStep(journals: string, matches: (record: StepRecord) => boolean, act: () => void): Promise<JournalWatch> {
  await mkdir(journals, { recursive: true, mode: 0o700 })
  let acted = false
  const look = (): void => {
    if (acted || !readSteps(journals).some(matches)) return
    acted = true
    watcher.close()
    act()
  }
  const watcher = watch(journals, look)
  look()
  return { acted: () => acted, close: () => watcher.close() }
}
