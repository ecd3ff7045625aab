import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import * as fc from 'fast-check'
import { renderDomain } from '../../../../../../agent/drivers/libvirt/render/domain.ts'
import { macOf } from '../../../../../../agent/drivers/libvirt/render/interfaces.ts'
import { child, childrenOf, parseXml, type XmlElement } from '../../../../../../agent/drivers/libvirt/xml.ts'
import type { VirtualMachineInstanceSpec } from '../../../../../../schemas/generated/virtual-machine.ts'
import { inputWith, machineWith } from '../machine.ts'

const render = (change?: (spec: VirtualMachineInstanceSpec) => void, more: Parameters<typeof inputWith>[1] = {}) => {
  const rendered = renderDomain(inputWith(machineWith(change), more))
  return { ...rendered, read: parseXml(rendered.xml) }
}
const devicesOf = (domain: XmlElement, name: string): readonly XmlElement[] => childrenOf(child(domain, 'devices'), name)
const targetOf = (disk: XmlElement): string => child(disk, 'target')?.attributes['dev'] ?? ''

describe('renderDomain', () => {
  it('carries the mark, the uid and a name of namespace and name', () => {
    const { read, name } = render()
    assert.equal(name, 'test_a')
    assert.equal(child(read, 'uuid')?.text, '11111111-1111-5111-8111-111111111111')
    const mark = child(read, 'metadata', 'gitvirt:machine')
    assert.deepEqual(mark?.attributes, {
      'xmlns:gitvirt': 'https://gitvirt.io/xmlns/v1',
      key: 'VirtualMachine/test/a',
      uid: '11111111-1111-5111-8111-111111111111',
      node: 'n1',
    })
  })

  it('uses KVM with the host model, and TCG with all that can be emulated', () => {
    assert.equal(child(render().read, 'cpu')?.attributes['mode'], 'host-model')
    assert.equal(render().read.attributes['type'], 'kvm')
    const tcg = render((spec) => (spec.domain.cpu = { model: 'host-model' }), {
      host: { ...inputWith(machineWith()).host, accelerator: 'tcg' },
    })
    assert.equal(tcg.read.attributes['type'], 'qemu')
    assert.equal(child(tcg.read, 'cpu')?.attributes['mode'], 'maximum')
    assert.match(tcg.unsupported.join(), /host-model needs KVM/)
  })

  it('counts vCPUs from the topology, and from requests where it is silent', () => {
    assert.equal(child(render((spec) => (spec.domain.cpu = { sockets: 2, cores: 3, threads: 2 })).read, 'vcpu')?.text, '12')
    assert.equal(child(render((spec) => (spec.domain.resources = { requests: { cpu: '1500m' } })).read, 'vcpu')?.text, '2')
    const spare = child(render((spec) => (spec.domain.cpu = { sockets: 1, maxSockets: 4 })).read, 'vcpu')
    assert.deepEqual([spare?.text, spare?.attributes['current']], ['4', '1'])
  })

  it('takes memory from guest, then requests, then limits, with hugepages', () => {
    assert.equal(child(render().read, 'memory')?.text, '65536')
    const requests = render((spec) => Object.assign(spec.domain, { memory: {}, resources: { requests: { memory: '1Gi' } } }))
    assert.equal(child(requests.read, 'memory')?.text, '1048576')
    const huge = render((spec) => (spec.domain.memory = { guest: '64Mi', hugepages: { pageSize: '2Mi' } }))
    assert.equal(child(huge.read, 'memoryBacking', 'hugepages', 'page')?.attributes['size'], '2048')
    assert.throws(() => render((spec) => (spec.domain.memory = {})), { code: 'InvalidMachine', at: 'vms/a.yaml:3:1' })
  })

  it('gives a seed on SATA to the guest without the mark that QEMU refuses there', () => {
    const seed = (bus: 'sata' | 'virtio') => {
      const change = (spec: VirtualMachineInstanceSpec): void => void (spec.domain.devices.disks = [{ name: 'root', disk: { bus } }])
      const made = { type: 'file', path: '/seed.iso', format: 'raw', readonly: true, made: true } as const
      return devicesOf(render(change, { sources: new Map([['root', made]]) }).read, 'disk')[0]
    }
    assert.equal(child(seed('sata'), 'readonly'), undefined)
    assert.notEqual(child(seed('virtio'), 'readonly'), undefined)
  })

  it('uses the nearest machine type and says so', () => {
    const { read, unsupported } = render((spec) => (spec.domain.machine = { type: 'pc-q35-rhel9.4.0' }))
    assert.equal(child(read, 'os', 'type')?.attributes['machine'], 'q35')
    assert.match(unsupported.join(), /no pc-q35-rhel9.4.0; it uses q35/)
  })

  it('asks for secure boot by default of EFI, and refuses it where there is none', () => {
    const efi = (spec: VirtualMachineInstanceSpec): void => void (spec.domain.firmware = { bootloader: { efi: {} } })
    const { read } = render(efi)
    assert.equal(child(read, 'os')?.attributes['firmware'], 'efi')
    assert.equal(child(read, 'os', 'loader')?.attributes['secure'], 'yes')
    assert.equal(child(read, 'features', 'smm')?.attributes['state'], 'on')
    assert.throws(() => render(efi, { host: { ...inputWith(machineWith()).host, firmwares: ['bios', 'efi'] } }), { code: 'InvalidMachine' })
  })

  it('renders every Hyper-V enlightenment under KVM', () => {
    const on = {}
    const { read } = render((spec) => {
      spec.domain.features = {
        hyperv: {
          relaxed: on,
          vapic: on,
          vpindex: on,
          runtime: on,
          synic: on,
          reset: on,
          frequencies: on,
          reenlightenment: on,
          ipi: on,
          evmcs: { enabled: false },
          spinlocks: { spinlocks: 8191 },
          synictimer: { direct: on },
          tlbflush: on,
          vendorid: { vendorid: 'abc' },
        },
        kvm: { hidden: true },
        pvspinlock: { enabled: false },
      }
    })
    const states = Object.fromEntries(
      (child(read, 'features', 'hyperv')?.children ?? []).map((item) => [item.name, item.attributes['state']]),
    )
    assert.equal(Object.values(states).filter((state) => state === 'on').length, 13)
    assert.equal(states['evmcs'], 'off')
    assert.equal(child(read, 'features', 'kvm', 'hidden')?.attributes['state'], 'on')
  })

  it('keeps a disk on its target and address when another one comes before it', () => {
    const previous = parseXml(`<domain><os><type machine='pc-q35-7.2'>hvm</type></os><devices>
      <disk><target dev='vdc' bus='virtio'/><alias name='ua-disk-root'/><address type='pci' bus='0x07'/></disk>
      <controller type='pci' index='0' model='pcie-root'/></devices></domain>`)
    const { read } = render(
      (spec) => {
        spec.domain.devices.disks?.unshift({ name: 'new', disk: { bus: 'virtio' } })
        spec.volumes?.push({ name: 'new', emptyDisk: { capacity: '1Mi' } })
      },
      { previous },
    )
    assert.deepEqual(devicesOf(read, 'disk').map(targetOf), ['vda', 'vdc'])
    assert.equal(child(devicesOf(read, 'disk')[1], 'address')?.attributes['bus'], '0x07')
  })

  it('forgets addresses when the machine family changes', () => {
    const previous = parseXml(`<domain><os><type machine='pc-i440fx-7.2'>hvm</type></os><devices>
      <disk><target dev='vda' bus='virtio'/><alias name='ua-disk-root'/><address type='pci' bus='0x00' slot='0x05'/></disk></devices></domain>`)
    assert.equal(child(devicesOf(render(undefined, { previous }).read, 'disk')[0], 'address'), undefined)
  })

  it('gives a volume without a disk a SATA disk, and a volume without a source none', () => {
    const { read } = render((spec) => spec.volumes?.push({ name: 'extra', emptyDisk: { capacity: '1Mi' } }))
    assert.deepEqual(
      devicesOf(read, 'disk').map((disk) => child(disk, 'target')?.attributes['bus']),
      ['virtio', 'sata'],
    )
    assert.equal(devicesOf(render(undefined, { sources: new Map() }).read, 'disk').length, 0)
  })

  it('puts a NIC on the pod network where none is declared, and none where that is switched off', () => {
    const [nic] = devicesOf(render().read, 'interface')
    assert.equal(child(nic, 'source')?.attributes['network'], 'gitvirt-pod')
    assert.match(child(nic, 'mac')?.attributes['address'] ?? '', /^02:/)
    assert.equal(devicesOf(render((spec) => (spec.domain.devices.autoattachPodInterface = false)).read, 'interface').length, 0)
  })

  it('refuses a bridge name that Linux or a path would not take', () => {
    for (const networkName of ['ns/../../x', 'a b', 'a'.repeat(16), '-x']) {
      const change = (spec: VirtualMachineInstanceSpec): void => {
        spec.domain.devices.interfaces = [{ name: 'n', bridge: {} }]
        spec.networks = [{ name: 'n', multus: { networkName } }]
      }
      if (networkName === 'ns/../../x')
        assert.equal(child(devicesOf(render(change).read, 'interface')[0], 'source')?.attributes['bridge'], 'x')
      else assert.throws(() => render(change), { code: 'InvalidMachine' })
    }
  })

  it('gives each NIC of each machine its own address that never changes', () => {
    const machine = machineWith()
    assert.equal(macOf(machine, { name: 'a' }), macOf(machine, { name: 'a' }))
    assert.notEqual(macOf(machine, { name: 'a' }), macOf(machine, { name: 'b' }))
    assert.notEqual(macOf(machine, { name: 'a' }), macOf({ ...machine, uid: 'x' }, { name: 'a' }))
    assert.throws(() => macOf(machine, { name: 'a', macAddress: '01:00:00:00:00:00' }), { code: 'InvalidMachine' })
  })

  it('refuses what must not be left out, and notes what may', () => {
    assert.throws(() => render((spec) => (spec.domain.launchSecurity = { sev: {} })), { code: 'InvalidMachine' })
    assert.throws(() => render((spec) => (spec.domain.firmware = { kernelBoot: { kernelArgs: 'x' } })), { code: 'InvalidMachine' })
    assert.throws(() => render((spec) => (spec.architecture = 'arm64')), { code: 'InvalidMachine' })
    const { unsupported } = render((spec) =>
      Object.assign(spec.domain.devices, { gpus: [{ name: 'g' }], filesystems: [{ name: 'f', virtiofs: {} }] }),
    )
    assert.equal(unsupported.length, 2)
  })

  it('lets no text of a manifest become an element', () => {
    const names = (item: XmlElement): string[] => [item.name, ...item.children.flatMap(names)]
    const shape = names(render((spec) => fill(spec, 'plain')).read)
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string({ minLength: 1, unit: 'binary' }),
          fc.constantFrom('</serial><evil/>', "'/><evil a='", '<![CDATA[x]]>', '&evil;', ']]>', '<!--'),
        ),
        (text) => {
          fc.pre(text.trim() !== '')
          const { read, xml } = render((spec) => fill(spec, `x${text}`))
          assert.deepEqual(names(read), shape)
          assert.doesNotMatch(xml, /<evil/)
        },
      ),
    )
  })
})

function fill(spec: VirtualMachineInstanceSpec, text: string): void {
  const [disk] = spec.domain.devices.disks ?? []
  if (disk !== undefined) Object.assign(disk, { serial: text, cache: text, io: text })
  spec.domain.firmware = { serial: text }
  spec.domain.chassis = { manufacturer: text, sku: text }
  spec.domain.clock = { timezone: text }
  // The schema allows a few words only here; a test of escaping must get past it.
  Object.assign(spec.domain, { cpu: { model: text, features: [{ name: text, policy: text }] } })
  Object.assign(spec.domain.devices, { watchdog: { name: text, i6300esb: { action: text } }, sound: { name: text, model: text } })
}
