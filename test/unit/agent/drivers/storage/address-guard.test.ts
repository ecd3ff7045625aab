import assert from 'node:assert/strict'
import { it } from 'node:test'
import { checkUrl, isAllowedSource, sourceLookup } from '../../../../../agent/drivers/storage/address-guard.ts'
import { isInternalAddress } from '../../../../../reconciler/lib/internal-address.ts'

it('knows internal addresses in every spelling', () => {
  const internal = [
    '127.0.0.1',
    '127.9.9.9',
    '0.0.0.0',
    '10.1.2.3',
    '172.16.0.1',
    '172.31.255.255',
    '192.168.1.1',
    '169.254.169.254',
    '100.64.0.1',
  ]
  const more = [
    '224.0.0.1',
    '255.255.255.255',
    '::',
    '::1',
    'fe80::1',
    'fe80::1%eth0',
    'fd00::1',
    'ff02::1',
    '::ffff:127.0.0.1',
    '::ffff:a00:1',
    '64:ff9b::7f00:1',
    '2002:7f00:1::',
  ]
  for (const address of [...internal, ...more, 'nonsense']) assert.equal(isInternalAddress(address), true, address)
  for (const address of ['1.1.1.1', '172.32.0.1', '2606:4700::1111', '::ffff:1.1.1.1'])
    assert.equal(isInternalAddress(address), false, address)
})

it('reads numeric hosts as the URL standard does', () => {
  for (const url of ['http://2130706433/', 'http://0x7f.1/', 'http://0177.0.0.1/', 'http://[::ffff:127.0.0.1]/', 'http://127.1/']) {
    assert.throws(() => checkUrl(new URL(url), []), { code: 'SourceNotAllowed' }, url)
  }
  for (const url of ['file:///etc/passwd', 'ftp://x/', 'gopher://x/'])
    assert.throws(() => checkUrl(new URL(url), []), { code: 'InvalidUrl' }, url)
})

it('lets through only the listed host, or host and port', () => {
  assert.equal(isAllowedSource(new URL('http://127.0.0.1:81/'), ['127.0.0.1']), true)
  assert.equal(isAllowedSource(new URL('http://127.0.0.1:81/'), ['127.0.0.1:81']), true)
  assert.equal(isAllowedSource(new URL('http://127.0.0.1:82/'), ['127.0.0.1:81']), false)
  assert.equal(isAllowedSource(new URL('https://Images.lan/'), ['images.lan:443']), true)
  assert.equal(isAllowedSource(new URL('http://[::1]:80/'), ['::1']), true)
  assert.equal(isAllowedSource(new URL('http://evil.images.lan/'), ['images.lan']), false)
})

it('refuses a name that resolves to an internal address, at the connection', async () => {
  const look = async (allowed: boolean) =>
    await new Promise<{ error: Error | null; address: unknown }>((resolve) => {
      sourceLookup(allowed)('localhost', { all: true }, (error, address) => resolve({ error, address }))
    })
  assert.equal(((await look(false)).error as { code?: string } | null)?.code, 'SourceNotAllowed')
  assert.equal((await look(true)).error, null)
})
