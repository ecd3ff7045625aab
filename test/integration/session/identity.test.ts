import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { WebSocket } from 'ws'
import { connect, type Endpoint } from '../../../agent/session/connect.ts'
import { credentials } from '../../../agent/session/credentials.ts'
import { systemClock } from '../../../reconciler/lib/clock.ts'
import { describeError, type GitvirtError } from '../../../reconciler/lib/errors.ts'
import { silentLogger } from '../../../reconciler/lib/log.ts'
import { maxFrameBytes } from '../../../reconciler/lib/link.ts'
import { agentOrganization, openPki } from '../../../reconciler/lib/pki.ts'
import type { SessionMessage } from '../../../schemas/generated/session.ts'
import { protocolVersion } from '../../../schemas/wire/message.ts'
import { startHub, startTestAgent, until, type Hub, type TestAgent } from './lab.ts'

let hub: Hub
let agents: TestAgent[] = []

beforeEach(async () => {
  hub = await startHub()
  agents = []
})
afterEach(async () => {
  for (const agent of agents) await agent.close()
  await hub.close()
})

const dial = (endpoint: Endpoint, node = 'h1') =>
  connect({ endpoint, node, version: '0', received: () => undefined, abandoned: () => undefined, greetingMs: 3000 })

async function rawSocket(endpoint: Endpoint, onOpen: (socket: WebSocket) => void): Promise<{ code: number; reason: string }> {
  const { url, ...tls } = endpoint
  const socket = new WebSocket(`${url.replace('https:', 'wss:')}/v1/session`, tls)
  const closed = Promise.withResolvers<{ code: number; reason: string }>()
  socket.on('open', () => onOpen(socket))
  socket.on('error', () => undefined)
  socket.on('close', (code, reason) => closed.resolve({ code, reason: reason.toString() }))
  return await closed.promise
}

