import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { mkdtemp, readdir, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { agentOrganization, openPki } from '../../../../reconciler/lib/pki.ts'
import { createRequest, fingerprintOf } from '../../../../reconciler/lib/pki-x509.ts'

let dir = ''
let now = new Date('2026-01-01T00:00:00Z')
const clock = { now: () => now, monotonic: () => now.getTime() }

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'gitvirt-pki-'))
  now = new Date('2026-01-01T00:00:00Z')
})
afterEach(() => rm(dir, { recursive: true, force: true }))

describe('openPki', () => {
  it('keeps its authority over a restart', async () => {
    const first = await openPki({ dir, clock })
    const second = await openPki({ dir, clock })
    assert.equal(first.ca, second.ca)
  })

  it('writes files that only their owner reads', async () => {
    const pki = await openPki({ dir, clock })
    await pki.server()
    await pki.createJoinToken('h1')
    for (const name of await readdir(dir)) assert.equal((await stat(join(dir, name))).mode & 0o777, 0o600, name)
  })

  it('names loopback and the configured names in the server certificate', async () => {
    const pki = await openPki({ dir, clock, names: ['git.example', '10.0.0.1'] })
    const certificate = new X509Certificate((await pki.server()).cert)
    for (const host of ['localhost', 'git.example']) assert.equal(certificate.checkHost(host), host)
    for (const ip of ['127.0.0.1', '::1', '10.0.0.1']) assert.equal(certificate.checkIP(ip), ip)
    assert.ok(certificate.verify(new X509Certificate(pki.ca).publicKey))
  })

  it('renews the server certificate in the last third of its life and for new names, not before', async () => {
    const pki = await openPki({ dir, clock })
    const first = await pki.server()
    assert.equal((await pki.server()).cert, first.cert)
    now = new Date('2026-12-01T00:00:00Z')
    const second = await pki.server()
    assert.notEqual(second.cert, first.cert)
    const renamed = await (await openPki({ dir, clock, names: ['other'] })).server()
    assert.notEqual(renamed.cert, second.cert)
  })

  it('issues client certificates with the subject it was asked for', async () => {
    const pki = await openPki({ dir, clock })
    const { cert } = await pki.issueClientCertificate({ commonName: 'owner', organization: 'gitvirt:admins' })
    const subject = new X509Certificate(cert).subject.split('\n').toSorted()
    assert.deepEqual(subject, ['CN=owner', 'O=gitvirt:admins'])
    assert.equal(new X509Certificate(cert).ca, false)
  })

  it('turns a join token into a certificate of the node it was made for, once', async () => {
    const pki = await openPki({ dir, clock })
    const token = await pki.createJoinToken('h1')
    const { request } = await createRequest('some-other-node')
    const enrolled = await pki.enroll(token, request)
    assert.equal(enrolled.node, 'h1')
    assert.deepEqual(new X509Certificate(enrolled.cert).subject.split('\n').toSorted(), ['CN=h1', `O=${agentOrganization}`])
    await assert.rejects(pki.enroll(token, request), { code: 'InvalidJoinToken' })
  })

  it('lets only one of two simultaneous uses of a token through', async () => {
    const pki = await openPki({ dir, clock })
    const token = await pki.createJoinToken('h1')
    const { request } = await createRequest('h1')
    const results = await Promise.allSettled([pki.enroll(token, request), pki.enroll(token, request)])
    assert.deepEqual(results.map((result) => result.status).toSorted(), ['fulfilled', 'rejected'])
  })

  it('refuses an expired token, and what is no token', async () => {
    const pki = await openPki({ dir, clock })
    const token = await pki.createJoinToken('h1', { ttlSeconds: 60 })
    now = new Date('2026-01-01T00:01:01Z')
    const { request } = await createRequest('h1')
    await assert.rejects(pki.enroll(token, request), { code: 'InvalidJoinToken' })
    await assert.rejects(pki.enroll('nonsense', request), { code: 'InvalidJoinToken' })
  })

  it('remembers over a restart which nodes ever got a certificate', async () => {
    const pki = await openPki({ dir, clock })
    for (const node of ['h2', 'h1', 'h2']) await pki.enroll(await pki.createJoinToken(node), (await createRequest(node)).request)
    await pki.createJoinToken('h3')
    assert.deepEqual((await openPki({ dir, clock })).agents(), ['h1', 'h2'])
  })

  it('refuses what is no certificate request', async () => {
    const pki = await openPki({ dir, clock })
    await assert.rejects(pki.enroll(await pki.createJoinToken('h1'), 'garbage'), { code: 'InvalidCertificateRequest' })
  })

  it('remembers revocations by serial and by fingerprint over a restart', async () => {
    const pki = await openPki({ dir, clock })
    const [one, two, three] = await Promise.all([1, 2, 3].map((n) => pki.issueClientCertificate({ commonName: `c${n}` })))
    assert.ok(one !== undefined && two !== undefined && three !== undefined)
    let told = 0
    pki.onRevoked(() => (told += 1))
    await pki.revoke({ serial: new X509Certificate(one.cert).serialNumber })
    await pki.revoke({ fingerprint: new X509Certificate(two.cert).fingerprint256 })
    const again = await openPki({ dir, clock })
    const revoked = [one, two, three].map(({ cert }) =>
      again.isRevoked({ serial: new X509Certificate(cert).serialNumber, fingerprint: fingerprintOf(cert) }),
    )
    assert.deepEqual(revoked, [true, true, false])
    assert.equal(told, 2)
  })
})
