import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import { Agent, request } from 'node:https'
import type { TLSSocket } from 'node:tls'
import type { IncomingMessage } from 'node:http'
import { stat } from 'node:fs/promises'
import { createInterface } from 'node:readline'
import { test, type TestContext } from 'node:test'
import { WebSocket } from 'ws'
import { atEnd } from '../../../at-end.ts'
import { fillDemo, startApiFixture, type ApiFixture } from '../../../fakes/api-server.ts'
import { machineSeen, vmManifest } from '../../../fakes/views.ts'

type Certificate = { readonly cert?: string; readonly key?: string }
type Answer = { readonly status: number; readonly body: unknown; readonly text: string }
type Call = { readonly method?: string; readonly body?: string; readonly headers?: Record<string, string>; readonly tls?: Certificate }

const vms = '/apis/kubevirt.io/v1/namespaces/default/virtualmachines'
const subresources = '/apis/subresources.kubevirt.io/v1/namespaces/default'

async function demo(t: TestContext) {
  const fixture = await startApiFixture()
  atEnd(t, () => fixture[Symbol.asyncDispose]())
  fillDemo(fixture)
  return fixture
}

async function certificate({ pki }: ApiFixture, organization: string): Promise<Certificate> {
  const { cert, key } = await pki.issueClientCertificate({ commonName: 'someone', organization })
  return { cert, key }
}

async function open(fixture: ApiFixture, path: string, call: Call = {}): Promise<IncomingMessage> {
  const { method = 'GET', body, headers = {}, tls = {} } = call
  const length = body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) }
  const outgoing = request(new URL(path, fixture.server.url), {
    ca: fixture.pki.ca,
    method,
    headers: { ...headers, ...length },
    agent: false,
    ...tls,
  })
  outgoing.end(body)
  const [answer] = (await once(outgoing, 'response')) as [IncomingMessage]
  return answer
}

async function ask(fixture: ApiFixture, path: string, call: Call = {}): Promise<Answer> {
  const answer = await open(fixture, path, call)
  const chunks: Buffer[] = []
  for await (const chunk of answer) chunks.push(chunk as Buffer)
  const text = Buffer.concat(chunks).toString()
  const json = (answer.headers['content-type'] ?? '').includes('json')
  return { status: answer.statusCode ?? 0, text, body: json ? JSON.parse(text) : undefined }
}

async function* lines(answer: IncomingMessage): AsyncGenerator<{ type: string; object: Record<string, unknown> }> {
  for await (const line of createInterface({ input: answer })) yield JSON.parse(line) as { type: string; object: Record<string, unknown> }
}

async function next(watch: AsyncGenerator<{ type: string; object: Record<string, unknown> }>) {
  const step = await watch.next()
  assert.ok(!step.done)
  return step.value
}

test('answers 401 without identity, 403 beyond it, and probes for everybody', async (t) => {
  const fixture = await demo(t)
  assert.equal((await ask(fixture, vms)).status, 401)
  assert.equal((await ask(fixture, '/healthz')).text, 'ok')
  assert.equal((await ask(fixture, '/readyz')).status, 200)
  const viewer = { tls: await certificate(fixture, 'gitvirt:viewers') }
  assert.equal((await ask(fixture, vms, viewer)).status, 200)
  assert.equal((await ask(fixture, `${subresources}/virtualmachines/demo/stop`, { ...viewer, method: 'PUT' })).status, 403)
  const agent = { tls: await certificate(fixture, 'gitvirt:agents') }
  assert.equal((await ask(fixture, '/api/v1/secrets', agent)).status, 403)
  assert.equal((await ask(fixture, '/gitvirt/v1/status', agent)).status, 403)
  assert.equal((await ask(fixture, '/metrics')).status, 401)
})