describe('who may open a session', () => {
  it('lets an agent in whose certificate names its node', async () => {
    const link = await dial(await hub.endpoint('h1'))
    assert.deepEqual(hub.sessions.nodes(), ['h1'])
    link.close(1000, '')
    await link.ended
  })

  it('refuses an agent that names another node than its certificate', async () => {
    await assert.rejects(dial(await hub.endpoint('h1'), 'h2'), /certificate is for node h1/)
    assert.deepEqual(hub.sessions.nodes(), [])
  })

  it('survives a greeting that cannot be sent', async () => {
    await assert.rejects(dial(await hub.endpoint('h1'), 'h'.repeat(maxFrameBytes)), { code: 'MessageTooLarge' })
    // The closing handshake goes on behind the caller's back: what it rejects fails this test.
    await hub.server.close()
    await delay(200)
  })

  it('refuses a certificate of another authority', async () => {
    const dir = await mkdtemp(join(tmpdir(), 'gitvirt-foreign-'))
    const foreign = await openPki({ dir, clock: systemClock })
    const keyed = await foreign.issueClientCertificate({ commonName: 'h1', organization: agentOrganization })
    await assert.rejects(dial({ url: hub.server.url, ca: hub.pki.ca, ...keyed }), { code: 'CertificateRefused' })
    await rm(dir, { recursive: true, force: true })
  })

  it('makes the agent refuse a reconciler of another authority', async () => {
    const dir = await mkdtemp(join(tmpdir(), 'gitvirt-foreign-'))
    const foreign = await openPki({ dir, clock: systemClock })
    await assert.rejects(dial({ ...(await hub.endpoint('h1')), ca: foreign.ca }), { code: 'ConnectFailed' })
    await rm(dir, { recursive: true, force: true })
  })

  it('refuses a certificate of another role', async () => {
    const keyed = await hub.pki.issueClientCertificate({ commonName: 'h1', organization: 'gitvirt:admins' })
    await assert.rejects(dial({ url: hub.server.url, ca: hub.pki.ca, ...keyed }), /403/)
  })

  it('refuses a revoked certificate and ends its session', async () => {
    const endpoint = await hub.endpoint('h1')
    const link = await dial(endpoint)
    await hub.pki.revoke({ serial: new X509Certificate(endpoint.cert).serialNumber })
    assert.equal((await link.ended).code, 4010)
    await assert.rejects(dial(endpoint), /403/)
  })

  it('refuses a second session of a node while the first one lives', async () => {
    const first = await dial(await hub.endpoint('h1'))
    await assert.rejects(dial(await hub.endpoint('h1')), /another agent of node h1/)
    assert.equal(await first.probe(1000), true)
    first.close(1000, '')
    await first.ended
  })

  it('lets a second session replace a first one that is dead', async () => {
    const { url, ...tls } = await hub.endpoint('h1')
    const silent = new WebSocket(`${url.replace('https:', 'wss:')}/v1/session`, { ...tls, autoPong: false })
    silent.on('error', () => undefined)
    silent.on('open', () => silent.send(JSON.stringify({ type: 'hello', node: 'h1', version: '0', protocol: protocolVersion })))
    await until('the silent one is in', () => hub.sessions.nodes().length === 1)
    const link = await dial(await hub.endpoint('h1'))
    assert.equal(hub.sessions.nodes().length, 1)
    link.close(1000, '')
    await link.ended
    silent.terminate()
  })

  it('refuses another protocol version and says what to do, to the agent each time and to others once', async () => {
    const told: string[] = []
    hub.sessions.listen({ refused: (node, reason) => void told.push(`${node}: ${reason}`) })
    const hello = { type: 'hello', node: 'h1', version: '0', protocol: 99 }
    for (const _try of [1, 2]) {
      const { code, reason } = await rawSocket(await hub.endpoint('h1'), (socket) => socket.send(JSON.stringify(hello)))
      assert.equal(code, 4001)
      assert.match(reason, /same release/)
    }
    assert.deepEqual(told, [`h1: the reconciler speaks protocol ${protocolVersion}, the agent 99; use the same release`])
  })

  it('ends a session whose frame is too large', async () => {
    const { code } = await rawSocket(await hub.endpoint('h1'), (socket) => socket.send(Buffer.alloc(maxFrameBytes + 1)))
    assert.ok(code === 1009 || code === 1006, String(code))
    assert.deepEqual(hub.sessions.nodes(), [])
  })

  it('ends a session whose messages do not fit the schema, or come before the greeting', async () => {
    const endpoint = await hub.endpoint('h1')
    for (const text of ['nonsense', '{"type":"hello"}', '{"type":"step","plan":"p","step":"s","key":"k","state":"done","at":""}']) {
      assert.equal((await rawSocket(endpoint, (socket) => socket.send(text))).code, 1008, text)
    }
  })

  it('ends a session that sends what only a reconciler sends', async () => {
    const link = await dial(await hub.endpoint('h1'))
    await link.send({ type: 'command', id: '1', verb: 'start', key: 'VirtualMachine/default/web' })
    assert.equal((await link.ended).code, 1008)
  })

  it('ends a session whose observations skip a number', async () => {
    const link = await dial(await hub.endpoint('h1'))
    const observe = (sequence: number, full: boolean): SessionMessage => ({
      type: 'observe',
      observation: { node: 'h1', sequence, full, at: '', objects: [], gone: [] },
    })
    await link.send(observe(0, true))
    await link.send(observe(2, false))
    assert.equal((await link.ended).code, 4011)
  })

  it('books observations under the node of the certificate, whatever they claim', async () => {
    const link = await dial(await hub.endpoint('h1'))
    const object = { kind: 'DataVolume', key: 'DataVolume/default/d', digest: 'x', phase: 'Succeeded' } as const
    await link.send({ type: 'observe', observation: { node: 'h2', sequence: 0, full: true, at: '', objects: [object], gone: [] } })
    await until('the observation', () => hub.observed.view.get(object.key).length === 1)
    assert.equal(hub.observed.view.get(object.key)[0]?.node, 'h1')
    link.close(1000, '')
    await link.ended
  })
})

