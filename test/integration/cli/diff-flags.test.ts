import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { run } from '../../../reconciler/lib/exec.ts'
import { atEnd } from '../../at-end.ts'
import { startCommand } from './command.ts'

test('a diff of two folders refuses further sources in its own words, whatever else is wrong with its sides', async (t) => {
  const dir = await mkdtemp(join(tmpdir(), 'gitvirt-cli-'))
  atEnd(t, async () => await rm(dir, { recursive: true, force: true }))
  await run('git', ['init', '--quiet', dir], { env: { GIT_CONFIG_GLOBAL: '/dev/null', GIT_CONFIG_SYSTEM: '/dev/null' } })
  for (const cache of [['--no-cache'], ['--cache-dir', join(dir, 'cache')]]) {
    const args = ['diff', ':none', ':other', '--repo', dir, '--also', `b=${join(dir, 'none')}`, ...cache]
    const { code, stderr } = await startCommand(t, args).ended
    assert.equal(code, 2, stderr)
    assert.match(stderr, /^error: --also belongs to a comparison with live .*\n$/)
  }
})
