import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { mkdtemp, readFile, readdir, rm, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { it, type TestContext } from 'node:test'
import { ImageCache } from '../../../../../agent/drivers/storage/cache.ts'
import { imageKey } from '../../../../../reconciler/lib/image-key.ts'
import type { Checksum } from '../../../../../agent/drivers/storage/checksum.ts'
import { atEnd } from '../../../../at-end.ts'

const forever = new AbortController().signal
const url = 'https://images.example/disk.qcow2'

it('never lets a download from an unverified server stand in for one from a verified server', () => {
  const sources = [{ url }, { url, insecureSkipVerify: true }, { url, certConfigMap: 'ca' }, { url, certConfigMap: 'other' }]
  assert.equal(new Set(sources.map((source) => imageKey(source, 'demo'))).size, sources.length)
})

it('keeps the trust of one namespace apart from that of another', () => {
  for (const source of [
    { url, insecureSkipVerify: true },
    { url, certConfigMap: 'ca' },
  ])
    assert.notEqual(imageKey(source, 'demo'), imageKey(source, 'prod'))
})

it('shares a download that everybody would get', () => {
  assert.equal(imageKey({ url }, 'demo'), imageKey({ url, insecureSkipVerify: false }, 'prod'))
})

const checked = { format: 'qcow2', virtualBytes: 4096, allocatedBytes: 512 } as const

/** A cache with a download of these bytes in it. */
async function keptImage(t: TestContext, bytes: string, options: { checksum?: Checksum } = {}) {
  const folder = await mkdtemp(join(tmpdir(), 'image-cache-'))
  atEnd(t, async () => await rm(folder, { recursive: true }))
  const cache = new ImageCache(1000)
  const keep = async (etag: string): Promise<string> => {
    const file = join(folder, 'download.tmp')
    await writeFile(file, bytes)
    const kept = await cache.keep(folder, 'key', { file, bytes: bytes.length, validators: { etag }, checksum: options.checksum })
    assert.ok(kept)
    return kept
  }
  const file = await keep('"1"')
  const noteAnotherBoot = async (boot?: string): Promise<void> => {
    const note = JSON.parse(await readFile(`${file}.json`, 'utf8')) as object
    await writeFile(`${file}.json`, JSON.stringify({ ...note, boot }))
  }
  return { folder, cache, file, keep, noteAnotherBoot, find: async () => await cache.find(folder, 'key', forever) }
}

function checksumOf(bytes: string): Checksum {
  return { algorithm: 'sha256', hex: createHash('sha256').update(bytes).digest('hex') }
}

it('remembers the checks of a kept download until another one takes its place', async (t) => {
  const { cache, file, keep, find } = await keptImage(t, 'image')
  assert.equal((await find())?.checked, undefined)
  await cache.noteChecked(file, checked)
  assert.deepEqual(await find(), { file, validators: { etag: '"1"' }, checksum: undefined, checked })
  await keep('"2"')
  assert.equal((await find())?.checked, undefined)
})

it('lists what it keeps, most recently used first and no more than asked for', async (t) => {
  const { folder, cache, file, noteAnotherBoot } = await keptImage(t, 'image')
  const other = join(folder, 'other.tmp')
  await writeFile(other, 'longer image')
  await cache.keep(folder, 'other', { file: other, bytes: 12, validators: { etag: '"2"' }, checksum: undefined })
  await utimes(file, 0, 0)
  const all = [
    { key: 'other', bytes: 12 },
    { key: 'key', bytes: 5 },
  ]
  assert.deepEqual(await cache.list(folder, 10), all)
  assert.deepEqual(await cache.list(folder, 1), all.slice(0, 1))
  await noteAnotherBoot('an earlier one')
  assert.deepEqual(await cache.list(folder, 10), all.slice(0, 1))
  await writeFile(join(folder, 'other'), 'cut')
  assert.deepEqual(await cache.list(folder, 10), [])
  assert.deepEqual(await cache.list(join(folder, 'nowhere'), 10), [])
})

for (const boot of ['an earlier one', undefined]) {
  const which = boot === undefined ? 'that does not tell its boot' : 'of another boot'
  it(`takes a download ${which} whose bytes still have its checksum, with what is known of it`, async (t) => {
    const checksum = checksumOf('image')
    const { cache, file, noteAnotherBoot, find } = await keptImage(t, 'image', { checksum })
    await cache.noteChecked(file, checked)
    await noteAnotherBoot(boot)
    const found = { file, validators: { etag: '"1"' }, checksum: `sha256:${checksum.hex}`, checked }
    assert.deepEqual([await find(), await find()], [found, found])
  })

  it(`drops a download ${which} whose bytes differ at full length`, async (t) => {
    const { folder, file, noteAnotherBoot, find } = await keptImage(t, 'image', { checksum: checksumOf('image') })
    await writeFile(file, 'im\0ge')
    await noteAnotherBoot(boot)
    assert.deepEqual([await find(), await readdir(folder)], [undefined, []])
  })

  it(`drops a download ${which} that has no checksum to compare`, async (t) => {
    const { folder, noteAnotherBoot, find } = await keptImage(t, 'image')
    await noteAnotherBoot(boot)
    assert.deepEqual([await find(), await readdir(folder)], [undefined, []])
  })
}

it('keeps a download of another boot when the import is stopped while its bytes are compared', async (t) => {
  const { folder, cache, file, noteAnotherBoot, find } = await keptImage(t, 'image', { checksum: checksumOf('image') })
  await noteAnotherBoot('an earlier one')
  await assert.rejects(cache.find(folder, 'key', AbortSignal.abort()), { name: 'AbortError' })
  assert.equal((await find())?.file, file)
})

it('takes no checked image for what was cut or removed meanwhile', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'image-cache-'))
  atEnd(t, async () => await rm(folder, { recursive: true }))
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
  assert.equal(await cache.find(folder, 'key', forever), undefined)
  await cache.drop(folder, 'key')
  await cache.noteChecked(file, { format: 'raw', virtualBytes: 512, allocatedBytes: 0 })
  assert.equal(await cache.find(folder, 'key', forever), undefined)
})
