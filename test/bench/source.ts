import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openSource } from '../../reconciler/source/open-source.ts'

/** Prints what fetching, listing, reading and comparing cost at this many files, in one folder and in many. */
const files = Number(process.argv[2] ?? 100_000)

for (const folders of [1, 1000]) {
  const dir = mkdtempSync(join(tmpdir(), 'gv-bench-source-'))
  const bare = join(dir, 'fleet.git')
  try {
    execFileSync('git', ['init', '-q', '--bare', '-b', 'main', bare])
    const ids = writeBlobs(bare, dir)
    commit(bare, folders, ids)
    const source = await openSource({ url: bare, storeDir: join(dir, 'store') })
    const first = await timed('first fetch', async () => await source.fetch())
    const { entries } = await timed('list', async () => await source.list(first.commit))
    await timed('read 10,000', async () => {
      let bytes = 0
      for await (const blob of source.read(entries.slice(0, 10_000).map((entry) => entry.id))) bytes += blob.bytes?.length ?? 0
      return bytes
    })
    let last = first.commit
    for (let round = 0; round < 3; round += 1) {
      ids[Math.floor(files / 2) + round] = git(bare, ['hash-object', '-w', '--stdin'], `changed: ${round}\n`)
      commit(bare, folders, ids)
      const next = await timed('fetch of one changed file', async () => await source.fetch())
      const from = last
      const { changes } = await timed('changes', async () => await source.changes(from, next.commit))
      if (changes.length !== 1) throw new Error(`expected one change, got ${changes.length}`)
      last = next.commit
    }
    await source.close()
  } finally {
    rmSync(dir, { recursive: true, force: true })
  }
  async function timed<T>(what: string, work: () => Promise<T>): Promise<T> {
    const start = performance.now()
    const result = await work()
    console.log(`${files} files in ${folders} folders: ${what} ${(performance.now() - start).toFixed(1)} ms`)
    return result
  }
}

function git(bare: string, args: readonly string[], input = ''): string {
  const person = { GIT_AUTHOR_NAME: 'A', GIT_AUTHOR_EMAIL: 'a@example.org', GIT_COMMITTER_NAME: 'A', GIT_COMMITTER_EMAIL: 'a@example.org' }
  return execFileSync('git', args, { cwd: bare, input, maxBuffer: 2 ** 26, encoding: 'utf8', env: { ...process.env, ...person } }).trim()
}

/** Ids of all files' blobs, in order. */
function writeBlobs(bare: string, dir: string): string[] {
  const parts: string[] = []
  for (let index = 0; index < files; index += 1) {
    const text = `kind: VirtualMachine\nmetadata:\n  name: vm-${index}\n`
    parts.push(`blob\nmark :${index + 1}\ndata ${text.length}\n${text}\n`)
  }
  const marks = join(dir, 'marks')
  git(bare, ['fast-import', '--quiet', `--export-marks=${marks}`], parts.join(''))
  const ids: string[] = []
  for (const line of readFileSync(marks, 'utf8').trim().split('\n')) {
    const [mark = '', id = ''] = line.split(' ')
    ids[Number(mark.slice(1)) - 1] = id
  }
  return ids
}

function commit(bare: string, folders: number, ids: readonly string[]): void {
  const trees = Array.from({ length: folders }, (): string[] => [])
  for (const [index, id] of ids.entries()) trees[index % folders]?.push(`100644 blob ${id}\tvm-${String(index).padStart(6, '0')}.yaml`)
  const made = git(bare, ['mktree', '--batch', '--missing'], `${trees.map((lines) => lines.join('\n')).join('\n\n')}\n`).split('\n')
  const root = git(bare, ['mktree'], made.map((id, index) => `040000 tree ${id}\tf-${index}\n`).join(''))
  const parent = git(bare, ['for-each-ref', '--format=%(objectname)', 'refs/heads/main'])
  const head = git(bare, ['commit-tree', '-m', 'bench', ...(parent === '' ? [] : ['-p', parent]), root])
  git(bare, ['update-ref', 'refs/heads/main', head])
}
