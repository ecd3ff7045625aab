import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { send } from '../../../../reconciler/notify/send/send.ts'
import type { Message } from '../../../../reconciler/notify/types.ts'
import { atEnd } from '../../../at-end.ts'
import { certificateFor, startHttp, startMail } from './servers.ts'

const never = new AbortController().signal

const message: Message = {
  version: 1,
  id: '6b1f0c0e-0000-4000-8000-000000000001',
  type: 'warning',
  time: '2026-03-01T00:00:00Z',
  environment: 'prod',
  rule: 'all',
  reason: 'ErrNoSpace',
  message: 'The pool is full.',
  count: 1,
  object: { kind: 'VirtualMachine', namespace: 'default', name: 'web' },
  revision: 'a'.repeat(40),
  author: { name: 'author', email: 'author@example.org' },
}

function fileOf(t: TestContext, text: string): string {
  const dir = mkdtempSync(join(tmpdir(), 'gitvirt-notify-'))
  atEnd(t, () => rmSync(dir, { recursive: true, force: true }))
  const file = join(dir, 'ca.pem')
  writeFileSync(file, text)
  return file
}

test('a webhook is posted over TLS as JSON, with its id, a bearer token, and a signature over time and body', async (t) => {
  const { authority, server } = await certificateFor(['localhost'])
  const site = await startHttp(t, { tls: server })
  const to = {
    type: 'webhook',
    url: `https://localhost:${site.port}/hook`,
    allowPrivate: true,
    secret: 's'.repeat(32),
    token: 'tok',
  } as const
  assert.equal(await send({ ...to, caFile: fileOf(t, authority) }, message, never), '200 ok')
  const [taken] = site.taken
  assert.ok(taken)
  assert.deepEqual(JSON.parse(taken.body), message)
  assert.equal(taken.headers['x-gitvirt-delivery'], message.id)
  assert.equal(taken.headers.authorization, 'Bearer tok')
  const time = String(taken.headers['x-gitvirt-timestamp'])
  const expected = createHmac('sha256', 's'.repeat(32)).update(`${time}.${taken.body}`).digest('hex')
  assert.equal(taken.headers['x-gitvirt-signature-256'], `sha256=${expected}`)
})

test('nothing is sent to a server whose certificate is not trusted', async (t) => {
  const { server } = await certificateFor(['localhost'])
  const site = await startHttp(t, { tls: server })
  const to = { type: 'webhook', url: `https://localhost:${site.port}/hook`, allowPrivate: true } as const
  await assert.rejects(send(to, message, never), { code: 'NotifyFailed' })
  assert.deepEqual(site.taken, [])
})

test('a redirect is not followed, and the error tells no address', async (t) => {
  const other = await startHttp(t)
  const site = await startHttp(t)
  site.answer = { status: 307, headers: { location: `http://127.0.0.1:${other.port}/elsewhere` } }
  const to = { type: 'webhook', url: `http://127.0.0.1:${site.port}/secret-path`, allowPrivate: true } as const
  await assert.rejects(
    send(to, message, never),
    (error: Error) => /answered 307/.test(error.message) && !error.message.includes('secret-path'),
  )
  assert.deepEqual(other.taken, [])
})

test('a private address is refused where the operator does not allow it, by name and by number', async (t) => {
  const site = await startHttp(t)
  for (const host of ['127.0.0.1', 'localhost', '[::ffff:127.0.0.1]']) {
    const to = { type: 'webhook', url: `http://${host}:${site.port}/` } as const
    await assert.rejects(send(to, message, never), { code: 'NotifyAddressRefused' }, host)
  }
  await assert.rejects(send({ type: 'email', host: 'localhost', from: 'a@example.org', to: ['b@example.org'] }, message, never), {
    code: 'NotifyAddressRefused',
  })
  assert.deepEqual(site.taken, [])
})