describe('enrolment', () => {
  const options = (node: string, joinToken?: string) => ({
    node,
    url: hub.server.url,
    stateDir: join(hub.dir, 'enrolled', node),
    clock: systemClock,
    log: silentLogger,
    ...(joinToken === undefined ? {} : { joinToken }),
  })

  it('turns a join token into a session, and needs it only once', async () => {
    const joinToken = await hub.pki.createJoinToken('h1')
    const endpoint = await credentials(options('h1', joinToken))
    assert.deepEqual(await credentials(options('h1')), endpoint)
    agents.push(await startTestAgent({ hub, endpoint: () => credentials(options('h1')) }))
    await until('the node is connected', () => hub.observed.view.node('h1')?.connected === true)
  })

  it('refuses a used token, a token of another node, and an agent without one', async () => {
    const joinToken = await hub.pki.createJoinToken('h1')
    await credentials(options('h1', joinToken))
    await assert.rejects(credentials({ ...options('h1', joinToken), stateDir: join(hub.dir, 'again') }), { code: 'InvalidJoinToken' })
    await assert.rejects(credentials(options('h2', await hub.pki.createJoinToken('h3'))), { code: 'WrongNode' })
    await assert.rejects(credentials(options('h4')), { code: 'NotEnrolled' })
  })

  it('keeps the token from a server that is not the one that made it', async () => {
    const other = await startHub()
    try {
      const joinToken = await other.pki.createJoinToken('h1')
      await assert.rejects(credentials(options('h1', joinToken)), { code: 'WrongAuthority' })
      await other.pki.enroll(joinToken, (await import('../../../reconciler/lib/pki-x509.ts').then((m) => m.createRequest('h1'))).request)
    } finally {
      await other.close()
    }
  })

  it('renews a certificate in the last third of its life', async () => {
    const old = await credentials(options('h1', await hub.pki.createJoinToken('h1')))
    const later = new Date(Date.now() + 61 * 86_400_000)
    const renewed = await credentials({ ...options('h1'), clock: { ...systemClock, now: () => later } })
    assert.notEqual(renewed.cert, old.cert)
    assert.equal(new X509Certificate(renewed.cert).subject, new X509Certificate(old.cert).subject)
  })

  it('replaces an expired certificate by an unused token, and says what to do without one', async () => {
    const old = await credentials(options('h1', await hub.pki.createJoinToken('h1')))
    const later = { ...systemClock, now: () => new Date(Date.now() + 91 * 86_400_000) }
    await assert.rejects(credentials({ ...options('h1'), clock: later }), (error: GitvirtError) => {
      assert.equal(error.code, 'CertificateExpired')
      assert.match(describeError(error), /expired at 2\d{3}-.*no join token.*gitvirt token create h1/)
      return true
    })
    const next = await credentials({ ...options('h1', await hub.pki.createJoinToken('h1')), clock: later })
    assert.notEqual(next.cert, old.cert)
    assert.deepEqual(await credentials(options('h1')), next)
  })

  it('tells that a used token does not replace an expired certificate', async () => {
    const joinToken = await hub.pki.createJoinToken('h1')
    await credentials(options('h1', joinToken))
    const later = { ...systemClock, now: () => new Date(Date.now() + 91 * 86_400_000) }
    const call = credentials({ ...options('h1', joinToken), clock: later })
    await assert.rejects(call, (error: GitvirtError) => {
      assert.equal(error.code, 'InvalidJoinToken')
      assert.match(describeError(error), /expired at .*the join token does not help.*used up.*gitvirt token create h1/)
      return true
    })
  })

  it('comes back after its certificate was revoked as soon as the token file holds an unused token', async () => {
    const file = join(hub.dir, 'join-token')
    await writeFile(file, await hub.pki.createJoinToken('h1'))
    const withFile = { ...options('h1'), joinToken: { file } }
    const { cert } = await credentials(withFile)
    agents.push(await startTestAgent({ hub, endpoint: (failure) => credentials(withFile, failure) }))
    const connected = (): boolean => hub.observed.view.node('h1')?.connected === true
    await until('the node is connected', connected)
    await hub.pki.revoke({ serial: new X509Certificate(cert).serialNumber })
    await until('the node is away', () => !connected())
    await delay(300)
    assert.equal(connected(), false)
    await writeFile(file, await hub.pki.createJoinToken('h1'))
    await until('the node is back', connected)
  })

  it('joins a reconciler with a new authority by a token of it, and keeps its certificate where the server is still the old one', async () => {
    const old = await credentials(options('h1', await hub.pki.createJoinToken('h1')))
    const other = await startHub()
    try {
      const token = await other.pki.createJoinToken('h1')
      assert.deepEqual(await credentials(options('h1', token)), old)
      const next = await credentials({ ...options('h1', token), url: other.server.url })
      assert.equal(next.ca, other.pki.ca)
      assert.deepEqual(await credentials({ ...options('h1', token), url: other.server.url }), next)
    } finally {
      await other.close()
    }
  })

  it('needs no token file, nor a sound one, while its certificate is good', async () => {
    const first = await credentials(options('h1', await hub.pki.createJoinToken('h1')))
    assert.deepEqual(await credentials({ ...options('h1'), joinToken: { file: join(hub.dir, 'none') } }), first)
    assert.deepEqual(await credentials(options('h1', 'damaged')), first)
  })

  it('replaces a stored certificate that nobody can read', async () => {
    await credentials(options('h1', await hub.pki.createJoinToken('h1')))
    await writeFile(join(hub.dir, 'enrolled', 'h1', 'session.json'), '{"ca":')
    await assert.rejects(credentials(options('h1')), { code: 'NotEnrolled' })
    const next = await credentials(options('h1', await hub.pki.createJoinToken('h1')))
    assert.deepEqual(await credentials(options('h1')), next)
  })

  it('answers oversized and malformed requests with an error', async () => {
    const call = async (body: string): Promise<number> => {
      const { request } = await import('node:https')
      return await new Promise((resolve, reject) => {
        const sent = request(`${hub.server.url}/v1/enroll`, { ca: hub.pki.ca, method: 'POST' }, (response) => {
          response.resume()
          resolve(response.statusCode ?? 0)
        })
        sent.on('error', reject)
        sent.end(body)
      })
    }
    assert.equal(await call('{'), 400)
    assert.equal(await call('{"token":"x","request":"y"}'), 401)
    assert.equal(await call(JSON.stringify({ token: 'x'.repeat(20_000) })), 413)
  })
})
