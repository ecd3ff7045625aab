import assert from 'node:assert/strict'
import { readFile, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { machineOf, noData, openBench, until, type Bench } from './guest.ts'

describe('libvirt driver: one machine from define to undefine', () => {
  let bench: Bench
  const machine = machineOf('first')
  before(async () => {
    bench = await openBench('lv1')
  })
  after(async () => await bench?.close())

  const facts = async (key = machine.key) => (await bench.driver.observe([key]))[0]

  it('defines a machine that is off, without drift', async () => {
    await bench.driver.define(machine, noData)
    const found = await facts()
    assert.equal(found?.state, 'off')
    assert.deepEqual(found?.drift, [])
    assert.deepEqual(found?.applied, machine)
    assert.deepEqual(found?.unsupported, undefined)
  })

  it('gives the same definition when it is defined again', async () => {
    const before = await bench.host.virsh('dumpxml', '--inactive', machine.uid)
    await bench.driver.define(machine, noData)
    assert.equal(await bench.host.virsh('dumpxml', '--inactive', machine.uid), before)
  })

  it('starts it, and its console log has what the guest wrote', async () => {
    await bench.driver.start(machine.key)
    const found = await facts()
    assert.equal(found?.state, 'running')
    assert.deepEqual(found?.booted, machine)
    assert.deepEqual(found?.drift, [])
    assert.deepEqual(
      found?.volumes.map((volume) => [volume.name, volume.target, volume.bus]),
      [
        ['root', 'vda', 'virtio'],
        ['seed', 'vdb', 'virtio'],
      ],
    )
    const log = join(bench.context.stateDir, 'guests', machine.uid, 'console.log')
    await until(
      async () => await readFile(log, 'utf8'),
      (text) => text.includes('hello from the boot sector'),
    )
  })

  it('leaves a running guest alone when it is started again', async () => {
    const before = await bench.host.virsh('domid', machine.uid)
    await bench.driver.start(machine.key)
    assert.equal(await bench.host.virsh('domid', machine.uid), before)
  })

  it('pauses and resumes', async () => {
    await bench.driver.pause(machine.key)
    assert.equal((await facts())?.state, 'paused')
    await bench.driver.pause(machine.key)
    await bench.driver.unpause(machine.key)
    assert.equal((await facts())?.state, 'running')
  })

  it('opens the serial console for one user at a time', async () => {
    const first = await bench.driver.openConsole(machine.key)
    await assert.rejects(bench.driver.openConsole(machine.key), { code: 'ConsoleBusy' })
    const text = new Promise<string>((resolve) => first.once('data', (chunk: Buffer) => resolve(chunk.toString())))
    await bench.driver.reset(machine.key)
    assert.notEqual(await text, '')
    first.destroy()
  })

  it('speaks the RFB protocol on the VNC socket', async () => {
    const vnc = await bench.driver.openVnc(machine.key)
    const greeting = await new Promise<string>((resolve) => vnc.once('data', (chunk: Buffer) => resolve(chunk.toString())))
    vnc.destroy()
    assert.match(greeting, /^RFB 003\./)
  })

  it('sees a QEMU that was killed as crashed, and starts it again', async () => {
    const { stdout } = await bench.host.run('pgrep', ['-f', '--', `guest=test_first`])
    bench.changed.length = 0
    process.kill(Number(stdout.trim().split('\n')[0]), 'SIGKILL')
    await until(
      async () => await facts(),
      (found) => found?.state === 'crashed',
      5,
    )
    assert.ok(bench.changed.includes(machine.key))
    await bench.driver.start(machine.key)
    assert.equal((await facts())?.state, 'running')
  })

  it('knows the machine again after a restart of the agent', async () => {
    const again = await bench.again()
    const [found] = await again.observe()
    assert.equal(found?.key, machine.key)
    assert.equal(found?.state, 'running')
    assert.deepEqual(found?.booted, machine)
    await again.close()
  })

  it('starts a machine whose startStrategy is Paused paused, also on a restart, unless asked otherwise', async () => {
    const held = machineOf('held', (spec) => {
      spec.startStrategy = 'Paused'
      // The other machine has the disk in use.
      spec.domain.devices.disks = []
      spec.volumes = []
    })
    await bench.driver.define(held, noData)
    await bench.driver.start(held.key)
    assert.equal((await facts(held.key))?.state, 'paused')
    await bench.driver.restart(held.key, 0)
    assert.equal((await facts(held.key))?.state, 'paused')
    await bench.driver.stop(held.key, 0)
    await bench.driver.start(held.key, { paused: false })
    assert.equal((await facts(held.key))?.state, 'running')
    await bench.driver.stop(held.key, 0)
    await bench.driver.undefine(held.key)
  })

  it('stops and undefines a machine whose record is damaged or lost, by its mark; a restart leaves it running', async () => {
    const lost = machineOf('lost', (spec) => {
      spec.domain.devices.disks = []
      spec.volumes = []
    })
    const record = join(bench.context.stateDir, 'machines', `${lost.uid}.json`)
    for (const harm of [async () => await writeFile(record, '{'), async () => await rm(record)]) {
      await bench.driver.define(lost, noData)
      await bench.driver.start(lost.key)
      await harm()
      const again = await bench.again()
      const found = async () => (await again.observe([lost.key]))[0]
      assert.deepEqual([(await found())?.state, (await found())?.applied], ['running', undefined])
      await assert.rejects(again.restart(lost.key, 0), { code: 'NotFound' })
      assert.equal((await found())?.state, 'running')
      await again.stop(lost.key, 0)
      assert.equal((await found())?.state, 'off')
      await again.undefine(lost.key)
      assert.equal(await found(), undefined)
      await assert.rejects(stat(record), { code: 'ENOENT' })
      await again.close()
      // This driver is as an agent that did not restart: it still has the record in memory.
      await bench.driver.undefine(lost.key)
    }
  })

  it('stops and undefines it, and nothing of it is left', async () => {
    await bench.driver.stop(machine.key, 0)
    assert.equal((await facts())?.state, 'off')
    await bench.driver.undefine(machine.key)
    await bench.driver.undefine(machine.key)
    assert.deepEqual(await bench.driver.observe(), [])
    assert.doesNotMatch(await bench.host.virsh('list', '--all', '--name'), /test_first/)
  })
})
