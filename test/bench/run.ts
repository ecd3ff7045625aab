/**
 * Runs every bench and prints one table: what was measured, as a ratio or figure, with its target.
 * Usage: npm run bench [-- plan|scale|diff|history|import|push ...]; without names all of them. The machine should be otherwise quiet.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { execa } from 'execa'
import { benchFacts, benchNode } from './applied.ts'
import { changeEnvironment, makeEnvironments, makeHistory, makeRepository } from './fleet.ts'

type Row = { readonly what: string; readonly value: number; readonly unit: string; readonly target: number; readonly atLeast?: boolean }
type Figures = Readonly<Record<string, number>>

const project = join(import.meta.dirname, '..', '..')
const rounds = 3

const groups: Readonly<Record<string, (dir: string) => Promise<Row[]>>> = {
  plan: benchPlan,
  scale: benchScale,
  diff: benchDiff,
  history: benchHistory,
  import: benchImport,
  push: benchPush,
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN
}

async function timed(program: string, args: readonly string[], okCodes: readonly number[] = []): Promise<number> {
  const start = performance.now()
  const { exitCode = 1 } = await execa(program, args, { cwd: project, stdin: 'ignore', maxBuffer: 2 ** 30, reject: okCodes.length === 0 })
  if (exitCode !== 0 && !okCodes.includes(exitCode)) throw new Error(`${program} ${args.join(' ')} ended with ${exitCode}.`)
  return performance.now() - start
}

/** Runs one of the bench programs, which prints its figures as JSON in its last line. */
async function figures(name: string, ...args: string[]): Promise<Record<string, unknown>> {
  const flags = ['--expose-gc', ...launcherFlags, join(import.meta.dirname, name), ...args]
  const { stdout } = await execa(process.execPath, flags, { cwd: project, stdin: 'ignore', env: launcherEnvironment })
  return JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as Record<string, unknown>
}

/** How the launcher starts the reconciler. */
const launcherFlags = ['--min-semi-space-size=16', '--max-semi-space-size=16', '--heap-growing-percent=30', '--initial-heap-size=128']
const launcherEnvironment = { MALLOC_ARENA_MAX: '2' }

/** The whole command, from its start to its end, against git and a YAML parser as one program. */
async function benchPlan(dir: string): Promise<Row[]> {
  const repository = join(dir, 'plan.git')
  const state = join(dir, 'state.json')
  makeRepository(repository, 10_000)
  const node = { name: benchNode, connected: true, seenAt: '2026-01-01T00:00:00Z', facts: benchFacts }
  writeFileSync(state, JSON.stringify({ nodes: [node], sightings: [] }))
  const command = ['plan', '--offline', '--repo', repository, '--state', state]
  const base: number[] = []
  const cold: number[] = []
  // Compiled code is kept between runs of the command, whatever repository it looks at.
  await timed(join(project, 'gitvirt'), ['--version'])
  for (let round = 0; round < rounds; round += 1) {
    base.push(await timed(process.execPath, [join(import.meta.dirname, 'base.ts'), repository]))
    cold.push(await timed(join(project, 'gitvirt'), command))
  }
  console.log(`plan cold ${cold.map(Math.round).join(', ')} ms; git + js-yaml ${base.map(Math.round).join(', ')} ms`)
  return [{ what: 'plan, 10,000 files, cold, whole command', value: median(cold) / median(base), unit: '× base', target: 2 }]
}

