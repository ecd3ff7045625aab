import { spawn, type ChildProcess } from 'node:child_process'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { run } from '../reconciler/lib/exec.ts'
import type { LabHost } from './host.ts'

const launcher = join(import.meta.dirname, '..', 'gitvirt')

export type AgentProcessOptions = {
  readonly host: LabHost
  /** https://HOST:PORT where the reconciler listens for agents. */
  readonly reconciler: string
  readonly stateDir: string
  /** Needed at the first start only. */
  readonly joinToken?: string
}

export type AgentProcess = { readonly child: ChildProcess; readonly ended: Promise<void>; log(): string }

/** Starts `gitvirt agent` on a lab host. It ends with the host at the latest. */
export async function startAgentProcess(options: AgentProcessOptions): Promise<AgentProcess> {
  const { host, stateDir, joinToken } = options
  await mkdir(stateDir, { recursive: true, mode: 0o700 })
  const tokenFile = join(stateDir, 'join-token')
  if (joinToken !== undefined) await writeFile(tokenFile, `${joinToken}\n`, { mode: 0o600 })
  const args = ['agent', '--node', host.name, '--reconciler', options.reconciler, '--state-dir', stateDir, '--libvirt-uri', host.uri]
  const [program = '', ...rest] = [...host.enter, launcher, ...args, ...(joinToken === undefined ? [] : ['--join-token-file', tokenFile])]
  const child = spawn(program, rest, { stdio: ['ignore', 'pipe', 'pipe'] })
  let log = ''
  const keep = (chunk: Buffer): void => void (log = `${log}${chunk.toString()}`.slice(-100_000))
  child.stdout.on('data', keep)
  child.stderr.on('data', keep)
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  return { child, ended, log: () => log }
}

/** A join token for the host, made where the reconciler's state is. */
export async function createJoinToken(host: LabHost, reconcilerState: string): Promise<string> {
  return (await run(launcher, ['token', 'create', host.name, '--state-dir', reconcilerState])).stdout.trim()
}