test('refuses a certificate of another authority and a revoked one', async (t) => {
  const fixture = await demo(t)
  const other = await startApiFixture()
  atEnd(t, () => other[Symbol.asyncDispose]())
  assert.equal((await ask(fixture, vms, { tls: await certificate(other, 'gitvirt:admins') })).status, 401)
  const tls = await certificate(fixture, 'gitvirt:admins')
  assert.equal((await ask(fixture, vms, { tls })).status, 200)
  await fixture.pki.revoke({ serial: new X509Certificate(tls.cert ?? '').serialNumber.toLowerCase() })
  assert.equal((await ask(fixture, vms, { tls })).status, 401)
})

test('knows the client of a resumed TLS session, and refuses it once revoked', async (t) => {
  const fixture = await demo(t)
  const tls = await certificate(fixture, 'gitvirt:admins')
  const agent = new Agent({ keepAlive: false, ca: fixture.pki.ca, ...tls })
  const askAgain = async (): Promise<[number, boolean]> => {
    const outgoing = request(new URL(vms, fixture.server.url), { agent, headers: { connection: 'close' } })
    outgoing.end()
    const [answer] = (await once(outgoing, 'response')) as [IncomingMessage]
    const reused = (outgoing.socket as TLSSocket).isSessionReused()
    answer.resume()
    await once(answer, 'close')
    return [answer.statusCode ?? 0, reused]
  }
  assert.deepEqual(await askAgain(), [200, false])
  assert.deepEqual(await askAgain(), [200, true])
  await fixture.pki.revoke({ serial: new X509Certificate(tls.cert ?? '').serialNumber.toLowerCase() })
  assert.equal((await askAgain())[0], 401)
})

test('takes a bearer token that the store knows, until it is revoked', async (t) => {
  const fixture = await demo(t)
  const token = fixture.store.tokens.issue({ name: 'ci', groups: ['gitvirt:viewers'], createdAt: new Date().toISOString() })
  const call = { headers: { authorization: `Bearer ${token}` } }
  assert.equal((await ask(fixture, vms, call)).status, 200)
  assert.equal((await ask(fixture, vms, { headers: { authorization: `Bearer ${token}0` } })).status, 401)
  fixture.store.tokens.revoke('ci')
  assert.equal((await ask(fixture, vms, call)).status, 401)
})

test('watches from a resourceVersion, with adds and deletes as a selection is entered and left', async (t) => {
  const fixture = await demo(t)
  const tls = await certificate(fixture, 'gitvirt:admins')
  const list = (await ask(fixture, vms, { tls })).body as { metadata: { resourceVersion: string } }
  const from = list.metadata.resourceVersion
  const answer = await open(fixture, `${vms}?watch=true&resourceVersion=${from}&labelSelector=tier%3Dweb`, { tls })
  const watch = lines(answer)
  const manifest = vmManifest('demo')
  fixture.desired.put({ ...manifest, metadata: { ...manifest.metadata, labels: { tier: 'web' } } })
  fixture.refresh(['VirtualMachine/default/demo'])
  assert.equal((await next(watch)).type, 'ADDED')
  fixture.desired.put(manifest)
  fixture.refresh(['VirtualMachine/default/demo'])
  assert.equal((await next(watch)).type, 'DELETED')
  answer.destroy()
  // One that comes back later gets what it missed.
  const late = await open(fixture, `${vms}?watch=true&resourceVersion=${from}`, { tls })
  const missed = lines(late)
  assert.deepEqual([(await next(missed)).type, (await next(missed)).type], ['MODIFIED', 'MODIFIED'])
  late.destroy()
})

test('a watch begins with what is there, marks its end when asked, and ends after timeoutSeconds', async (t) => {
  const fixture = await demo(t)
  const tls = await certificate(fixture, 'gitvirt:admins')
  const answer = await open(
    fixture,
    `${vms}?watch=1&sendInitialEvents=true&allowWatchBookmarks=true&resourceVersionMatch=NotOlderThan&timeoutSeconds=1`,
    { tls },
  )
  const types: string[] = []
  for await (const event of lines(answer)) types.push(event.type)
  assert.deepEqual(types, ['ADDED', 'BOOKMARK'])
})

