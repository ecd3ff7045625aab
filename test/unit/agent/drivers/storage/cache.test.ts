import assert from 'node:assert/strict'
import { it } from 'node:test'
import { cacheKey } from '../../../../../agent/drivers/storage/cache.ts'

const url = 'https://images.example/disk.qcow2'

it('never lets a download from an unverified server stand in for one from a verified server', () => {
  const sources = [{ url }, { url, insecureSkipVerify: true }, { url, certConfigMap: 'ca' }, { url, certConfigMap: 'other' }]
  assert.equal(new Set(sources.map((source) => cacheKey(source, 'demo'))).size, sources.length)
})

it('keeps the trust of one namespace apart from that of another', () => {
  for (const source of [
    { url, insecureSkipVerify: true },
    { url, certConfigMap: 'ca' },
  ])
    assert.notEqual(cacheKey(source, 'demo'), cacheKey(source, 'prod'))
})

it('shares a download that everybody would get', () => {
  assert.equal(cacheKey({ url }, 'demo'), cacheKey({ url, insecureSkipVerify: false }, 'prod'))
})
