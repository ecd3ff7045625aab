import assert from 'node:assert/strict'
import { cp, mkdir, mkdtemp, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { createMemoryBlobCache } from '../../../reconciler/desired/cache.ts'
import { findProgram } from '../../../reconciler/render/program.ts'
import { run } from '../../../reconciler/lib/exec.ts'
import { atEnd } from '../../at-end.ts'
import { skip } from '../reconciler/render/program.ts'
import { startCommand, type Ended } from './command.ts'

const examples = join(import.meta.dirname, '../../../examples/overlays')

type Clone = {
  readonly dir: string
  readonly gitvirt: (...args: readonly (string | Record<string, string>)[]) => Promise<Ended>
  readonly commit: () => Promise<void>
}

/** A clone of a repository that holds the example's overlays. */
async function clone(t: TestContext): Promise<Clone> {
  const dir = await mkdtemp(join(tmpdir(), 'gitvirt-overlays-'))
  atEnd(t, async () => await rm(dir, { recursive: true, force: true }))
  await cp(examples, dir, { recursive: true })
  const identity = ['-c', 'user.name=Test', '-c', 'user.email=test@example.org']
  const env = { GIT_CONFIG_GLOBAL: '/dev/null', GIT_CONFIG_SYSTEM: '/dev/null' }
  const git = async (...args: string[]): Promise<unknown> => await run('git', ['-C', dir, ...identity, ...args], { env })
  const commit = async (): Promise<void> => {
    await git('add', '--all')
    await git('commit', '--quiet', '--message', 'Overlays')
  }
  await git('init', '--quiet', '--initial-branch=main')
  await commit()
  const home = { HOME: dir, NODE_COMPILE_CACHE: join(dir, '.git/compile') }
  const gitvirt: Clone['gitvirt'] = async (...args) => {
    const words = args.filter((one) => typeof one === 'string')
    const more = args.find((one) => typeof one !== 'string') ?? {}
    return await startCommand(t, words, { ...home, ...more }).ended
  }
  return { dir, commit, gitvirt }
}

describe('commands on overlays', { skip }, () => {
  it('validate reads what the overlay renders, and names files of the base', async (t) => {
    const { dir, gitvirt } = await clone(t)
    const good = await gitvirt('validate', join(dir, 'prod'))
    assert.equal(good.code, 0)
    assert.match(good.stdout, /^\.\.\/base\/web\.yaml:28:11: warning: .* \(As kustomization\.yaml renders it\.\)/m)
    assert.match(good.stdout, /^3 objects in 3 files: 0 errors, 2 warnings$/m)
    await writeFile(join(dir, 'prod/kustomization.yaml'), 'resources:\n- ../base\n- https://example.org/x\n- link.yaml\n')
    await symlink('/etc/passwd', join(dir, 'prod/link.yaml'))
    const bad = await gitvirt('validate', join(dir, 'prod'))
    assert.equal(bad.code, 1)
    assert.match(bad.stdout, /^kustomization\.yaml:3:3: error: "https:\/\/example\.org\/x" is not in this repository/m)
    assert.match(bad.stdout, /^kustomization\.yaml:4:3: error: prod\/link\.yaml: Symbolic links are not followed\./m)
  })

  it('diff compares what two overlays render, in Git and on disk', async (t) => {
    const { dir, gitvirt } = await clone(t)
    const { code, stdout } = await gitvirt('diff', '--repo', dir, ':staging', ':prod')
    assert.equal(code, 1)
    assert.match(stdout, /^~ VirtualMachine default\/db: differs {2}\.\.\/base\/db\.yaml:2$/m)
    assert.match(stdout, /^ {4}~ spec\.template\.spec\.domain\.memory\.guest: +"1Gi" -> "4Gi"$/m)
    assert.equal((await gitvirt('diff', '--repo', dir, ':prod', join(dir, 'prod'))).code, 0)
  })

  it('diff finds in both overlays what a commit to the base changes', async (t) => {
    const { dir, gitvirt, commit } = await clone(t)
    await writeFile(join(dir, 'base/kustomization.yaml'), 'resources: [web.yaml]\n')
    await commit()
    for (const path of ['staging', 'prod']) {
      const { code, stdout } = await gitvirt('diff', '--repo', dir, 'HEAD~1', 'HEAD', '--path', path, '--summary')
      assert.deepEqual([code, /^Differences: 0 differ, 1 only in HEAD~1/m.test(stdout)], [1, true], stdout)
    }
  })

  it('diff renders the same files once, and keeps it for the owner only', async (t) => {
    const { dir, gitvirt } = await clone(t)
    const [bin, broken, cache] = ['bin', 'broken', 'cache'].map((name) => join(dir, '.git', name)) as [string, string, string]
    await mkdir(bin)
    const { file } = await findProgram(createMemoryBlobCache())
    // Stands in front of the program until that is of no use any more.
    await writeFile(join(bin, basename(file)), `#!/bin/sh\n[ -e ${broken} ] && exit 1\nexec ${file} "$@"\n`, { mode: 0o755 })
    const path = { PATH: `${bin}:${process.env['PATH'] ?? ''}` }
    const diff = async (): Promise<Ended> => await gitvirt(path, 'diff', '--repo', dir, ':staging', join(dir, 'prod'), '--cache-dir', cache)
    const first = await diff()
    assert.equal(first.code, 1, first.stdout)
    await writeFile(broken, '')
    assert.deepEqual(await diff(), first)
    assert.equal((await stat(join(cache, 'renderings.db'))).mode & 0o777, 0o600)
    await writeFile(join(dir, 'base/web.yaml'), (await readFile(join(dir, 'base/web.yaml'), 'utf8')).replace('name: web', 'name: web2'))
    assert.match((await diff()).stdout, /prod\/kustomization\.yaml cannot be rendered/)
  })

  it('promote refuses, and says where the change belongs', async (t) => {
    const { dir, gitvirt } = await clone(t)
    const { code, stderr } = await gitvirt('promote', '--repo', dir, ':staging', ':prod')
    assert.equal(code, 1)
    assert.match(stderr, /":staging" is an overlay.*Move the change into the base/)
  })
})
