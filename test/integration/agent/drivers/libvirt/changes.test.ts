import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { run } from '../../../../../reconciler/lib/exec.ts'
import { machineOf, noData, openBench, until, type Bench } from './guest.ts'

describe('libvirt driver: changes by Git and by hand', () => {
  let bench: Bench
  const machine = machineOf('second')
  const withDisk = machineOf('second', (spec) => {
    spec.domain.devices.disks?.push({ name: 'data', disk: { bus: 'virtio' }, serial: 'data-1' })
    spec.volumes?.push({ name: 'data', emptyDisk: { capacity: '16Mi' } })
    spec.domain.devices.interfaces?.push({ name: 'extra', bridge: {} })
    spec.networks?.push({ name: 'extra', pod: {} })
  })
  before(async () => {
    bench = await openBench('lv2')
    await bench.driver.define(machine, noData)
    await bench.driver.start(machine.key)
  })
  after(async () => await bench?.close())

  const facts = async () => (await bench.driver.observe([machine.key]))[0]
  const foreignXml = async (name: string, uuid: string): Promise<string> => {
    const file = join(bench.host.dir, `${uuid}.xml`)
    await writeFile(
      file,
      `<domain type='qemu'><name>${name}</name><uuid>${uuid}</uuid><memory>65536</memory><os><type>hvm</type></os></domain>`,
    )
    return file
  }

  it('attaches a disk and a NIC to the running guest', async () => {
    await bench.driver.define(withDisk, noData)
    await bench.driver.hotplug(withDisk, noData)
    const live = await bench.host.virsh('dumpxml', machine.uid)
    assert.match(live, /ua-disk-data/)
    assert.match(live, /<serial>data-1<\/serial>/)
    assert.match(live, /ua-nic-extra/)
    const found = await facts()
    assert.deepEqual(found?.drift, [])
    assert.deepEqual(found?.booted?.template, withDisk.template)
  })

  it('does nothing when it is called again', async () => {
    const live = await bench.host.virsh('dumpxml', machine.uid)
    await bench.driver.hotplug(withDisk, noData)
    assert.equal(await bench.host.virsh('dumpxml', machine.uid), live)
  })

  it('attaches a SCSI disk to a guest that was started without a SCSI controller, and takes it off again', async () => {
    const withScsi = structuredClone(withDisk)
    withScsi.template.spec?.domain.devices.disks?.push({ name: 'more', disk: { bus: 'scsi' } })
    withScsi.template.spec?.volumes?.push({ name: 'more', emptyDisk: { capacity: '16Mi' } })
    const before = await bench.host.virsh('dumpxml', machine.uid)
    assert.doesNotMatch(before, /type='scsi'/)
    await bench.driver.define(withScsi, noData)
    await bench.driver.hotplug(withScsi, noData)
    const live = await bench.host.virsh('dumpxml', machine.uid)
    assert.match(live, /ua-disk-more/)
    assert.match(live, /<controller type='scsi' index='0' model='virtio-scsi'>/)
    assert.deepEqual((await facts())?.drift, [])
    await bench.driver.define(withDisk, noData)
    await bench.driver.hotplug(withDisk, noData)
    assert.doesNotMatch(await bench.host.virsh('dumpxml', machine.uid), /ua-disk-more/)
    assert.deepEqual((await facts())?.drift, [])
  })

  it('tells what the guest was booted with beside what is applied, and restarting brings that', async () => {
    const bigger = structuredClone(withDisk)
    const domain = bigger.template.spec?.domain
    if (domain !== undefined) domain.memory = { guest: '96Mi' }
    await bench.driver.define(bigger, noData)
    await bench.driver.hotplug(bigger, noData)
    const waiting = await facts()
    assert.deepEqual([waiting?.applied?.template, waiting?.booted?.template], [bigger.template, withDisk.template])
    await bench.driver.restart(machine.key, 0)
    assert.deepEqual((await facts())?.booted?.template, bigger.template)
    assert.match(await bench.host.virsh('dumpxml', machine.uid), />98304<\/memory>/)
    await bench.driver.define(withDisk, noData)
    await bench.driver.restart(machine.key, 0)
  })

  it('tells no drift while it writes a definition itself', async () => {
    const bigger = structuredClone(withDisk)
    const domain = bigger.template.spec?.domain
    if (domain !== undefined) domain.memory = { guest: '96Mi' }
    for (const next of [bigger, withDisk, bigger, withDisk]) {
      const pass = { written: false }
      const writing = bench.driver.define(next, noData).finally(() => (pass.written = true))
      while (!pass.written) assert.deepEqual((await facts())?.drift, [])
      await writing
    }
  })

  it('reports a definition that was changed by hand, and mends it', async () => {
    await bench.host.virsh('setmaxmem', machine.uid, '131072', '--config')
    const drift = (await facts())?.drift ?? []
    assert.deepEqual(drift, [{ path: 'domain/memory', expected: '65536', actual: '131072' }])
    await bench.driver.define(withDisk, noData)
    assert.deepEqual((await facts())?.drift, [])
  })

  it('reports a NIC that was attached by hand to the running guest', async () => {
    await bench.host.virsh(
      'attach-interface',
      machine.uid,
      'network',
      'gitvirt-pod',
      '--mac',
      '52:54:00:00:00:01',
      '--model',
      'virtio',
      '--live',
    )
    const drift = (await facts())?.drift ?? []
    assert.equal(drift.length, 1)
    assert.equal(drift[0]?.path, 'live/devices/interface[52:54:00:00:00:01]')
  })

  it('leaves a foreign domain alone, and refuses to take its name', async () => {
    const uuid = randomUUID()
    await bench.host.virsh('define', await foreignXml('test_other', uuid))
    const before = await bench.host.virsh('dumpxml', uuid)
    await assert.rejects(bench.driver.define(machineOf('other'), noData), { code: 'NameConflict', terminal: true })
    assert.equal(await bench.host.virsh('dumpxml', uuid), before)
    assert.deepEqual(
      (await bench.driver.observe()).map((found) => found.key),
      [machine.key],
    )
  })

  it('reports a machine as undefined when its domain is gone, and defines it anew', async () => {
    await bench.driver.stop(machine.key, 0)
    await bench.host.virsh('undefine', machine.uid)
    assert.equal((await facts())?.state, 'undefined')
    await bench.driver.define(machine, noData)
    assert.equal((await facts())?.state, 'off')
  })

  it('does not touch what somebody put in the place of the machine', async () => {
    await bench.host.virsh('undefine', machine.uid)
    await bench.host.virsh('define', await foreignXml('test_second', machine.uid))
    const found = await facts()
    assert.equal(found?.state, 'undefined')
    assert.equal(found?.problem?.reason, 'NameConflict')
    await assert.rejects(bench.driver.start(machine.key), { code: 'NameConflict' })
    await bench.driver.undefine(machine.key)
    assert.match(await bench.host.virsh('list', '--all', '--name'), /test_second/)
  })

  it('refuses a hostDisk outside the allowed folders, and through a link', async () => {
    const hostDisk = (path: string) => {
      const made = machineOf('disk', (spec) => spec.volumes?.push({ name: 'host', hostDisk: { path, type: 'Disk' } }))
      return { ...made, allowHostDisk: [join(bench.host.dir, 'allowed')] }
    }
    await run('mkdir', [join(bench.host.dir, 'allowed')])
    await run('ln', ['-s', '/etc/hostname', join(bench.host.dir, 'allowed', 'link')])
    for (const path of ['/etc/hostname', join(bench.host.dir, 'allowed', 'link'), `${bench.host.dir}/allowed/../etc/qemu.conf`]) {
      await assert.rejects(bench.driver.define(hostDisk(path), noData), { code: 'InvalidMachine', terminal: true })
    }
  })

  it('waits for a volume that is not finished', async () => {
    const waiting = machineOf('wait', (spec) => spec.volumes?.push({ name: 'late', dataVolume: { name: 'late' } }))
    await assert.rejects(bench.driver.define(waiting, noData), { code: 'VolumeNotReady', terminal: false })
    await until(
      async () => await bench.driver.observe(),
      (found) => found.every((item) => item.key !== waiting.key),
      1,
    )
  })

  it('does not touch a network of its name that it did not make', async () => {
    await bench.host.virsh('net-destroy', 'gitvirt-pod')
    await bench.host.virsh('net-undefine', 'gitvirt-pod')
    const file = join(bench.host.dir, 'network.xml')
    await writeFile(file, "<network><name>gitvirt-pod</name><bridge name='virbr9'/></network>")
    await bench.host.virsh('net-define', file)
    await assert.rejects(bench.driver.define(machineOf('net'), noData), { code: 'NameConflict' })
  })
})
