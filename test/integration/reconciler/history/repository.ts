import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import type { TestContext } from 'node:test'
import { openHistory, type History, type HistoryOptions } from '../../../../reconciler/history/history.ts'
import { blameReport } from '../../../../reconciler/history/report/blame-report.ts'
import { logReport } from '../../../../reconciler/history/report/log-report.ts'
import { atEnd } from '../../../at-end.ts'
import { manifest, type Machine } from '../../../unit/reconciler/history/model.ts'

/** A repository with a work tree in a temporary folder; each commit is a minute after the one before. */
export class Repository {
  readonly dir: string
  #minute = 0

  constructor(t: TestContext) {
    this.dir = mkdtempSync(join(tmpdir(), 'gitvirt-history-test-'))
    atEnd(t, () => rmSync(this.dir, { recursive: true, force: true }))
    this.git('init', '--quiet', '--initial-branch=main')
    this.git('config', 'user.name', 'author-a')
    this.git('config', 'user.email', 'author-a@example.org')
  }

  git(...args: string[]): string {
    const date = new Date(Date.UTC(2026, 0, 1, 0, this.#minute)).toISOString()
    const env = {
      PATH: process.env['PATH'] ?? '',
      HOME: this.dir,
      GIT_CONFIG_NOSYSTEM: '1',
      GIT_CONFIG_GLOBAL: '/dev/null',
      GIT_AUTHOR_DATE: date,
      GIT_COMMITTER_DATE: date,
    }
    return execFileSync('git', args, { cwd: this.dir, env, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] }).trim()
  }

  /** Writes files (null removes) without committing. */
  write(files: Readonly<Record<string, string | null>>): void {
    for (const [path, text] of Object.entries(files)) {
      const full = join(this.dir, path)
      mkdirSync(dirname(full), { recursive: true })
      if (text === null) rmSync(full, { recursive: true })
      else writeFileSync(full, text)
    }
  }

  /** Writes files and commits them. Returns the commit's id. */
  commit(files: Readonly<Record<string, string | null>>, message = 'change', author = 'author-a'): string {
    this.write(files)
    this.git('add', '--all')
    this.#minute += 1
    this.git('commit', '--quiet', '--allow-empty', `--author=${author} <${author.toLowerCase()}@example.org>`, '-m', message)
    return this.head()
  }

  /** Merges a branch without fast-forward; `files` are put on top before the merge is committed. */
  merge(branch: string, message: string, files: Readonly<Record<string, string | null>> = {}): string {
    this.#minute += 1
    try {
      this.git('merge', '--quiet', '--no-ff', '--no-commit', branch)
    } catch {
      // A conflict: the files below solve it.
    }
    this.write(files)
    this.git('add', '--all')
    this.git('commit', '--quiet', '--allow-empty', '-m', message)
    return this.head()
  }

  /** True where the work tree has the file. */
  has(path: string): boolean {
    return existsSync(join(this.dir, path))
  }

  head(ref = 'HEAD'): string {
    return this.git('rev-parse', ref)
  }
}

export const start: Machine = {
  name: 'web',
  cores: 1,
  memory: '1Gi',
  label: 'a',
  disks: [
    ['root', 'r1'],
    ['data', 'd1'],
  ],
}

/** The manifest of the machine with other fields. */
export function web(change: Partial<Machine> = {}): string {
  return manifest({ ...start, ...change })
}

export const webKey = 'VirtualMachine/default/web'

async function withHistory<T>(options: HistoryOptions, work: (history: History) => Promise<T>): Promise<T> {
  const history = await openHistory(options)
  try {
    return await work(history)
  } finally {
    await history.close()
  }
}

/** Commit and verb of each line of the object's log, newest first. */
export async function log(options: HistoryOptions, key: string | undefined = webKey): Promise<[commit: string, change: string][]> {
  const { entries } = await withHistory(options, async (history) => await logReport(history, key === undefined ? {} : { object: key }))
  return entries.flatMap(({ commit, changes }) => changes.map(({ change }): [string, string] => [commit, change]))
}

const domain = 'spec.template.spec.domain'
const short: Readonly<Record<string, string>> = {
  [`${domain}.cpu.cores`]: 'cores',
  [`${domain}.memory.guest`]: 'memory',
  'metadata.labels.app': 'label',
  [`${domain}.devices.disks[root].serial`]: 'root',
  [`${domain}.devices.disks[data].serial`]: 'data',
}

/** The commit of each field of the test machine. */
export async function blame(options: HistoryOptions, key: string = webKey): Promise<Record<string, string>> {
  const { fields } = await withHistory(options, async (history) => await blameReport(history, key))
  return Object.fromEntries(fields.flatMap(({ field, commit }) => (short[field] === undefined ? [] : [[short[field], commit]])))
}
