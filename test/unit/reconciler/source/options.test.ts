import assert from 'node:assert/strict'
import { resolve } from 'node:path'
import { it } from 'node:test'
import { parseRemote, parseSubPath } from '../../../../reconciler/source/options.ts'
import { parseRef } from '../../../../reconciler/source/ref-name.ts'

it('takes credentials out of the URL', () => {
  assert.deepEqual(parseRemote('https://me:p%40ss@example.org/fleet.git'), {
    url: 'https://example.org/fleet.git',
    transport: 'http',
    inline: { username: 'me', password: 'p@ss' },
  })
})

it('knows ssh and local addresses', () => {
  assert.equal(parseRemote('git@example.org:team/fleet.git').transport, 'ssh')
  assert.equal(parseRemote('ssh://git@example.org/fleet.git').transport, 'ssh')
  assert.deepEqual(parseRemote('file:///srv/fleet.git'), { url: '/srv/fleet.git', transport: 'local' })
  assert.deepEqual(parseRemote('fleets/prod.git'), { url: resolve('fleets/prod.git'), transport: 'local' })
  assert.deepEqual(parseRemote('/srv/fleet.git'), { url: '/srv/fleet.git', transport: 'local' })
})

it('refuses addresses that would run a command or be an option', () => {
  for (const url of ['', '-x', 'ext::sh -c x', '--upload-pack=x', 'ssh://-oProxyCommand=x/', 'ftp://x/y', 'host:-x', 'a\nb']) {
    assert.throws(() => parseRemote(url), { code: 'InvalidUrl' }, url)
  }
})

it('refuses sub-paths that leave the repository', () => {
  assert.equal(parseSubPath('/a//b/'), 'a/b')
  for (const path of ['..', 'a/../b', '.git', 'a/.GIT']) assert.throws(() => parseSubPath(path), { code: 'InvalidPath' }, path)
})

it('reads references by the rules of git-check-ref-format', () => {
  assert.deepEqual(parseRef(undefined), { kind: 'head' })
  assert.deepEqual(parseRef('__proto__'), { kind: 'name', candidates: ['refs/heads/__proto__', 'refs/tags/__proto__'] })
  assert.deepEqual(parseRef('a'.repeat(40)), { kind: 'commit', id: 'a'.repeat(40) })
  for (const ref of ['-x', 'a..b', 'a b', 'a:b', 'a.lock', '/a', 'a/', 'a//b', '.a', 'a@{1}', 'a*', 'a\\b', '@', 'a\0']) {
    assert.throws(() => parseRef(ref), { code: 'InvalidRef' }, ref)
  }
})
