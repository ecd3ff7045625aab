import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { makeKey, startSshServer, type SshServer } from '../../../../lab/ssh-server.ts'
import { describeError, errorCode } from '../../../../reconciler/lib/errors.ts'
import { openSource } from '../../../../reconciler/source/open-source.ts'
import type { Source } from '../../../../reconciler/source/types.ts'
import { Fixture } from './fixture.ts'

describe('git over ssh', { timeout: 120_000 }, () => {
  let server: SshServer
  let fixture: Fixture
  let dir: string
  const command = process.env['GIT_SSH_COMMAND']

  before(async () => {
    fixture = new Fixture()
    fixture.commit({ 'a.yaml': 'a' })
    dir = await mkdtemp(join(tmpdir(), 'gv-ssh-'))
    const key = await makeKey(join(dir, 'known'))
    await makeKey(join(dir, 'stranger'))
    server = await startSshServer(key)
    await writeFile(join(dir, 'known_hosts'), `${server.knownHost}\n`)
    await writeFile(join(dir, 'no_hosts'), '')
    await writeFile(join(dir, 'other_hosts'), `[127.0.0.1]:${server.port} ${await makeKey(join(dir, 'other'))}\n`)
  })
  after(async () => {
    if (command === undefined) delete process.env['GIT_SSH_COMMAND']
    else process.env['GIT_SSH_COMMAND'] = command
    await server?.close()
    fixture.close()
    await rm(dir, { recursive: true, force: true })
  })

  /** A source that uses this key and these known hosts, as a service's user would by its ~/.ssh. */
  async function open(options: { key?: string; hosts?: string; url?: string } = {}): Promise<Source> {
    const { key = 'known', hosts = 'known_hosts' } = options
    const lines = [
      'BatchMode yes',
      'IdentitiesOnly yes',
      `IdentityFile ${join(dir, key)}`,
      `UserKnownHostsFile ${join(dir, hosts)}`,
      'GlobalKnownHostsFile none',
    ]
    await writeFile(join(dir, 'config'), `${lines.join('\n')}\n`)
    process.env['GIT_SSH_COMMAND'] = `ssh -F ${join(dir, 'config')}`
    const url = options.url ?? `ssh://root@127.0.0.1:${server.port}${fixture.bare}`
    return await openSource({ url, ref: 'main', storeDir: await mkdtemp(join(dir, 'store-')) })
  }

  async function failure(options: Parameters<typeof open>[0]): Promise<unknown> {
    const source = await open(options)
    try {
      await source.fetch()
    } catch (error) {
      return error
    } finally {
      await source.close()
    }
    return assert.fail('it was fetched')
  }

  it('fetches by key, and the next push as well', async () => {
    const source = await open()
    const first = await source.fetch()
    assert.equal(first.subject, 'change a.yaml')
    const commit = fixture.commit({ 'b.yaml': 'b' })
    assert.equal((await source.fetch()).commit, commit)
    assert.deepEqual((await source.list(commit)).entries.map(({ path }) => path).sort(), ['a.yaml', 'b.yaml'])
    await source.close()
  })

  it('refuses a server whose key is not known, and one whose key is another, and says what to do', async () => {
    for (const hosts of ['no_hosts', 'other_hosts']) {
      const error = await failure({ hosts })
      assert.equal(errorCode(error), 'HostKeyRefused', describeError(error))
      assert.match(describeError(error), /known_hosts of the user that gitvirt runs as/)
    }
  })

  it('tells that the server does not accept the key', async () => {
    const error = await failure({ key: 'stranger' })
    assert.equal(errorCode(error), 'AuthenticationFailed', describeError(error))
    assert.match(describeError(error), /Permission denied \(publickey.*public key.*the repository's owner/)
  })

  it('tells that there is no such repository', async () => {
    const error = await failure({ url: `ssh://root@127.0.0.1:${server.port}${fixture.root}/none.git` })
    assert.equal(errorCode(error), 'RepositoryNotFound', describeError(error))
  })
})