test('answers 410 for a resourceVersion that history no longer has', async (t) => {
  const fixture = await demo(t)
  const tls = await certificate(fixture, 'gitvirt:admins')
  const answer = await ask(fixture, `${vms}?watch=1&resourceVersion=999999`, { tls })
  assert.deepEqual([answer.status, (answer.body as { reason: string }).reason], [410, 'Expired'])
})

test('closes a watch whose client does not read', async (t) => {
  const fixture = await demo(t)
  const tls = await certificate(fixture, 'gitvirt:admins')
  const answer = await open(fixture, '/api/v1/configmaps?watch=1', { tls })
  answer.pause()
  // Far more than socket buffers and the server's own limit hold.
  for (let index = 0; index < 60; index += 1) {
    const key = fixture.desired.put({
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'big', namespace: 'default' },
      data: { text: `${index}${'x'.repeat(500_000)}` },
    })
    fixture.refresh([key])
    await new Promise((resolve) => setImmediate(resolve))
  }
  let last = ''
  for await (const event of lines(answer)) last = event.type === 'ERROR' ? String(event.object['reason']) : event.type
  assert.equal(last, 'Expired')
})

test('tables carry the columns once in a watch, and rows with metadata', async (t) => {
  const fixture = await demo(t)
  const tls = await certificate(fixture, 'gitvirt:admins')
  const accept = { accept: 'application/json;as=Table;v=v1;g=meta.k8s.io' }
  const answer = await open(fixture, `${vms}?watch=1`, { tls, headers: accept })
  const watch = lines(answer)
  type Table = { columnDefinitions: unknown[]; rows: { cells: unknown[]; object: { kind: string } }[] }
  const first = (await next(watch)).object as Table
  assert.equal(first.columnDefinitions.length, 9)
  assert.equal(first.rows[0]?.object.kind, 'PartialObjectMetadata')
  fixture.observed.see('host1', machineSeen(vmManifest('demo'), { state: 'paused' }))
  fixture.refresh(['VirtualMachine/default/demo'])
  const second = (await next(watch)).object as Table
  assert.equal(second.columnDefinitions.length, 0)
  assert.equal(second.rows[0]?.cells[2], 'Paused')
  answer.destroy()
})

test('refuses every write with the repository, the branch and the file', async (t) => {
  const fixture = await demo(t)
  const tls = await certificate(fixture, 'gitvirt:admins')
  for (const method of ['PUT', 'PATCH', 'DELETE']) {
    const { status, body } = await ask(fixture, `${vms}/demo`, { tls, method, body: '{}' })
    assert.equal(status, 403)
    assert.match((body as { message: string }).message, /apps\/demo\.yaml:3:1 on branch "main" of https:\/\/git\.example\/fleet\.git/)
  }
  assert.equal((await ask(fixture, vms, { tls, method: 'POST', body: '{}' })).status, 403)
  assert.equal((await ask(fixture, `${vms}/none`, { tls, method: 'DELETE' })).status, 404)
})

test('refuses bodies over 1 MiB before it reads them', async (t) => {
  const fixture = await demo(t)
  const tls = await certificate(fixture, 'gitvirt:admins')
  const { status, body } = await ask(fixture, '/gitvirt/v1/suspend', { tls, method: 'POST', body: 'x'.repeat(1024 * 1024 + 1) })
  assert.deepEqual([status, (body as { reason: string }).reason], [413, 'RequestEntityTooLarge'])
})

test('carries power requests to the agent and its refusals back', async (t) => {
  const fixture = await demo(t)
  const tls = await certificate(fixture, 'gitvirt:admins')
  const stop = await ask(fixture, `${subresources}/virtualmachines/demo/stop`, { tls, method: 'PUT', body: '{"gracePeriod":5}' })
  assert.equal(stop.status, 202)
  assert.deepEqual(fixture.sent, [{ key: 'VirtualMachine/default/demo', verb: 'stop', options: { by: 'someone', graceSeconds: 5 } }])
  fixture.answer = { ok: false, code: 'Conflict', message: 'it runs already' }
  const start = await ask(fixture, `${subresources}/virtualmachines/demo/start`, { tls, method: 'PUT' })
  assert.deepEqual([start.status, (start.body as { reason: string }).reason], [409, 'Conflict'])
  assert.equal((await ask(fixture, `${subresources}/virtualmachineinstances/none/pause`, { tls, method: 'PUT' })).status, 404)
  assert.equal(
    (await ask(fixture, `${subresources}/virtualmachines/demo/stop`, { tls, method: 'PUT', body: '{"gracePeriod":-1}' })).status,
    400,
  )
})

