import assert from 'node:assert/strict'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { createVolumeDriver } from '../../../../../agent/drivers/storage/driver.ts'
import { inspectImage } from '../../../../../agent/drivers/storage/images.ts'
import type { VolumeDriver } from '../../../../../agent/drivers/types.ts'
import type { VolumeSpec } from '../../../../../schemas/generated/plan.ts'
import { machineOf, noData, openBench, type Bench } from './guest.ts'

const mebibyte = 2 ** 20

describe('a disk that grows while its guest runs', () => {
  let bench: Bench
  let volumes: VolumeDriver
  const disks = [
    { name: 'raw', format: 'raw', bus: 'virtio' },
    { name: 'cow', format: 'qcow2', bus: 'virtio' },
    { name: 'scsi', format: 'raw', bus: 'scsi' },
  ] as const
  const machine = machineOf('grows', (spec) => {
    for (const { name, bus } of disks) {
      spec.domain.devices.disks?.push({ name, disk: { bus } })
      spec.volumes?.push({ name, dataVolume: { name } })
    }
  })
  const volume = ({ name, format }: (typeof disks)[number], mebibytes: number): VolumeSpec => ({
    key: `DataVolume/test/${name}`,
    namespace: 'test',
    name,
    spec: { source: { blank: {} }, storage: { resources: { requests: { storage: `${mebibytes}Mi` } } } },
    sizeBytes: mebibytes * mebibyte,
    pool: { name: format, type: 'dir', path: join(bench.context.stateDir, '..', `pool-${format}`), format },
    annotations: {},
    origin: { path: 'a.yaml', line: 1, column: 1 },
  })

  before(async () => {
    bench = await openBench('lvgrow')
    volumes = createVolumeDriver({ ...bench.context, stateDir: join(bench.context.stateDir, 'agent') })
    await volumes.prepare()
    for (const disk of disks) {
      const spec = volume(disk, 8)
      await volumes.ensure(spec, noData, new AbortController().signal)
      await note(spec.key)
    }
    await bench.driver.define(machine, noData)
    await bench.driver.start(machine.key)
  })
  after(async () => {
    await volumes?.close()
    await bench?.close()
  })

  /** Tells the machine driver what the volume driver has, as the agent does. */
  async function note(key: string): Promise<void> {
    bench.files.set(key, (await volumes.file(key)) ?? assert.fail(`${key} is not finished`))
  }

  /** The capacity that libvirt, and with it the guest, sees. */
  async function seen(name: string): Promise<number> {
    const facts = (await bench.driver.observe([machine.key]))[0]
    const target = facts?.volumes.find((one) => one.name === name)?.target ?? ''
    return Number(/^Capacity:\s+(\d+)/m.exec(await bench.host.virsh('domblkinfo', machine.uid, target))?.[1])
  }

  for (const disk of disks) {
    it(`has its new size in libvirt and on disk at once: ${disk.format} on ${disk.bus}`, async () => {
      const before = await bench.host.virsh('domid', machine.uid)
      assert.equal(await seen(disk.name), 8 * mebibyte)
      const bigger = volume(disk, 20)
      await volumes.resize(bigger)
      assert.equal(await seen(disk.name), 20 * mebibyte)
      const file = (await volumes.file(bigger.key)) ?? assert.fail()
      assert.equal(file.virtualBytes, 20 * mebibyte)
      assert.equal((await inspectImage(file.path, file.format)).virtualBytes, 20 * mebibyte)
      await volumes.resize(bigger)
      assert.equal(await bench.host.virsh('domid', machine.uid), before)
    })
  }

  it('is never made smaller, and the guest keeps what it sees', async () => {
    await assert.rejects(volumes.resize(volume(disks[0], 4)), { code: 'ShrinkRefused' })
    assert.equal(await seen('raw'), 20 * mebibyte)
  })

  it('is told to the guest by the next hotplug where the image alone has grown', async () => {
    const file = bench.files.get('DataVolume/test/raw') ?? assert.fail()
    bench.files.set('DataVolume/test/raw', { ...file, virtualBytes: 32 * mebibyte })
    await bench.driver.hotplug(machine, noData)
    assert.equal(await seen('raw'), 32 * mebibyte)
    const facts = (await bench.driver.observe([machine.key]))[0]
    assert.deepEqual(facts?.drift, [])
  })
})
