import assert from 'node:assert/strict'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { createVirsh, found, type Reply, type Virsh } from '../../../../../agent/drivers/libvirt/virsh.ts'
import { startHost } from '../../../../../lab/host.ts'
import { errorCode } from '../../../../../reconciler/lib/errors.ts'
import { atEnd } from '../../../../at-end.ts'
import { startFront } from './front.ts'

/** libvirt's own test driver: a hypervisor of its own in each virsh, so that what one session made no other one has. */
const uri = 'test:///default'

function open(t: TestContext, address = uri): Virsh {
  const virsh = createVirsh(address)
  atEnd(t, async () => await virsh.close())
  return virsh
}

/** The text of a reply, or the code of its failure. */
function told(reply: Reply | undefined): string | undefined {
  return typeof reply === 'string' ? reply.trim() : reply?.code
}

/** Processes that this one started as virsh. */
async function sessions(): Promise<number[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name))
  const found = await Promise.all(
    pids.map(async (pid) => {
      const text = await readFile(`/proc/${pid}/stat`, 'latin1').catch(() => '')
      const [, name, state, parent] = /\((.*)\) (\S) (\d+)/.exec(text) ?? []
      return name === 'virsh' && state !== 'Z' && Number(parent) === process.pid ? [Number(pid)] : []
    }),
  )
  return found.flat()
}

test('commands one after the other share a session', async (t) => {
  const virsh = open(t)
  await virsh.call(['net-destroy', 'default'])
  assert.match(await virsh.call(['net-info', 'default']), /^Active:\s+no$/m)
  assert.equal((await sessions()).length, 1)
})

test('commands at one time have sessions of their own, and close ends them all', async (t) => {
  const virsh = open(t)
  const texts = await Promise.all(['a', 'b', 'c'].map(async (word) => await virsh.call(['echo', word])))
  assert.deepEqual(
    texts.map((text) => text.trim()),
    ['a', 'b', 'c'],
  )
  assert.equal((await sessions()).length, 3)
  await virsh.close()
  assert.deepEqual(await sessions(), [])
})

test('words with spaces, quotes, separators and backslashes reach the command as they are', async (t) => {
  const virsh = open(t)
  for (const word of [`it's "so"; echo x # \\ $HOME`, '', '--', 'a b  c', "''", '\\', `${'x'.repeat(3000)} y`, 'ü\tz\nq']) {
    assert.equal((await virsh.call(['echo', '--', word])).replace(/\n$/, ''), word)
  }
})

for (const size of [4, 40]) {
  test(`a command that failed in a batch of ${size} is told with its code and the others have their answers`, async (t) => {
    const replies = await open(t).batch([
      ['domstate', '--domain', 'test'],
      ['dumpxml', '--domain', 'none'],
      ['list', '--name', '--inactive'],
      ['domname', '1'],
      ...Array.from({ length: size - 4 }, () => ['uri']),
    ])
    assert.deepEqual(replies.slice(0, 4).map(told), ['running', 'DomainNotFound', '', 'test'])
    assert.match(String(replies[1]), /virsh dumpxml --domain none: failed to get domain 'none'$/)
  })
}

test('only what libvirt does not have is read as absent; any other failure is thrown', async (t) => {
  const [there, none, other] = await open(t).batch([
    ['domname', '1'],
    ['domstate', '--domain', 'none'],
    ['list', '--no-such-option'],
  ])
  assert.equal(found(there, 'DomainNotFound')?.trim(), 'test')
  assert.equal(found(none, 'DomainNotFound'), undefined)
  assert.throws(() => found(none, 'NetworkNotFound'), { code: 'DomainNotFound' })
  assert.throws(() => found(other, 'DomainNotFound'), { code: 'LibvirtFailed' })
})

test('a command that virsh does not understand fails alone', async (t) => {
  const virsh = open(t)
  const answers = await virsh.batch([['no-such-command'], ['list', '--no-such-option'], ['domname', '1']])
  assert.deepEqual(answers.map(told), ['LibvirtFailed', 'LibvirtFailed', 'test'])
  await assert.rejects(virsh.call(['no-such-command']), { message: /unknown command/ })
})

