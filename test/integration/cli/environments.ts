import { cp, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { run } from '../../../reconciler/lib/exec.ts'
import { atEnd } from '../../at-end.ts'
import { startCommand, type Ended } from './command.ts'

const examples = join(import.meta.dirname, '../../../examples')

async function folder(t: TestContext): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'gitvirt-diff-'))
  atEnd(t, async () => await rm(path, { recursive: true, force: true }))
  return path
}

export type Repository = {
  readonly dir: string
  readonly cache: string
  readonly git: (...args: string[]) => Promise<string>
  readonly commit: (message: string) => Promise<void>
  readonly diff: (...args: string[]) => Promise<Ended>
  readonly promote: (...args: string[]) => Promise<Ended>
}

/** A clone with the example's environments in it. */
export async function environments(t: TestContext): Promise<Repository> {
  const home = await folder(t)
  const dir = join(home, 'fleet')
  const cache = join(home, 'cache')
  await cp(join(examples, 'environments'), join(dir, 'environments'), { recursive: true })
  const identity = ['-c', 'user.name=Test', '-c', 'user.email=test@example.com']
  const env = { GIT_CONFIG_GLOBAL: '/dev/null', GIT_CONFIG_SYSTEM: '/dev/null' }
  const git = async (...args: string[]): Promise<string> => (await run('git', ['-C', dir, ...identity, ...args], { env })).stdout.trim()
  const commit = async (message: string): Promise<void> => {
    await git('add', '--all')
    await git('commit', '--quiet', '--message', message)
  }
  await git('init', '--quiet', '--initial-branch=main')
  await commit('Environments')
  const diff = async (...args: string[]): Promise<Ended> =>
    await startCommand(t, ['diff', '--repo', dir, '--cache-dir', cache, ...args], { NODE_COMPILE_CACHE: join(home, 'compile') }).ended
  const promote = async (...args: string[]): Promise<Ended> =>
    await startCommand(t, ['promote', '--repo', dir, ...args], { NODE_COMPILE_CACHE: join(home, 'compile') }).ended
  return { dir, cache, git, commit, diff, promote }
}

export const staging = ':environments/staging'
export const prod = ':environments/prod'
