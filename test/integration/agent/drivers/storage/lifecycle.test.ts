import assert from 'node:assert/strict'
import { execFileSync, spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { it } from 'node:test'
import { until } from '../../../../../lab/wait.ts'
import { atEnd } from '../../../../at-end.ts'
import { filesIn, forever, makeWorld, mebibyte, noData, one } from './world.ts'

const later = '2999-01-01T00:00:00.000Z'
const past = '2001-01-01T00:00:00.000Z'

it('makes a blank image once, and only records a later spec', async (t) => {
  const world = await makeWorld(t)
  const volume = world.volume('data')
  const driver = await world.open()
  await driver.ensure(volume, noData, forever)
  const { path = '' } = (await driver.file(volume.key)) ?? {}
  execFileSync('qemu-io', ['-f', 'qcow2', '-c', 'write -P 7 0 64k', path])
  await driver.ensure(volume, noData, forever)
  await driver.ensure({ ...volume, annotations: { note: 'x' } }, noData, forever)
  assert.match(execFileSync('qemu-io', ['-f', 'qcow2', '-c', 'read -P 7 0 64k', path], { encoding: 'utf8' }), /read 65536\/65536/)
  assert.deepEqual((await one(driver, volume)).applied?.annotations, { note: 'x' })
})

it('keeps its answers over a restart', async (t) => {
  const world = await makeWorld(t)
  const volume = world.volume('data')
  const first = await world.open()
  await first.ensure(volume, noData, forever)
  const before = await first.observe()
  await first.close()
  const second = await world.open()
  assert.deepEqual(await second.observe(), before)
  assert.deepEqual((await second.facts()).pools.map((pool) => pool.name).sort(), ['local', 'test'])
})

it('removes at its start what a kill left of records half written', async (t) => {
  const world = await makeWorld(t)
  await (await world.open()).ensure(world.volume('data'), noData, forever)
  const state = join(world.dir, 'state', 'storage')
  const folders = ['', 'volumes', 'quarantine', 'pools'].map((name) => join(state, name))
  for (const folder of folders) {
    mkdirSync(folder, { recursive: true })
    for (const name of ['a.json.0123456789ab.tmp', 'a.json.new']) writeFileSync(join(folder, name), '{')
  }
  const second = await world.open()
  assert.deepEqual(
    folders.flatMap((folder) => readdirSync(folder)).filter((name) => /tmp$|new$/.test(name)),
    [],
  )
  assert.equal((await second.observe()).length, 1)
})

it('takes an image out of reach, and brings the same one back', async (t) => {
  const world = await makeWorld(t)
  const volume = world.volume('data')
  const driver = await world.open()
  await driver.ensure(volume, noData, forever)
  const { path = '' } = (await driver.file(volume.key)) ?? {}
  execFileSync('qemu-io', ['-f', 'qcow2', '-c', 'write -P 9 0 64k', path])
  const { digest } = await one(driver, volume)
  await driver.quarantine(volume.key, later)
  assert.equal(await driver.file(volume.key), undefined)
  assert.equal(existsSync(path), false)
  assert.equal((await one(driver, volume)).quarantined?.until, later)
  await driver.sweep()
  await driver.restore(volume)
  assert.match(execFileSync('qemu-io', ['-f', 'qcow2', '-c', 'read -P 9 0 64k', path], { encoding: 'utf8' }), /read 65536\/65536/)
  assert.equal((await one(driver, volume)).digest, digest)
})

it('deletes a quarantined image only when its time has come', async (t) => {
  const world = await makeWorld(t)
  const volume = world.volume('data')
  const driver = await world.open()
  await driver.ensure(volume, noData, forever)
  await driver.quarantine(volume.key, later)
  await driver.sweep()
  assert.equal(filesIn(world.pool).length, 1)
  await driver.quarantine(volume.key, past)
  await driver.sweep()
  assert.deepEqual([filesIn(world.pool), await driver.observe()], [[], []])
  await assert.rejects(driver.restore(volume), { code: 'VolumeNotFound' })
})

it('keeps the record of a quarantined image while its pool is not mounted', async (t) => {
  const world = await makeWorld(t)
  const volume = world.volume('data')
  const first = await world.open()
  await first.ensure(volume, noData, forever)
  const { path = '' } = (await first.file(volume.key)) ?? {}
  await first.quarantine(volume.key, past)
  await first.close()
  const unmounted = `${world.pool}.unmounted`
  renameSync(world.pool, unmounted)
  mkdirSync(world.pool)
  const second = await world.open()
  await second.sweep()
  assert.equal((await one(second, volume)).quarantined?.until, past)
  rmSync(world.pool, { recursive: true })
  renameSync(unmounted, world.pool)
  await second.restore(volume)
  assert.deepEqual([(await second.file(volume.key))?.path, existsSync(path)], [path, true])
})

for (const restarted of [false, true]) {
  it(`restores nothing while the pool is not mounted, and the image once it is${restarted ? ', also by another agent' : ''}`, async (t) => {
    const world = await makeWorld(t)
    const volume = world.volume('data')
    const first = await world.open()
    await first.ensure(volume, noData, forever)
    const { path = '' } = (await first.file(volume.key)) ?? {}
    await first.quarantine(volume.key, later)
    const unmounted = `${world.pool}.unmounted`
    renameSync(world.pool, unmounted)
    mkdirSync(world.pool)
    const held = await one(first, volume)
    assert.deepEqual([held.phase, held.quarantined?.until], ['Unknown', later])
    await assert.rejects(first.restore(volume), { code: 'ImageUnreachable', message: /pool\/\.gitvirt\/quarantine\/.* cannot be reached/ })
    assert.deepEqual(await one(first, volume), held)
    rmSync(world.pool, { recursive: true })
    renameSync(unmounted, world.pool)
    const second = restarted ? await world.open() : first
    await second.restore(volume)
    const { phase, quarantined } = await one(second, volume)
    assert.deepEqual([phase, quarantined, (await second.file(volume.key))?.path, existsSync(path)], ['Succeeded', undefined, path, true])
    await second.remove(volume.key)
    assert.deepEqual([filesIn(world.pool), await second.observe()], [[], []])
  })
}

it('finishes a restore that ended between its record and the move', async (t) => {
  const world = await makeWorld(t)
  const volume = world.volume('data')
  const driver = await world.open()
  await driver.ensure(volume, noData, forever)
  const record = join(world.dir, 'state', 'storage', 'volumes', 'gitvirt_demo_data.json')
  const live = readFileSync(record)
  await driver.quarantine(volume.key, later)
  writeFileSync(record, live)
  await driver.restore(volume)
  assert.equal((await driver.file(volume.key))?.path, (await one(driver, volume)).path)
  assert.deepEqual(filesIn(join(world.dir, 'state', 'storage', 'quarantine')), [])
})

it('lets go of an image that is gone from a pool that is there', async (t) => {
  const world = await makeWorld(t)
  const volume = world.volume('data')
  const driver = await world.open()
  await driver.ensure(volume, noData, forever)
  rmSync((await driver.file(volume.key))?.path ?? '')
  await assert.rejects(driver.ensure(volume, noData, forever), { code: 'ImageMissing' })
  await driver.quarantine(volume.key, later)
  assert.deepEqual(await driver.observe(), [])
  await driver.ensure(volume, noData, forever)
  assert.equal((await one(driver, volume)).phase, 'Succeeded')
})

it('quarantines nothing while the pool is not mounted, and makes nothing below its mount point', async (t) => {
  const world = await makeWorld(t)
  const volume = world.volume('data')
  const driver = await world.open()
  await driver.ensure(volume, noData, forever)
  const unmounted = `${world.pool}.unmounted`
  renameSync(world.pool, unmounted)
  mkdirSync(world.pool)
  await assert.rejects(driver.quarantine(volume.key, later), { code: 'ImageUnreachable' })
  assert.deepEqual([readdirSync(world.pool), filesIn(join(world.dir, 'state', 'storage', 'quarantine'))], [[], []])
  rmSync(world.pool, { recursive: true })
  renameSync(unmounted, world.pool)
  await driver.quarantine(volume.key, later)
  assert.equal((await one(driver, volume)).quarantined?.until, later)
})

it('forgets a quarantined image that is gone from a pool that is there', async (t) => {
  const world = await makeWorld(t)
  const volume = world.volume('data')
  const first = await world.open()
  await first.ensure(volume, noData, forever)
  await first.quarantine(volume.key, later)
  await first.ensure(volume, noData, forever)
  await first.close()
  const [held = ''] = filesIn(join(world.pool, '.gitvirt', 'quarantine'))
  rmSync(join(world.pool, '.gitvirt', 'quarantine', held))
  const second = await world.open()
  await second.remove(volume.key)
  assert.deepEqual(await second.observe(), [])
})

it('keeps a quarantined image beside a new one of the same name', async (t) => {
  const world = await makeWorld(t)
  const volume = world.volume('data')
  const driver = await world.open()
  await driver.ensure(volume, noData, forever)
  await driver.quarantine(volume.key, later)
  await driver.ensure(volume, noData, forever)
  assert.equal((await one(driver, volume)).quarantined, undefined)
  assert.equal(filesIn(world.pool).length, 2)
  await driver.remove(volume.key)
  assert.equal((await one(driver, volume)).quarantined?.until, later)
  await driver.remove(volume.key)
  assert.deepEqual([filesIn(world.pool), await driver.observe()], [[], []])
})

it('grows an image whose guest ends while it is asked to grow it', async (t) => {
  const world = await makeWorld(t)
  let guest: ChildProcess | undefined
  const growRunning = async (): Promise<boolean> => {
    const ended = once(guest ?? assert.fail(), 'exit')
    guest?.kill('SIGKILL')
    await ended
    return false
  }
  const driver = await world.open({ growRunning })
  const volume = world.volume('open')
  await driver.ensure(volume, noData, forever)
  const path = (await driver.file(volume.key))?.path ?? ''
  // It waits for commands with the image open, under the lock that a guest has.
  guest = spawn('qemu-io', ['-f', 'qcow2', path], { stdio: ['pipe', 'ignore', 'ignore'] })
  atEnd(t, () => guest?.kill('SIGKILL'))
  const isLocked = (): boolean => spawnSync('qemu-io', ['-f', 'qcow2', '-c', 'length', path]).status !== 0
  await until('the image to be open', () => isLocked() || undefined)
  await driver.resize({ ...volume, sizeBytes: 16 * mebibyte })
  assert.equal((await driver.file(volume.key))?.virtualBytes, 16 * mebibyte)
})

it('grows an image and never shrinks one', async (t) => {
  const world = await makeWorld(t)
  const volume = world.volume('data')
  const driver = await world.open()
  await driver.ensure(volume, noData, forever)
  await driver.resize({ ...volume, sizeBytes: 16 * mebibyte })
  const observed = await one(driver, volume)
  assert.deepEqual([observed.virtualBytes, observed.applied?.sizeBytes], [16 * mebibyte, 16 * mebibyte])
  await assert.rejects(driver.resize(volume), { code: 'ShrinkRefused' })
})

it('preallocates where the spec says so', async (t) => {
  const world = await makeWorld(t)
  const volume = world.volume('data')
  const driver = await world.open()
  await driver.ensure({ ...volume, spec: { ...volume.spec, preallocation: true } }, noData, forever)
  assert.ok(((await one(driver, volume)).allocatedBytes ?? 0) >= 8 * mebibyte)
})

it('finishes an import that was killed between the rename and its record', async (t) => {
  const world = await makeWorld(t)
  const volume = world.volume('data')
  const first = await world.open()
  await first.ensure(volume, noData, forever)
  await first.close()
  const record = join(world.dir, 'state', 'storage', 'volumes', 'gitvirt_demo_data.json')
  execFileSync('sed', ['-i', 's/"phase":"Succeeded"/"phase":"Pending","finished":true/', record])
  const second = await world.open()
  assert.equal(await second.file(volume.key), undefined)
  await second.ensure(volume, noData, forever)
  assert.equal((await one(second, volume)).phase, 'Succeeded')
})

it('tries again where the program that reads the finished image is killed', async (t) => {
  const world = await makeWorld(t)
  const { PATH = '' } = process.env
  atEnd(t, () => (process.env['PATH'] = PATH))
  const real = execFileSync('sh', ['-c', 'command -v qemu-img'], { encoding: 'utf8' }).trim()
  const killed = join(world.dir, 'killed')
  const script = `#!/bin/sh\n[ "$1" != info ] || [ -e ${killed} ] || { : > ${killed}; kill -KILL $$; }\nexec ${real} "$@"\n`
  writeFileSync(join(world.dir, 'qemu-img'), script, { mode: 0o755 })
  process.env['PATH'] = `${world.dir}${delimiter}${PATH}`
  const volume = world.volume('data')
  const driver = await world.open({ random: () => 0 })
  await driver.ensure(volume, noData, forever)
  const { phase, restarts } = await one(driver, volume)
  assert.deepEqual([phase, restarts, existsSync(killed)], ['Succeeded', 1, true])
})