test('a batch of a thousand commands is answered in order', async (t) => {
  const virsh = open(t)
  const words = Array.from({ length: 1000 }, (_, index) => `word-${index}`)
  const texts = await virsh.batch(words.map((word) => ['echo', word]))
  assert.deepEqual(texts.map(told), words)
})

test("a failed command carries libvirt's words and a known code", async (t) => {
  const virsh = open(t)
  await assert.rejects(virsh.call(['domstate', '--domain', 'none']), {
    code: 'DomainNotFound',
    message: "virsh domstate: failed to get domain 'none'",
  })
})

test('sessions that were killed while nobody used them are replaced', async (t) => {
  const virsh = open(t)
  await Promise.all([1, 2, 3].map(async () => await virsh.call(['uri'])))
  for (const pid of await sessions()) process.kill(pid, 'SIGKILL')
  assert.equal((await virsh.call(['uri'])).trim(), uri)
  assert.equal((await virsh.call(['uri'])).trim(), uri)
})

test('a command that was under way when its session was killed fails and is not repeated', async (t) => {
  const virsh = open(t)
  await virsh.call(['uri'])
  // Done again, it would end well after its time.
  const asked = virsh.call(['event', '--all', '--loop', '--timeout', '20'])
  const killing = delay(500).then(async () => (await sessions()).forEach((pid) => process.kill(pid, 'SIGKILL')))
  await assert.rejects(asked, { code: 'LibvirtFailed', message: 'virsh event: virsh ended' })
  await killing
})

test('a libvirt that is not there is named as unreachable', async (t) => {
  const virsh = open(t, 'qemu+unix:///system?socket=/nonexistent/libvirt-sock')
  const message = /^virsh list: failed to connect to the hypervisor \| Failed to connect socket to '\/nonexistent\/libvirt-sock'[^|]*$/
  await assert.rejects(virsh.call(['list']), { code: 'LibvirtUnreachable', message })
  await assert.rejects(virsh.batch([['list']]), { code: 'LibvirtUnreachable' })
})

test('a missing virsh program is named', async (t) => {
  const path = process.env['PATH']
  atEnd(t, () => (process.env['PATH'] = path))
  process.env['PATH'] = '/nonexistent'
  assert.equal(await open(t).call(['list']).catch(errorCode), 'CommandNotFound')
})

test("the user's own history of virsh commands stays as it is", async (t) => {
  const home = await mkdtemp(join(tmpdir(), 'virsh-home-'))
  const saved = process.env['XDG_CACHE_HOME']
  atEnd(t, async () => {
    if (saved === undefined) delete process.env['XDG_CACHE_HOME']
    else process.env['XDG_CACHE_HOME'] = saved
    await rm(home, { recursive: true })
  })
  process.env['XDG_CACHE_HOME'] = home
  await writeFile(join(home, 'mine'), '')
  const virsh = open(t)
  await virsh.call(['uri'])
  await virsh.close()
  assert.deepEqual(await readdir(home), ['mine'])
})

test('a session whose libvirtd went away is replaced when it is back', async (t) => {
  const host = await startHost({ name: 'gvsession' })
  atEnd(t, async () => await host.close())
  const socket = join(host.dir, 'front.sock')
  const front = await startFront(socket, join(host.dir, 'run', 'libvirt-sock'))
  atEnd(t, () => front.cut())
  const virsh = open(t, `qemu+unix:///system?socket=${socket}`)
  await virsh.call(['net-list', '--name'])
  const [before] = await sessions()
  front.cut()
  await assert.rejects(virsh.call(['net-list', '--name']), { code: 'LibvirtUnreachable' })
  await front.open()
  await virsh.call(['net-list', '--name'])
  const [after] = await sessions()
  assert.notEqual(after, before)
})