async function socketOf(fixture: ApiFixture, subresource: string, tls: Certificate): Promise<WebSocket> {
  const url = `${fixture.server.url.replace('https', 'wss')}${subresources}/virtualmachineinstances/demo/${subresource}`
  const socket = new WebSocket(url, ['plain.kubevirt.io'], { ca: fixture.pki.ca, ...tls })
  await new Promise<void>((resolve, reject) => {
    socket.once('open', resolve)
    socket.once('unexpected-response', (_request, answer) => reject(new Error(String(answer.statusCode))))
    socket.once('error', reject)
  })
  return socket
}

test('carries a console both ways and ends it at both ends', async (t) => {
  const fixture = await demo(t)
  const socket = await socketOf(fixture, 'console', await certificate(fixture, 'gitvirt:admins'))
  assert.equal(socket.protocol, 'plain.kubevirt.io')
  socket.send(Buffer.from('hello'))
  const [echo] = (await once(socket, 'message')) as [Buffer]
  assert.equal(echo.toString(), 'hello')
  const ended = once(fixture.guest ?? socket, 'close')
  socket.close()
  await ended
})

test('refuses a console to a viewer', async (t) => {
  const fixture = await demo(t)
  await assert.rejects(socketOf(fixture, 'console', await certificate(fixture, 'gitvirt:viewers')), /403/)
})

test('shows a suspended machine in tables, with who, why and until when', async (t) => {
  const fixture = await demo(t)
  const tls = await certificate(fixture, 'gitvirt:viewers')
  const table = { accept: 'application/json;as=Table;v=v1;g=meta.k8s.io' }
  const cells = async (): Promise<unknown[]> =>
    ((await ask(fixture, vms, { tls, headers: table })).body as { rows: { cells: unknown[] }[] }).rows[0]?.cells ?? []
  assert.deepEqual([(await cells())[2], (await cells())[8]], ['Running', ''])
  const suspension = {
    key: 'Node//host1',
    by: 'operator',
    reason: 'memory',
    at: '2026-01-01T00:00:00.000Z',
    until: '2999-01-01T00:00:00.000Z',
  }
  const { desired, observed } = fixture
  fixture.status.refresh({ desired, observed, suspensions: [suspension] })
  assert.deepEqual(
    [(await cells())[2], (await cells())[8]],
    ['Running,Suspended', 'operator suspended Node/host1 at 2026-01-01T00:00:00.000Z until 2999-01-01T00:00:00.000Z: memory'],
  )
  fixture.status.refresh({ desired, observed, suspensions: [{ ...suspension, until: '2026-01-01T01:00:00.000Z' }] })
  assert.deepEqual([(await cells())[2], (await cells())[8]], ['Running', ''])
})

