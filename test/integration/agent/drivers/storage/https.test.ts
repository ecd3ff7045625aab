import assert from 'node:assert/strict'
import { join } from 'node:path'
import { it, type TestContext } from 'node:test'
import { systemClock } from '../../../../../reconciler/lib/clock.ts'
import { createAuthority, issueWithNewKey, loadAuthority, type KeyedCertificate } from '../../../../../reconciler/lib/pki-x509.ts'
import type { InputData } from '../../../../../agent/drivers/types.ts'
import type { VolumeSpec } from '../../../../../schemas/generated/plan.ts'
import { forever, makeImage, makeWorld, noData, one, sameContent, until, type World } from './world.ts'

type Site = { readonly world: World; readonly authority: string; readonly volume: VolumeSpec }

const now = systemClock.now()

async function issueServer(keyed: KeyedCertificate, names: readonly string[]): Promise<KeyedCertificate> {
  const authority = await loadAuthority(keyed)
  return await issueWithNewKey({ authority, subject: { commonName: 'images' }, now, days: 1, names })
}

/** An https image server with an authority of its own, and a volume that trusts what ConfigMap `ca` holds. */
async function makeSite(t: TestContext, names: readonly string[] = ['127.0.0.1']): Promise<Site> {
  const keyed = await createAuthority('images', now, 1)
  const world = await makeWorld(t, { tls: await issueServer(keyed, names) })
  makeImage(join(world.images, 'disk.img'), 'qcow2')
  const http = { url: `${world.server.url}/disk.img`, certConfigMap: 'ca' }
  return { world, authority: keyed.cert, volume: world.volume('root', { spec: { source: { http } } }) }
}

function configMap(entries: Readonly<Record<string, string>>): InputData {
  const encoded = Object.fromEntries(Object.entries(entries).map(([key, text]) => [key, Buffer.from(text).toString('base64')]))
  return { secrets: {}, configMaps: { 'ConfigMap/demo/ca': encoded } }
}

/** The problem that an import tells while it goes on trying; it is stopped then. */
async function problemOf({ world, volume }: Site, data: InputData): Promise<{ readonly reason: string; readonly message: string }> {
  const driver = await world.open()
  const stop = new AbortController()
  const stopped = assert.rejects(driver.ensure(volume, data, stop.signal), { code: 'Aborted' })
  const { phase, problem } = await until(driver, volume, (observed) => observed.problem !== undefined)
  stop.abort()
  await stopped
  assert.equal(phase, 'ImportInProgress')
  assert.deepEqual(world.server.requests, [], 'nothing was asked of a server that is not trusted')
  return { reason: problem?.reason ?? '', message: problem?.message ?? '' }
}

it('imports from a server whose authority stands in certConfigMap', async (t) => {
  const { world, authority, volume } = await makeSite(t)
  const other = await createAuthority('other', now, 1)
  const driver = await world.open()
  await driver.ensure(volume, configMap({ 'other.pem': other.cert, 'ca.pem': authority }), forever)
  const { path = '', phase } = await one(driver, volume)
  assert.equal(phase, 'Succeeded')
  assert.ok(sameContent({ path: join(world.images, 'disk.img'), format: 'qcow2' }, { path, format: 'qcow2' }))
})

it('does not trust a server of another authority, and says so', async (t) => {
  const site = await makeSite(t)
  const other = await createAuthority('images', now, 1)
  const { reason, message } = await problemOf(site, configMap({ 'ca.pem': other.cert }))
  assert.equal(reason, 'CertificateNotTrusted')
  assert.match(message, /certificate of https:\/\/127\.0\.0\.1:\d+\/disk\.img's server is not trusted: .+certConfigMap/)
})

it('does not trust a server whose certificate is for another name', async (t) => {
  const site = await makeSite(t, ['images.example'])
  const { reason, message } = await problemOf(site, configMap({ 'ca.pem': site.authority }))
  assert.equal(reason, 'CertificateNotTrusted')
  assert.match(message, /ERR_TLS_CERT_ALTNAME_INVALID/)
})

it('does not trust a server of an unknown authority where the source names no certConfigMap', async (t) => {
  const site = await makeSite(t)
  const volume = site.world.httpVolume('root', 'disk.img')
  assert.equal((await problemOf({ ...site, volume }, noData)).reason, 'CertificateNotTrusted')
})

it('fails for good where the ConfigMap is not there', async (t) => {
  const { world, volume } = await makeSite(t)
  const driver = await world.open()
  await assert.rejects(driver.ensure(volume, noData, forever), { code: 'ConfigMapNotFound', message: /ConfigMap ca/ })
  const { phase, problem } = await one(driver, volume)
  assert.deepEqual([phase, problem?.reason], ['Failed', 'ConfigMapNotFound'])
})

it('tells a ConfigMap without a certificate by its name', async (t) => {
  const { world, volume } = await makeSite(t)
  const driver = await world.open()
  await assert.rejects(driver.ensure(volume, configMap({ 'ca.pem': 'no certificate' }), forever), {
    code: 'InvalidCertificate',
    message: /ConfigMap ca/,
  })
})

it('does not verify the server where insecureSkipVerify says so', async (t) => {
  const { world, volume } = await makeSite(t)
  const http = { url: `${world.server.url}/disk.img`, insecureSkipVerify: true }
  const driver = await world.open()
  await driver.ensure({ ...volume, spec: { source: { http } } }, noData, forever)
  assert.equal((await one(driver, volume)).phase, 'Succeeded')
})