test('Slack gets one text in which names and messages neither mention anybody nor link anywhere', async (t) => {
  const site = await startHttp(t)
  const evil = { ...message, message: '<!channel> <https://evil.example|click> @here `x` [a](https://evil.example) & more\nline' }
  await send(
    { type: 'slack', url: `http://127.0.0.1:${site.port}/`, allowPrivate: true },
    { ...evil, link: 'https://git.example.org/c/1' },
    never,
  )
  const { text } = JSON.parse(site.taken[0]?.body ?? '{}') as { text: string }
  assert.doesNotMatch(text.replace('<https://git.example.org/c/1>', ''), /[<>]|@here|@channel|:\/\//)
  for (const line of text.split('\n')) assert.equal((line.match(/`/g) ?? []).length % 2, 0, line)
  assert.match(text, /^`prod: ErrNoSpace VirtualMachine\/default\/web`\n/)
})

for (const tls of ['starttls', 'implicit'] as const) {
  test(`a mail goes out by ${tls}, after the password, in plain text, and says that it is automatic`, async (t) => {
    const { authority, server } = await certificateFor(['localhost'])
    const site = await startMail(t, { ...server, secure: tls === 'implicit' })
    const to = {
      type: 'email',
      host: 'localhost',
      port: site.port,
      tls,
      allowPrivate: true,
      username: 'gitvirt',
      password: 'open sesame',
    } as const
    const addresses = { from: 'gitvirt@example.org', to: ['operator@example.org', 'second@example.org'] as [string, ...string[]] }
    const answer = await send({ ...to, ...addresses, caFile: fileOf(t, authority) }, message, never)
    assert.match(answer, /queued as 1/)
    const [mail] = site.mails
    assert.ok(mail)
    assert.deepEqual([mail.secure, mail.user, mail.from, mail.to], [true, 'gitvirt', addresses.from, addresses.to])
    assert.match(mail.text, /^Subject: prod: ErrNoSpace VirtualMachine\/default\/web\r$/m)
    assert.match(mail.text, /^Auto-Submitted: auto-generated\r$/m)
    assert.match(mail.text, /^Content-Type: text\/plain/m)
    assert.match(mail.text, /The pool is full\./)
  })
}

test('a mail server that offers no TLS is refused, and hears no password', async (t) => {
  const site = await startMail(t, { hideSTARTTLS: true, disabledCommands: ['STARTTLS'] })
  const to = {
    type: 'email',
    host: 'localhost',
    port: site.port,
    allowPrivate: true,
    username: 'gitvirt',
    password: 'open sesame',
  } as const
  await assert.rejects(send({ ...to, from: 'a@example.org', to: ['b@example.org'] }, message, never), { code: 'NotifyFailed' })
  assert.deepEqual(site.mails, [])
})

test('a mail server whose certificate is of another name is refused', async (t) => {
  const { authority, server } = await certificateFor(['mail.example.org'])
  const site = await startMail(t, { ...server, secure: true })
  const to = {
    type: 'email',
    host: 'localhost',
    port: site.port,
    tls: 'implicit',
    allowPrivate: true,
    caFile: fileOf(t, authority),
  } as const
  await assert.rejects(send({ ...to, from: 'a@example.org', to: ['b@example.org'] }, message, never), { code: 'NotifyFailed' })
  assert.deepEqual(site.mails, [])
})

test('no name or reason from a commit makes a header of a mail', async (t) => {
  const site = await startMail(t, { disabledCommands: ['STARTTLS'] })
  const evil = { ...message, reason: 'X\r\nBcc: evil@example.org', environment: 'p\u2028r', message: '.\r\nMAIL FROM:<x@y>\r\n.\r\n' }
  const to = { type: 'email', host: 'localhost', port: site.port, tls: 'none', allowPrivate: true } as const
  await send({ ...to, from: 'a@example.org', to: ['b@example.org'] }, evil, never)
  assert.equal(site.mails.length, 1)
  assert.deepEqual(site.mails[0]?.to, ['b@example.org'])
  assert.doesNotMatch(site.mails[0].text, /^Bcc:/im)
})