test("serves gitvirt's own requests and checks what they name", async (t) => {
  const fixture = await demo(t)
  const tls = await certificate(fixture, 'gitvirt:admins')
  assert.deepEqual((await ask(fixture, '/gitvirt/v1/plan', { tls })).body, { id: 'p', changes: [] })
  assert.deepEqual((await ask(fixture, '/gitvirt/v1/reconcile', { tls, method: 'POST', body: '{}' })).body, { by: 'someone' })
  const suspended = await ask(fixture, '/gitvirt/v1/suspend', {
    tls,
    method: 'POST',
    body: '{"key":"VirtualMachine/default/demo","reason":"work"}',
  })
  assert.deepEqual(suspended.body, { key: 'VirtualMachine/default/demo', by: 'someone', reason: 'work' })
  assert.equal((await ask(fixture, '/gitvirt/v1/approvals', { tls, method: 'POST', body: '{}' })).status, 400)
  assert.equal((await ask(fixture, '/gitvirt/v1/approvals', { tls, method: 'POST', body: '{"key":"Node//KVM1"}' })).status, 200)
  assert.equal((await ask(fixture, '/gitvirt/v1/suspend', { tls, method: 'POST', body: '{"key":"../etc"}' })).status, 400)
  assert.equal((await ask(fixture, '/gitvirt/v1/suspend', { tls, method: 'POST', body: '{"reason":" "}' })).status, 400)
  const leased = '{"key":"VirtualMachine/default/demo","reason":"incident","for":"2h"}'
  assert.deepEqual((await ask(fixture, '/gitvirt/v1/leases', { tls, method: 'POST', body: leased })).body, {
    key: 'VirtualMachine/default/demo',
    by: 'someone',
    reason: 'incident',
    for: '2h',
    ending: 'revert',
  })
  assert.equal((await ask(fixture, '/webhook', { method: 'POST', body: 'ping' })).status, 202)
  const metrics = (await ask(fixture, '/metrics', { tls })).text
  assert.match(metrics, /gitvirt_objects\{kind="VirtualMachine"\} 1/)
  assert.match(metrics, /gitvirt_api_requests_total\{method="POST",code="400"\} 3/)
  assert.equal((await stat(fixture.kubeconfig)).mode & 0o777, 0o600)
})

test('lets one preview go on and one wait, and refuses more until they are done', async (t) => {
  const fixture = await demo(t)
  const tls = await certificate(fixture, 'gitvirt:viewers')
  const done = Promise.withResolvers<undefined>()
  fixture.previewing = done.promise
  const preview = async (): Promise<Answer> => await ask(fixture, '/gitvirt/v1/plan?ref=more', { tls })
  const three = [preview(), preview(), preview()]
  const refused = await Promise.race(three)
  assert.equal(refused.status, 429)
  assert.deepEqual((refused.body as { reason: string }).reason, 'Busy')
  assert.equal((await ask(fixture, '/gitvirt/v1/plan', { tls })).status, 200, 'the plan itself is always told')
  done.resolve(undefined)
  const statuses = (await Promise.all(three)).map(({ status }) => status)
  assert.deepEqual(
    statuses.sort((one, other) => one - other),
    [200, 200, 429],
  )
  assert.equal((await preview()).status, 200)
})

test('previews a commit by its id for those only who may do more than read', async (t) => {
  const fixture = await demo(t)
  const path = `/gitvirt/v1/plan?ref=${'a'.repeat(40)}`
  assert.equal((await ask(fixture, path, { tls: await certificate(fixture, 'gitvirt:viewers') })).status, 403)
  assert.equal((await ask(fixture, path, { tls: await certificate(fixture, 'gitvirt:admins') })).status, 200)
})

test('gives leases to nobody who may only read, and checks what they ask for', async (t) => {
  const fixture = await demo(t)
  const viewer = await certificate(fixture, 'gitvirt:viewers')
  const admin = await certificate(fixture, 'gitvirt:admins')
  const leased = '{"key":"VirtualMachine/default/demo","reason":"incident","for":"2h"}'
  const post = async (tls: typeof admin, body: string, path = 'leases'): Promise<number> =>
    (await ask(fixture, `/gitvirt/v1/${path}`, { tls, method: 'POST', body })).status
  assert.deepEqual([await post(viewer, leased), await post(viewer, leased, 'leases/end')], [403, 403])
  for (const body of [
    '{"reason":"r","for":"2h"}',
    '{"key":"VirtualMachine/default/demo","for":"2h"}',
    '{"key":"VirtualMachine/default/demo","reason":"r"}',
  ])
    assert.equal(await post(admin, body), 400)
  assert.equal(await post(admin, leased.replace('"for"', '"ending":"keep","for"')), 400)
  assert.equal((await ask(fixture, '/gitvirt/v1/leases', { tls: viewer })).status, 200)
})
