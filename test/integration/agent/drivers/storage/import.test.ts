import assert from 'node:assert/strict'
import { execFileSync, spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdirSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { gzipSync, zstdCompressSync } from 'node:zlib'
import { atEnd } from '../../../../at-end.ts'
import { filesIn, forever, makeImage, makeWorld, mebibyte, noData, one, sameContent, until } from './world.ts'

const md = (algorithm: string, path: string): string => `${algorithm}:${createHash(algorithm).update(readFileSync(path)).digest('hex')}`

describe('import', () => {
  for (const format of ['raw', 'qcow2', 'vmdk', 'vpc', 'vhdx', 'vdi']) {
    it(`brings a ${format} image into the pool's format, grown to the volume's size`, async (t) => {
      const world = await makeWorld(t)
      const source = join(world.images, 'disk.img')
      makeImage(source, format)
      const volume = world.httpVolume('root', 'disk.img', { checksum: md('sha256', source) })
      const driver = await world.open()
      await driver.ensure(volume, noData, forever)
      const file = await driver.file(volume.key)
      assert.deepEqual([file?.format, file?.virtualBytes], ['qcow2', 8 * mebibyte])
      assert.ok(sameContent({ path: source, format }, { path: file?.path ?? '', format: 'qcow2' }))
      const observed = await one(driver, volume)
      assert.deepEqual([observed.phase, observed.progress, observed.applied, observed.problem], ['Succeeded', 100, volume, undefined])
      assert.deepEqual(filesIn(join(world.pool, '.gitvirt', 'partial')), [])
    })
  }

  for (const wrapper of ['gz', 'zst', 'xz']) {
    it(`unpacks ${wrapper}, whatever the name says`, async (t) => {
      const world = await makeWorld(t)
      const source = join(world.images, 'source')
      makeImage(source, 'qcow2')
      const bytes = readFileSync(source)
      const packed = {
        gz: () => gzipSync(bytes),
        zst: () => zstdCompressSync(bytes),
        xz: () => execFileSync('xz', ['-c', source], { maxBuffer: 2 ** 26 }),
      }
      writeFileSync(join(world.images, 'disk.iso'), packed[wrapper as 'gz']())
      const volume = world.httpVolume('root', 'disk.iso', { pool: { name: 'test', type: 'dir', path: world.pool, format: 'raw' } })
      const driver = await world.open()
      await driver.ensure(volume, noData, forever)
      const file = await driver.file(volume.key)
      assert.ok(sameContent({ path: source, format: 'qcow2' }, { path: file?.path ?? '', format: 'raw' }))
      assert.ok(statSync(file?.path ?? '').blocks * 512 < 4 * mebibyte, 'the image is sparse')
    })
  }

  it('goes on where a dropped transfer ended, without fetching the first bytes again', async (t) => {
    const world = await makeWorld(t)
    const source = join(world.images, 'disk.img')
    makeImage(source, 'raw')
    world.server.fault('/disk.img', { kind: 'drop', afterBytes: 3 * mebibyte, times: 1 })
    const volume = world.httpVolume('root', 'disk.img', { checksum: md('md5', source) })
    const driver = await world.open({ random: () => 0 })
    await driver.ensure(volume, noData, forever)
    assert.equal(world.server.requests.length, 2)
    assert.match(world.server.requests[1]?.headers.range ?? '', /^bytes=[1-9]\d*-$/)
    const observed = await one(driver, volume)
    assert.deepEqual([observed.phase, observed.restarts], ['Succeeded', 1])
    assert.ok(sameContent({ path: source, format: 'raw' }, { path: observed.path ?? '', format: 'qcow2' }))
  })

  it('starts anew where the image changed between two tries', async (t) => {
    const world = await makeWorld(t)
    const source = join(world.images, 'disk.img')
    makeImage(source, 'raw')
    world.server.fault('/disk.img', { kind: 'drop', afterBytes: mebibyte, times: 1 })
    const volume = world.httpVolume('root', 'disk.img')
    const driver = await world.open({ random: () => 0 })
    const done = driver.ensure(volume, noData, forever)
    await until(driver, volume, (observed) => observed.problem !== undefined)
    makeImage(source, 'raw', 5 * mebibyte)
    await done
    const { path = '' } = await one(driver, volume)
    assert.ok(sameContent({ path: source, format: 'raw' }, { path, format: 'qcow2' }))
  })

  it('retries 404 with a clear problem until the image is there', async (t) => {
    const world = await makeWorld(t)
    const volume = world.httpVolume('root', 'late.img')
    const driver = await world.open({ random: () => 0 })
    const done = driver.ensure(volume, noData, forever)
    const waiting = await until(driver, volume, (observed) => observed.problem !== undefined)
    assert.equal(waiting.phase, 'ImportInProgress')
    assert.equal(waiting.problem?.reason, 'ImageNotFound')
    assert.match(waiting.problem?.message ?? '', /late\.img answered with HTTP 404/)
    assert.ok(waiting.nextTryAt !== undefined)
    assert.equal(await driver.file(volume.key), undefined)
    makeImage(join(world.images, 'late.img'), 'qcow2')
    await done
    assert.equal((await one(driver, volume)).phase, 'Succeeded')
  })

  it('gives up a transfer without bytes and tries again', async (t) => {
    const world = await makeWorld(t)
    makeImage(join(world.images, 'disk.img'), 'raw')
    world.server.fault('/disk.img', { kind: 'stall', afterBytes: mebibyte, times: 1 })
    const volume = world.httpVolume('root', 'disk.img')
    const driver = await world.open({ random: () => 0, idle: 300 })
    await driver.ensure(volume, noData, forever)
    assert.equal((await one(driver, volume)).restarts, 1)
  })

  it('downloads once for two volumes of one image, and asks the server whether it still holds', async (t) => {
    const world = await makeWorld(t)
    makeImage(join(world.images, 'disk.img'), 'raw')
    const driver = await world.open()
    const [a, b, c] = ['a', 'b', 'c'].map((name) => world.httpVolume(name, 'disk.img'))
    if (a === undefined || b === undefined || c === undefined) return
    await Promise.all([driver.ensure(a, noData, forever), driver.ensure(b, noData, forever)])
    assert.equal(world.server.requests.filter(({ headers }) => headers['if-none-match'] === undefined).length, 1)
    assert.equal(world.server.requests.length, 2)
    makeImage(join(world.images, 'disk.img'), 'raw', 6 * mebibyte)
    await driver.ensure(c, noData, forever)
    const { path = '' } = await one(driver, c)
    assert.ok(sameContent({ path: join(world.images, 'disk.img'), format: 'raw' }, { path, format: 'qcow2' }))
  })

  for (const harm of ['zeros in its middle', 'none'] as const) {
    it(`after a reboot takes a kept raw image only with its checksum: harm ${harm}`, async (t) => {
      const world = await makeWorld(t)
      const source = join(world.images, 'disk.img')
      makeImage(source, 'raw')
      const checksum = md('sha256', source)
      const [a, b] = [world.httpVolume('a', 'disk.img', { checksum }), world.httpVolume('b', 'disk.img', { checksum })]
      const driver = await world.open()
      await driver.ensure(a, noData, forever)
      const cache = join(world.pool, '.gitvirt', 'cache')
      const [kept = ''] = filesIn(cache).filter((name) => !name.endsWith('.json'))
      if (harm !== 'none') {
        const bytes = readFileSync(join(cache, kept))
        writeFileSync(join(cache, kept), bytes.fill(0, 65_536, 131_072))
      }
      const note = JSON.parse(readFileSync(join(cache, `${kept}.json`), 'utf8')) as object
      writeFileSync(join(cache, `${kept}.json`), JSON.stringify({ ...note, boot: 'an earlier one' }))
      await driver.ensure(b, noData, forever)
      const { path = '' } = await one(driver, b)
      assert.ok(sameContent({ path: source, format: 'raw' }, { path, format: 'qcow2' }))
      assert.equal(world.server.requests.length, harm === 'none' ? 1 : 2)
    })
  }

  it('sends credentials from the secret to the source, and not to where it redirects', async (t) => {
    const world = await makeWorld(t, { basic: 'user:pass' })
    const other = await makeWorld(t)
    makeImage(join(world.images, 'disk.img'), 'raw')
    makeImage(join(other.images, 'disk.img'), 'raw')
    const base = world.httpVolume('root', 'disk.img')
    const http = { url: `${world.server.url}/disk.img`, secretRef: 'access', extraHeaders: ['X-Extra: 1'] }
    const volume = { ...base, spec: { source: { http } } }
    const encode = (text: string): string => Buffer.from(text).toString('base64')
    const data = { secrets: { 'Secret/demo/access': { accessKeyId: encode('user'), secretKey: encode('pass') } }, configMaps: {} }
    const driver = await world.open()
    await driver.ensure(volume, data, forever)
    assert.equal((await one(driver, volume)).phase, 'Succeeded')
    world.server.fault('/disk.img', { kind: 'redirect', to: `${other.server.url}/disk.img` })
    const second = {
      ...volume,
      name: 'second',
      key: 'DataVolume/demo/second',
      spec: { source: { http: { ...http, url: `${http.url}?2` } } },
    }
    await driver.ensure(second, data, forever)
    assert.deepEqual(
      [other.server.requests[0]?.headers.authorization, other.server.requests[0]?.headers['x-extra']],
      [undefined, undefined],
    )
    const records = filesIn(join(world.dir, 'state')).map((name) => readFileSync(join(world.dir, 'state', name), 'utf8'))
    assert.ok(records.every((text) => !text.includes('pass') && !text.includes(encode('user:pass'))))
  })
})

describe('many imports', () => {
  it('goes on beside dead sources that wait for their next try', { timeout: 60_000 }, async (t) => {
    const world = await makeWorld(t)
    makeImage(join(world.images, 'disk.img'), 'qcow2')
    const driver = await world.open({ imports: 1 })
    const dead = ['a', 'b', 'c'].map((name) => world.httpVolume(name, `${name}.img`))
    const given = new AbortController()
    const ends = dead.map(async (volume) => await driver.ensure(volume, noData, given.signal))
    const ended = Promise.allSettled(ends)
    for (const volume of dead) await until(driver, volume, (observed) => observed.problem !== undefined)
    const volume = world.httpVolume('root', 'disk.img')
    await driver.ensure(volume, noData, forever)
    assert.equal((await one(driver, volume)).phase, 'Succeeded')
    given.abort()
    assert.ok((await ended).every(({ status }) => status === 'rejected'))
  })

  it('lets no more import than there are places, and blank disks at once', async (t) => {
    const world = await makeWorld(t)
    for (const name of ['a.img', 'b.img']) makeImage(join(world.images, name), 'raw')
    world.server.fault('/a.img', { kind: 'stall', afterBytes: mebibyte })
    const driver = await world.open({ imports: 1 })
    const [a, b] = [world.httpVolume('a', 'a.img'), world.httpVolume('b', 'b.img')]
    const stop = new AbortController()
    const stalled = assert.rejects(driver.ensure(a, noData, stop.signal), { code: 'Aborted' })
    await until(driver, a, () => world.server.requests.length > 0)
    const waiting = driver.ensure(b, noData, forever)
    await until(driver, b, ({ phase }) => phase === 'ImportInProgress')
    await driver.ensure(world.volume('blank'), noData, forever)
    assert.deepEqual(
      world.server.requests.map(({ path }) => path),
      ['/a.img'],
    )
    stop.abort()
    await stalled
    await waiting
    assert.equal((await one(driver, b)).phase, 'Succeeded')
  })
})

describe('refusal', () => {
  const refused = async (t: Parameters<typeof makeWorld>[0], prepare: (images: string) => void, change: { checksum?: string } = {}) => {
    const world = await makeWorld(t)
    prepare(world.images)
    const volume = world.httpVolume('root', 'disk.img', change)
    const driver = await world.open()
    const error = await driver.ensure(volume, noData, forever).then(
      () => undefined,
      (cause: unknown) => cause as { code: string; terminal: boolean },
    )
    const observed = await one(driver, volume)
    assert.equal(observed.phase, 'Failed')
    assert.equal(observed.problem?.fatal, true)
    assert.equal(observed.problem?.reason, error?.code)
    assert.deepEqual(observed.applied, volume)
    assert.equal(await driver.file(volume.key), undefined)
    assert.deepEqual(filesIn(world.pool), [])
    assert.equal(world.server.requests.length, 1)
    return error?.code
  }

  it('refuses a wrong checksum, once, and leaves nothing', async (t) => {
    assert.equal(
      await refused(t, (dir) => makeImage(join(dir, 'disk.img'), 'raw'), { checksum: `sha256:${'0'.repeat(64)}` }),
      'ChecksumMismatch',
    )
  })

  it('refuses a qcow2 with a backing file', async (t) => {
    const code = await refused(t, (dir) => {
      execFileSync('qemu-img', ['create', '-q', '-f', 'qcow2', '-b', '/etc/passwd', '-F', 'raw', join(dir, 'disk.img'), '4M'])
    })
    assert.equal(code, 'UnsafeImage')
  })

  it('refuses an image that was cut short before it was published', async (t) => {
    const code = await refused(t, (dir) => {
      const file = join(dir, 'disk.img')
      makeImage(file, 'qcow2')
      truncateSync(file, Math.floor(statSync(file).size / 2 / 65_536) * 65_536)
    })
    assert.equal(code, 'CorruptImage')
  })

  it('refuses a qcow2 with an external data file', async (t) => {
    const code = await refused(t, (dir) => {
      execFileSync('qemu-img', ['create', '-q', '-f', 'qcow2', '-o', `data_file=${join(dir, 'data')}`, join(dir, 'disk.img'), '4M'])
    })
    assert.equal(code, 'UnsafeImage')
  })

  it('refuses a VMDK that is a descriptor of other files', async (t) => {
    const text = '# Disk DescriptorFile\nversion=1\nCID=1\nparentCID=ffffffff\ncreateType="monolithicFlat"\nRW 8 FLAT "/etc/passwd" 0\n'
    assert.equal(await refused(t, (dir) => writeFileSync(join(dir, 'disk.img'), text)), 'UnsafeImage')
  })

  it('refuses an image larger than the volume', async (t) => {
    assert.equal(await refused(t, (dir) => makeImage(join(dir, 'disk.img'), 'qcow2', 16 * mebibyte)), 'ImageTooLarge')
  })

  it('refuses a decompression bomb before it fills the disk', async (t) => {
    const code = await refused(t, (dir) => writeFileSync(join(dir, 'disk.img'), gzipSync(Buffer.alloc(200 * mebibyte))))
    assert.equal(code, 'ImageTooLarge')
  })

  for (const [name, packed] of [
    ['gz', gzipSync(Buffer.alloc(100_000, 'x')).subarray(0, -20)],
    ['xz', Buffer.from('fd377a585a000000ff', 'hex')],
  ] as const) {
    it(`refuses a damaged ${name} wrapper`, async (t) => {
      assert.equal(await refused(t, (dir) => writeFileSync(join(dir, 'disk.img'), packed)), 'CorruptImage')
    })
  }

  it('refuses a source on an internal address that is not allowed, also behind a redirect', async (t) => {
    const world = await makeWorld(t)
    const inner = await makeWorld(t)
    makeImage(join(inner.images, 'disk.img'), 'raw')
    const driver = await world.open()
    for (const url of [
      `${inner.server.url}/disk.img`,
      inner.server.url.replace('127.0.0.1', 'localhost'),
      'http://169.254.169.254/x',
      'http://[::1]/x',
    ]) {
      const volume = world.volume('root', { allowedSources: [], spec: { source: { http: { url } } } })
      await assert.rejects(driver.ensure(volume, noData, forever), { code: 'SourceNotAllowed' }, url)
    }
    world.server.fault('/disk.img', { kind: 'redirect', to: `${inner.server.url}/disk.img` })
    const allowed = [world.server.url.replace('http://', '')]
    const hop = world.httpVolume('hop', 'disk.img', { allowedSources: allowed })
    await assert.rejects(driver.ensure(hop, noData, forever), { code: 'SourceNotAllowed' })
    assert.equal(inner.server.requests.length, 0)
  })

  it('names a source that this host cannot serve', async (t) => {
    const world = await makeWorld(t)
    const driver = await world.open()
    const volume = world.volume('root', { spec: { source: { registry: { url: 'docker://x' } } } })
    await assert.rejects(driver.ensure(volume, noData, forever), { code: 'UnsupportedSource', message: /registry/ })
    assert.equal((await one(driver, volume)).phase, 'Failed')
  })

  it('never overwrites a file of its name that it has no record of', async (t) => {
    const world = await makeWorld(t)
    mkdirSync(world.pool)
    writeFileSync(join(world.pool, 'gitvirt_demo_root.qcow2'), 'somebody')
    const driver = await world.open()
    await assert.rejects(driver.ensure(world.volume('root'), noData, forever), { code: 'VolumeExists' })
    assert.equal(readFileSync(join(world.pool, 'gitvirt_demo_root.qcow2'), 'utf8'), 'somebody')
  })
})

describe('a full disk', () => {
  it('tells ErrNoSpace, leaves nothing, and succeeds when there is room', async (t) => {
    const world = await makeWorld(t)
    mkdirSync(world.pool)
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=6m', 'tmpfs', world.pool])
    world.cleanup.defer(() => void execFileSync('umount', ['--lazy', world.pool]))
    const source = join(world.images, 'disk.img')
    makeImage(source, 'raw', 4 * mebibyte)
    execFileSync('dd', ['if=/dev/urandom', `of=${source}`, 'bs=1M', 'count=4', 'conv=notrunc', 'status=none'])
    const volume = world.httpVolume('root', 'disk.img')
    const driver = await world.open({ random: () => 0 })
    const done = driver.ensure(volume, noData, forever)
    const full = await until(driver, volume, (observed) => observed.problem !== undefined)
    assert.equal(full.problem?.reason, 'ErrNoSpace')
    assert.deepEqual(filesIn(world.pool), [])
    execFileSync('mount', ['-o', 'remount,size=40m', world.pool])
    await done
    assert.equal((await one(driver, volume)).phase, 'Succeeded')
  })

  it('tells ErrNoSpace too where the image only fills the disk when it is unpacked', async (t) => {
    const world = await makeWorld(t)
    mkdirSync(world.pool)
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=2m', 'tmpfs', world.pool])
    world.cleanup.defer(() => void execFileSync('umount', ['--lazy', world.pool]))
    writeFileSync(join(world.images, 'disk.gz'), gzipSync(Buffer.alloc(4 * mebibyte, 'x')))
    const volume = world.httpVolume('root', 'disk.gz')
    const driver = await world.open({ random: () => 0 })
    const done = driver.ensure(volume, noData, forever)
    const full = await until(driver, volume, (observed) => observed.problem !== undefined)
    assert.equal(full.problem?.reason, 'ErrNoSpace')
    execFileSync('mount', ['-o', 'remount,size=40m', world.pool])
    await done
    const { path = '' } = await one(driver, volume)
    writeFileSync(join(world.images, 'disk.raw'), Buffer.alloc(4 * mebibyte, 'x'))
    assert.ok(sameContent({ path: join(world.images, 'disk.raw'), format: 'raw' }, { path, format: 'qcow2' }))
  })
})

describe('a crash', () => {
  it('is survived: kill -9 during the download, then a new driver resumes and finishes', async (t) => {
    const world = await makeWorld(t)
    const source = join(world.images, 'disk.img')
    makeImage(source, 'raw')
    truncateSync(source, 8 * mebibyte)
    world.server.fault('/disk.img', { kind: 'stall', afterBytes: 5 * mebibyte, times: 1 })
    const volume = world.httpVolume('root', 'disk.img', { checksum: md('sha1', source) })
    const child = spawn(process.execPath, [join(import.meta.dirname, 'import-child.ts'), world.dir, JSON.stringify(volume)], {
      stdio: 'inherit',
    })
    atEnd(t, () => child.kill('SIGKILL'))
    const partial = join(world.pool, '.gitvirt', 'partial', 'gitvirt_demo_root.part')
    while ((statSync(partial, { throwIfNoEntry: false })?.size ?? 0) < 4 * mebibyte) await new Promise((resolve) => setTimeout(resolve, 20))
    child.kill('SIGKILL')
    await new Promise((resolve) => child.once('exit', resolve))
    const driver = await world.open()
    const after = await one(driver, volume)
    assert.deepEqual([after.phase, after.applied, await driver.file(volume.key)], ['ImportInProgress', undefined, undefined])
    await driver.ensure(volume, noData, forever)
    assert.match(world.server.requests.at(-1)?.headers.range ?? '', /^bytes=/)
    const { path = '' } = await one(driver, volume)
    assert.ok(sameContent({ path: source, format: 'raw' }, { path, format: 'qcow2' }))
  })

  for (const [boot, verified] of [
    ['this', false],
    ['this', true],
    ['an earlier', false],
    ['an earlier', true],
  ] as const) {
    it(`${boot === 'this' ? 'resumes a download of this boot' : 'starts a download of an earlier boot anew'} ${verified ? 'with' : 'without'} a checksum`, async (t) => {
      const world = await makeWorld(t)
      const source = join(world.images, 'disk.img')
      makeImage(source, 'raw')
      world.server.fault('/disk.img', { kind: 'stall', afterBytes: 3 * mebibyte, times: 1 })
      const volume = world.httpVolume('root', 'disk.img', verified ? { checksum: md('sha256', source) } : {})
      const first = await world.open()
      const stop = new AbortController()
      const stopped = assert.rejects(first.ensure(volume, noData, stop.signal), { code: 'Aborted' })
      const partial = join(world.pool, '.gitvirt', 'partial', 'gitvirt_demo_root.part')
      while ((statSync(partial, { throwIfNoEntry: false })?.size ?? 0) < 2 * mebibyte)
        await new Promise((resolve) => setTimeout(resolve, 20))
      stop.abort()
      await stopped
      if (boot !== 'this') {
        const note = JSON.parse(readFileSync(`${partial}.json`, 'utf8')) as object
        writeFileSync(`${partial}.json`, JSON.stringify({ ...note, boot }))
        writeFileSync(partial, readFileSync(partial).fill(0, 65_536, 131_072))
      }
      const second = await world.open()
      await second.ensure(volume, noData, forever)
      assert.equal(world.server.requests.at(-1)?.headers.range !== undefined, boot === 'this')
      const { path = '' } = await one(second, volume)
      assert.ok(sameContent({ path: source, format: 'raw' }, { path, format: 'qcow2' }))
    })
  }

  it('goes on with a download whose disk gets other labels, annotations or another owner', async (t) => {
    const world = await makeWorld(t)
    const source = join(world.images, 'disk.img')
    makeImage(source, 'raw')
    world.server.fault('/disk.img', { kind: 'stall', afterBytes: 3 * mebibyte, times: 1 })
    const volume = world.httpVolume('root', 'disk.img', { checksum: md('sha256', source) })
    const driver = await world.open()
    const stopped = assert.rejects(driver.ensure(volume, noData, forever), { code: 'Aborted' })
    const partial = join(world.pool, '.gitvirt', 'partial', 'gitvirt_demo_root.part')
    while ((statSync(partial, { throwIfNoEntry: false })?.size ?? 0) < 2 * mebibyte) await new Promise((resolve) => setTimeout(resolve, 20))
    const described = { ...volume, labels: { tier: 'prod' }, annotations: { note: 'x' }, ownerKey: 'VirtualMachine/demo/vm' }
    await driver.ensure(described, noData, forever)
    await stopped
    assert.match(world.server.requests.at(-1)?.headers.range ?? '', /^bytes=[1-9]\d*-$/)
    const { path = '', applied } = await one(driver, volume)
    assert.deepEqual(applied, described)
    assert.ok(sameContent({ path: source, format: 'raw' }, { path, format: 'qcow2' }))
  })

  it('leaves no partial file that nobody will finish', async (t) => {
    const world = await makeWorld(t)
    const first = await world.open()
    await first.ensure(world.volume('other'), noData, forever)
    await first.close()
    writeFileSync(join(world.pool, '.gitvirt', 'partial', 'gitvirt_demo_gone.part'), 'half')
    writeFileSync(join(world.pool, '.gitvirt', 'partial', 'gitvirt_demo_other.making'), 'half')
    await world.open()
    assert.deepEqual(filesIn(join(world.pool, '.gitvirt', 'partial')), [])
  })
})
