import { mkdir, open, readdir, readFile, rm, type FileHandle } from 'node:fs/promises'
import { join } from 'node:path'
import type { Plan } from '../../schemas/generated/plan.ts'
import type { ObjectKey } from '../../reconciler/lib/object-key.ts'

/** One line of a plan's journal. No line carries a spec or a secret value. */
export type JournalRecord =
  | { readonly type: 'plan'; readonly plan: string; readonly revision: string; readonly at: string; readonly keys: readonly ObjectKey[] }
  | {
      readonly type: 'step'
      readonly key: ObjectKey
      readonly step: string
      readonly state: 'started' | 'done' | 'failed'
      readonly at: string
      readonly code?: string
      readonly message?: string
    }
  | {
      readonly type: 'change'
      readonly key: ObjectKey
      readonly result: 'done' | 'failed' | 'stale'
      readonly at: string
      readonly code?: string
    }
  | { readonly type: 'end'; readonly at: string }

export type PlanJournal = {
  /** Appends one record and resolves when it is on the disk. */
  write(record: JournalRecord): Promise<void>
  close(): Promise<void>
}

/** What plans did on this host, step by step, so that a killed agent knows what it had finished. */
export type Journal = {
  open(plan: Plan, at: string): Promise<PlanJournal>
  /** Steps that this very plan finished before the agent was killed in the middle of this change. */
  finished(plan: string, key: ObjectKey): ReadonlySet<string>
  /** Another plan works on the object now: what an older one left half-done counts no more. */
  overtaken(plan: string, key: ObjectKey): void
}

const keptFiles = 200

/** Opens the journal's folder; reads what a killed agent left. */
export async function openJournal(dir: string): Promise<Journal> {
  await mkdir(dir, { recursive: true, mode: 0o700 })
  const unfinished = await readUnfinished(dir)
  let count = await prune(dir)
  return {
    async open(plan, at) {
      count += 1
      if (count > 2 * keptFiles) count = await prune(dir)
      const journal = await openFile(dir, await fileFor(dir, plan.id, at))
      try {
        // A new file's name is on the disk only when its folder is.
        await syncFolder(dir)
        await journal.write({ type: 'plan', plan: plan.id, revision: plan.revision, at, keys: plan.changes.map((change) => change.key) })
        return journal
      } catch (error) {
        // A file that nobody closes ends the process once it is collected as garbage.
        await journal.close().catch(() => undefined)
        throw error
      }
    },
    finished: (plan, key) => {
      const left = unfinished.get(key)
      return left?.plan === plan ? left.steps : new Set()
    },
    overtaken: (plan, key) => {
      if (unfinished.get(key)?.plan !== plan) unfinished.delete(key)
    },
  }
}

/** Names sort by time; a plan that comes again gets a file of its own. */
async function fileFor(dir: string, plan: string, at: string): Promise<string> {
  const base = `${at.replaceAll(/[^0-9TZ]/g, '')}-${plan.slice(0, 16)}`
  const taken = new Set(await readdir(dir))
  let name = `${base}.jsonl`
  for (let number = 2; taken.has(name); number += 1) name = `${base}-${number}.jsonl`
  return name
}

async function openFile(dir: string, name: string): Promise<PlanJournal> {
  const file = await open(join(dir, name), 'ax', 0o600)
  let tail: Promise<void> = Promise.resolve()
  return {
    write(record) {
      const written = tail.then(() => append(file, record))
      tail = written.catch(() => undefined)
      return written
    },
    async close() {
      await tail
      await file.close()
    },
  }
}

async function append(file: FileHandle, record: JournalRecord): Promise<void> {
  await file.appendFile(`${JSON.stringify(record)}\n`)
  await file.datasync()
}

async function syncFolder(dir: string): Promise<void> {
  const folder = await open(dir, 'r')
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
}

type Left = { readonly plan: string; readonly steps: Set<string> }

/** For each object the last change that began and did not end. */
async function readUnfinished(dir: string): Promise<Map<ObjectKey, Left>> {
  const left = new Map<ObjectKey, Left>()
  for (const name of await journalFiles(dir)) {
    let plan = ''
    for (const record of parseRecords(await readFile(join(dir, name), 'utf8'))) {
      if (record.type === 'plan') plan = record.plan
      else if (record.type === 'change') left.delete(record.key)
      else if (record.type === 'step') noteStep(left, plan, record)
    }
  }
  return left
}

function noteStep(left: Map<ObjectKey, Left>, plan: string, record: Extract<JournalRecord, { type: 'step' }>): void {
  const known = left.get(record.key)
  const entry = known?.plan === plan ? known : { plan, steps: new Set<string>() }
  if (record.state === 'done') entry.steps.add(record.step)
  left.set(record.key, entry)
}

/** A kill may leave half a line at the end; what was not written whole did not happen. */
function parseRecords(text: string): JournalRecord[] {
  return text.split('\n').flatMap((line) => {
    try {
      return line === '' ? [] : [JSON.parse(line) as JournalRecord]
    } catch {
      return []
    }
  })
}

async function journalFiles(dir: string): Promise<string[]> {
  return (await readdir(dir)).filter((name) => name.endsWith('.jsonl')).sort()
}

async function prune(dir: string): Promise<number> {
  const names = await journalFiles(dir)
  const old = names.slice(0, Math.max(0, names.length - keptFiles))
  for (const name of old) await rm(join(dir, name), { force: true })
  return names.length - old.length
}