async function benchScale(dir: string): Promise<Row[]> {
  const small = await benchFleet(dir, 10_000, 50)
  const rows: Row[] = [
    { what: 'restart, warm cache, 10,000 files', value: small.warm['wholeStart'] ?? Number.NaN, unit: 'ms', target: 1000 },
    { what: 'one file changed, 10,000 files', value: small.cold['oneFile'] ?? Number.NaN, unit: 'ms', target: 100 },
    { what: 'resident memory, 10,000 machines, first start', value: small.cold['rssMb'] ?? Number.NaN, unit: 'MB', target: 400 },
    { what: 'resident memory, 10,000 machines, restart', value: small.warm['rssMb'] ?? Number.NaN, unit: 'MB', target: 400 },
  ]
  for (const folders of [1000, 1]) {
    const { cold } = await benchFleet(dir, 100_000, folders)
    const where = folders === 1 ? 'in one folder' : `in ${folders} folders`
    rows.push({ what: `one file changed, 100,000 files ${where}`, value: cold['oneFile'] ?? Number.NaN, unit: 'ms', target: 100 })
  }
  return rows
}

/** A reconciler's first start on a fleet of this size, and its restart. */
async function benchFleet(dir: string, files: number, folders: number): Promise<{ readonly cold: Figures; readonly warm: Figures }> {
  const home = join(dir, `fleet-${files}-${folders}`)
  mkdirSync(home)
  const repository = join(home, 'repository.git')
  makeRepository(repository, files, folders)
  const args = [repository, join(home, 'state'), String(folders), String(files)]
  const cold = summary(await figures('reconciler-process.ts', ...args))
  const warm = files > 10_000 ? {} : summary(await figures('reconciler-process.ts', ...args))
  rmSync(home, { recursive: true })
  console.log(`${files} files in ${folders} folders: first start ${JSON.stringify(cold)}, restart ${JSON.stringify(warm)}`)
  return { cold, warm }
}

function summary(took: Record<string, unknown>): Record<string, number> {
  const of = (name: string): number => Number(took[name])
  return {
    observed: Math.round(of('observed')),
    listReadPlan: Math.round(of('desired') + of('plan')),
    wholeStart: Math.round(of('restart')),
    status: Math.round(of('status')),
    oneFile: Math.round(median([0, 1, 2, 3, 4].map((round) => of(`oneFile${round}`)))),
    rssMb: Math.round(of('rssMiB') * 1.048576),
    changesWhenApplied: of('changesWhenApplied'),
  }
}

/** The whole command on two environments of 5,000 machines each: no file alike, and all alike but one in a hundred. */
async function benchDiff(dir: string): Promise<Row[]> {
  const start: number[] = []
  for (let round = 0; round < rounds; round += 1) start.push(await timed(join(project, 'gitvirt'), ['--version']))
  console.log(`start of the command alone ${start.map(Math.round).join(', ')} ms`)
  const rows: Row[] = []
  for (const [what, share] of [
    ['every file differs', 1],
    ['1 % differ', 0.01],
  ] as const) {
    const repository = join(dir, `diff-${share}.git`)
    makeEnvironments(repository, 5000, share)
    const times: Record<'cold' | 'warm' | 'edit', number[]> = { cold: [], warm: [], edit: [] }
    for (let round = 0; round < rounds; round += 1) {
      const cache = join(dir, `diff-cache-${share}-${round}`)
      const diff = async (): Promise<number> =>
        await timed(join(project, 'gitvirt'), ['diff', 'main:staging', 'main:prod', '--repo', repository, '--cache-dir', cache], [1])
      times.cold.push(await diff())
      times.warm.push(await diff())
      changeEnvironment(repository, `${round + 16}Gi`)
      times.edit.push(await diff())
    }
    console.log(`diff, ${what}: ${JSON.stringify(times, (_, value: unknown) => (typeof value === 'number' ? Math.round(value) : value))}`)
    rows.push(
      { what: `diff, 2 x 5,000 machines, ${what}, cold`, value: median(times.cold), unit: 'ms', target: 3000 },
      { what: `diff, 2 x 5,000 machines, ${what}, warm`, value: median(times.warm), unit: 'ms', target: 300 },
      { what: `diff, 2 x 5,000 machines, ${what}, one edit`, value: median(times.edit), unit: 'ms', target: 1000 },
    )
  }
  return rows
}

