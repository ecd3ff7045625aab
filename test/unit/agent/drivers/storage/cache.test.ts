import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { it } from 'node:test'
import { cacheKey, ImageCache } from '../../../../../agent/drivers/storage/cache.ts'

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

it('remembers the checks of a kept download until another one takes its place or the host reboots', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'image-cache-'))
  t.after(async () => await rm(folder, { recursive: true }))
  const cache = new ImageCache(1000)
  const keep = async (etag: string): Promise<string> => {
    const file = join(folder, 'download.tmp')
    await writeFile(file, 'image')
    const kept = await cache.keep(folder, 'key', { file, bytes: 5, validators: { etag }, checksum: undefined })
    assert.ok(kept)
    return kept
  }
  const checked = { format: 'qcow2', virtualBytes: 4096, allocatedBytes: 512 } as const
  const file = await keep('"1"')
  assert.equal((await cache.find(folder, 'key'))?.checked, undefined)
  await cache.noteChecked(file, checked)
  assert.deepEqual(await cache.find(folder, 'key'), { file, validators: { etag: '"1"' }, checksum: undefined, checked })
  const note = JSON.parse(await readFile(`${file}.json`, 'utf8')) as object
  await writeFile(`${file}.json`, JSON.stringify({ ...note, boot: 'an earlier one' }))
  assert.equal((await cache.find(folder, 'key'))?.checked, undefined)
  await cache.noteChecked(file, checked)
  await keep('"2"')
  assert.equal((await cache.find(folder, 'key'))?.checked, undefined)
})

it('takes no checked image for what was cut or removed meanwhile', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'image-cache-'))
  t.after(async () => await rm(folder, { recursive: true }))
  const cache = new ImageCache(1000)
  await writeFile(join(folder, 'download.tmp'), 'image')
  const file = await cache.keep(folder, 'key', {
    file: join(folder, 'download.tmp'),
    bytes: 5,
    validators: { etag: '"1"' },
    checksum: undefined,
  })
  assert.ok(file)
  await cache.noteChecked(file, { format: 'raw', virtualBytes: 512, allocatedBytes: 0 })
  await writeFile(file, 'imag')
  assert.equal(await cache.find(folder, 'key'), undefined)
  await cache.drop(folder, 'key')
  await cache.noteChecked(file, { format: 'raw', virtualBytes: 512, allocatedBytes: 0 })
  assert.equal(await cache.find(folder, 'key'), undefined)
})
