import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type { VirtualMachineInstanceSpec } from '../../../../../schemas/generated/virtual-machine.ts'
import { machineOf, noData, openBench, type Bench } from './guest.ts'

type Feature = {
  readonly name: string
  readonly change: (spec: VirtualMachineInstanceSpec) => void
  /** What the live XML must have after the guest was started. */
  readonly live: readonly RegExp[]
  readonly notes?: number
}

const features: readonly Feature[] = [
  {
    name: 'EFI without secure boot, and a persistent TPM',
    change: (spec) => {
      spec.domain.firmware = { bootloader: { efi: { secureBoot: false } }, serial: 'fw-1' }
      spec.domain.devices.tpm = { persistent: true }
      spec.domain.chassis = { manufacturer: 'M', asset: 'A', sku: 'S', serial: 'C', version: '1' }
    },
    live: [/<nvram/, /tpm-crb/, /fw-1/, /<chassis>/],
  },
  {
    name: 'secure boot',
    change: (spec) => {
      spec.domain.firmware = { bootloader: { efi: {} } }
      spec.domain.features = { smm: {} }
    },
    live: [/secure='yes'/, /<smm state='on'/],
  },
  {
    name: 'the machine type pc, an old style of CPU and every timer',
    change: (spec) => {
      spec.domain.machine = { type: 'pc-i440fx-rhel7.6.0' }
      spec.domain.cpu = {
        model: 'qemu64',
        sockets: 1,
        cores: 2,
        threads: 1,
        features: [
          { name: 'sse4.1', policy: 'require' },
          { name: 'vmx', policy: 'disable' },
        ],
      }
      spec.domain.clock = {
        utc: { offsetSeconds: 3600 },
        timer: {
          hpet: { present: false },
          pit: { tickPolicy: 'delay' },
          rtc: { tickPolicy: 'catchup' },
          kvm: { present: true },
          hyperv: {},
        },
      }
      spec.domain.features = { acpi: {}, apic: { endOfInterrupt: false }, hyperv: { relaxed: {} }, kvm: { hidden: true } }
    },
    live: [/pc-i440fx/, /cores='2'/, /timer name='hpet' present='no'/, /sse4.1/],
    notes: 5,
  },
  {
    name: 'disks of every bus and kind',
    change: (spec) => {
      const { disks = [] } = spec.domain.devices
      disks.push(
        { name: 'scsi', disk: { bus: 'scsi' }, serial: 's-1', cache: 'none', io: 'native', bootOrder: 2 },
        { name: 'sata', disk: { bus: 'sata', readonly: false }, cache: 'writeback', errorPolicy: 'report' },
        { name: 'usb', disk: { bus: 'usb' } },
        { name: 'lun', lun: { bus: 'scsi' } },
        { name: 'block', disk: { bus: 'virtio' }, blockSize: { custom: { logical: 4096, physical: 4096 } }, dedicatedIOThread: true },
        { name: 'media', cdrom: { bus: 'sata' } },
        { name: 'empty', cdrom: { bus: 'sata', tray: 'open' } },
      )
      for (const name of ['scsi', 'sata', 'usb', 'lun', 'block']) spec.volumes?.push({ name, emptyDisk: { capacity: '8Mi' } })
      spec.volumes?.push({ name: 'media', cloudInitConfigDrive: { userDataBase64: 'aGk=', networkData: '{}' } })
      spec.domain.ioThreadsPolicy = 'auto'
      spec.domain.devices.blockMultiQueue = true
    },
    live: [/virtio-scsi/, /error_policy='report'/, /logical_block_size='4096'/, /<iothreads>/, /qemu-xhci/],
    notes: 1,
  },
  {
    name: 'NICs of several models, some down',
    change: (spec) => {
      spec.domain.devices.interfaces?.push(
        { name: 'e', bridge: {}, model: 'e1000e', macAddress: '02:00:00:00:00:0A', bootOrder: 1, state: 'down' },
        { name: 'r', masquerade: {}, model: 'rtl8139', acpiIndex: 7 },
        { name: 'b', bridge: {} },
        { name: 'gone', bridge: {}, state: 'absent' },
        { name: 's', sriov: {} },
      )
      for (const name of ['e', 'r', 'gone']) spec.networks?.push({ name, pod: {} })
      spec.networks?.push({ name: 'b', multus: { networkName: 'test/gvtestbr' } }, { name: 's', multus: { networkName: 'sriov' } })
      spec.domain.cpu = { cores: 2 }
      spec.domain.devices.networkInterfaceMultiqueue = true
    },
    live: [/02:00:00:00:00:0a/, /link state='down'/, /acpi index='7'/, /source bridge='gvtestbr'/, /queues='2'/],
    notes: 1,
  },
  {
    name: 'watchdog, rng, inputs, sound, panic device, no balloon, no graphics',
    change: (spec) => {
      Object.assign(spec.domain.devices, {
        watchdog: { name: 'w', i6300esb: { action: 'poweroff' } },
        rng: {},
        inputs: [{ type: 'tablet', bus: 'virtio', name: 't' }],
        sound: { name: 's', model: 'ich9' },
        panicDevices: [{ model: 'isa' }],
        autoattachMemBalloon: false,
        autoattachGraphicsDevice: false,
      })
    },
    live: [
      /i6300esb/,
      /\/dev\/urandom/,
      /<input type='tablet' bus='virtio'/,
      /sound model='ich9'/,
      /<panic model='isa'/,
      /memballoon model='none'/,
    ],
  },
  {
    name: 'virtio video, a tablet, no serial console, a time zone',
    change: (spec) => {
      spec.domain.devices.video = { type: 'virtio' }
      spec.domain.devices.autoattachInputDevice = true
      spec.domain.devices.autoattachSerialConsole = false
      spec.domain.clock = { timezone: 'Europe/Berlin' }
      spec.domain.rebootPolicy = 'Terminate'
    },
    live: [/model type='virtio' heads/, /<input type='tablet' bus='usb'/, /Europe\/Berlin/, /<on_reboot>destroy/],
  },
]

describe('libvirt driver: every feature is accepted, runs, and gives no drift', () => {
  let bench: Bench
  before(async () => {
    bench = await openBench('lv3')
    await bench.host.run('ip', ['link', 'add', 'gvtestbr', 'type', 'bridge'])
    await bench.host.run('ip', ['link', 'set', 'gvtestbr', 'up'])
  })
  after(async () => await bench?.close())

  for (const [index, feature] of features.entries()) {
    it(feature.name, async () => {
      const machine = machineOf(`f${index}`, feature.change)
      await bench.driver.define(machine, noData)
      await bench.driver.start(machine.key)
      const live = await bench.host.virsh('dumpxml', machine.uid)
      for (const pattern of feature.live) assert.match(live, pattern)
      const [found] = await bench.driver.observe([machine.key])
      assert.deepEqual(found?.drift, [])
      assert.equal((found?.unsupported ?? []).length, feature.notes ?? 0, JSON.stringify(found?.unsupported))
      await bench.driver.define(machine, noData)
      assert.deepEqual((await bench.driver.observe([machine.key]))[0]?.drift, [])
      await bench.driver.hotplug(machine, noData)
      assert.equal(await bench.host.virsh('dumpxml', machine.uid), live)
      await bench.driver.undefine(machine.key)
    })
  }

  it('tells what this host is', async () => {
    const facts = await bench.driver.facts()
    assert.ok(facts.machineTypes?.includes('q35'))
    assert.ok(facts.firmwares?.includes('efi-secure'))
    assert.equal(facts.tpm, true)
    assert.match(facts.versions['libvirt'] ?? '', /^\d+\.\d+/)
  })
})