/** Who changed one machine, over 10,000 commits of three hundred files: the whole command, with an empty cache and with a filled one. */
async function benchHistory(dir: string): Promise<Row[]> {
  const repository = join(dir, 'history.git')
  makeHistory(repository, 10_000, 300)
  const bare: number[] = []
  const object = ['vm/vm-7', '-n', 'team-7']
  const calls: Readonly<Record<string, readonly string[]>> = {
    'log, cold': object,
    'log, warm': object,
    'blame, cold': object,
    'blame, warm': object,
    'log of everything --limit 20, cold': ['--limit', '20'],
    'log of everything --limit 20, warm': ['--limit', '20'],
  }
  const took: Record<string, number[]> = Object.fromEntries(Object.keys(calls).map((what) => [what, []]))
  await timed(join(project, 'gitvirt'), ['--version'])
  for (let round = 0; round < rounds; round += 1) {
    bare.push(await timed('git', ['-C', repository, 'log', '--raw', '--format=%H', 'main']))
    for (const [what, of] of Object.entries(calls)) {
      const [command = ''] = what.split(/[ ,]/)
      const cache = ['--cache-dir', join(dir, `history-${what.replace(/, .*/, '').replaceAll(' ', '-')}-${round}`)]
      const args = [command, ...of, '--repo', repository, '--ref', 'main', ...cache]
      took[what]?.push(await timed(join(project, 'gitvirt'), args))
    }
  }
  console.log(
    `git log --raw ${bare.map(Math.round).join(', ')} ms; ${JSON.stringify(took, (_, value: unknown) => (typeof value === 'number' ? Math.round(value) : value))}`,
  )
  return Object.entries(took).map(([what, values]) => ({
    what: `${what}, 10,000 commits`,
    value: median(values),
    unit: 'ms',
    target: 2000,
  }))
}

async function benchImport(): Promise<Row[]> {
  const { stdout } = await execa(process.execPath, [join(import.meta.dirname, 'import.ts')], { cwd: project, stdin: 'ignore' })
  console.log(stdout.trim())
  const value = Number(/rate ratio ([0-9.]+)/.exec(stdout)?.[1])
  return [{ what: 'image import against curl + qemu-img convert', value, unit: '× rate', target: 0.9, atLeast: true }]
}

async function benchPush(): Promise<Row[]> {
  const { pushed, byHand } = (await figures('push-to-guest.ts')) as { pushed: number[]; byHand: number[] }
  console.log(`push to QEMU ${pushed.map(Math.round).join(', ')} ms; virsh create ${byHand.map(Math.round).join(', ')} ms`)
  return [{ what: 'push to QEMU, more than virsh create takes', value: (median(pushed) - median(byHand)) / 1000, unit: 's', target: 0.5 }]
}

function line({ what, value, unit, target, atLeast = false }: Row): string {
  const passed = atLeast ? value >= target : value <= target
  const digits = unit === 'ms' || unit === 'MB' ? 0 : 2
  const figure = `${value.toFixed(digits)} ${unit}`
  return `${what.padEnd(50)} ${figure.padStart(14)}   ${atLeast ? 'at least' : 'at most '} ${String(target).padEnd(6)} ${passed ? 'pass' : 'FAIL'}`
}

const dir = mkdtempSync(join(tmpdir(), 'gitvirt-bench-'))
try {
  const named = process.argv.slice(2)
  const unknown = named.filter((name) => groups[name] === undefined)
  if (unknown.length > 0) throw new Error(`There is no bench "${unknown[0]}"; there are ${Object.keys(groups).join(', ')}.`)
  const rows: Row[] = []
  for (const [name, bench] of Object.entries(groups)) {
    if (named.length === 0 || named.includes(name)) rows.push(...(await bench(dir)))
  }
  console.log(`\n${rows.map(line).join('\n')}`)
} finally {
  rmSync(dir, { recursive: true, force: true })
}
