/** Holds one lab host: makes its namespaces, starts host-inner.ts in them, and removes all of it when standard input ends. */
import { spawn, type ChildProcess } from 'node:child_process'
import { readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as delay } from 'node:timers/promises'
import { run } from '../reconciler/lib/exec.ts'

type Config = { readonly name: string; readonly dir: string; readonly libvirt: boolean }

const config = JSON.parse(process.argv[2] ?? '{}') as Config
const netns = `gv-${config.name}-${process.pid.toString(36)}`

function startInner(): ChildProcess {
  const inner = join(import.meta.dirname, 'host-inner.ts')
  const args = [
    'netns',
    'exec',
    netns,
    'unshare',
    '--mount',
    '--uts',
    '--propagation',
    'private',
    '--',
    process.execPath,
    inner,
    JSON.stringify(config),
  ]
  return spawn('ip', args, { stdio: ['ignore', 'pipe', 'inherit'] })
}

async function pidsInside(): Promise<number[]> {
  const { stdout } = await run('ip', ['netns', 'pids', netns], { okCodes: [1, 255] })
  return stdout.split('\n').filter(Boolean).map(Number)
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name)
  } catch {
    // The process has ended in the meantime, which is what is wanted.
  }
}

/** Everything inside the namespace was started by this host, so all of it is ours to end. */
async function endInside(): Promise<void> {
  for (const name of ['SIGTERM', 'SIGKILL'] as const) {
    for (const pid of await pidsInside()) signal(pid, name)
    for (let tries = 0; tries < 30 && (await pidsInside()).length > 0; tries += 1) await delay(100)
  }
}

/** QEMU's own helpers (swtpm, dnsmasq) may sit outside the namespace's pid list; they name the folder in their arguments. */
async function endHelpers(): Promise<void> {
  const { stdout } = await run('pgrep', ['-f', '--', config.dir], { okCodes: [1] })
  for (const pid of stdout.split('\n').filter(Boolean).map(Number)) {
    const words = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')
    if (/^(swtpm|dnsmasq|[^\0]*\/(swtpm|dnsmasq|qemu-system-[a-z0-9_]+))\0/.test(words)) signal(pid, 'SIGKILL')
  }
}

let closing: Promise<void> | undefined

async function close(): Promise<void> {
  await endInside()
  await endHelpers()
  await run('ip', ['netns', 'delete', netns], { okCodes: [1] })
  await rm(config.dir, { recursive: true, force: true, maxRetries: 5 })
}

function closeOnce(code: number): void {
  closing ??= close().then(
    () => process.exit(code),
    (error: unknown) => {
      console.error(error)
      process.exit(1)
    },
  )
}

process.stdin.resume()
process.stdin.on('end', () => closeOnce(0))
process.stdin.on('error', () => closeOnce(0))
process.stdout.on('error', () => closeOnce(0))
for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, () => closeOnce(0))

try {
  await run('ip', ['netns', 'add', netns])
  const inner = startInner()
  inner.once('exit', (code) => {
    if (closing === undefined) console.error(`The inside of the lab host ended with code ${String(code)}.`)
    closeOnce(1)
  })
  if (inner.stdout !== null) {
    createInterface({ input: inner.stdout }).once('line', (line) => {
      console.log(JSON.stringify({ ...(JSON.parse(line) as object), netns }))
    })
  }
} catch (error) {
  console.error(error)
  closeOnce(1)
}
