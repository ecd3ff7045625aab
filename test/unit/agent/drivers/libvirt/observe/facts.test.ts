import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { parseEvent } from '../../../../../../agent/drivers/libvirt/events.ts'
import { aliasOf, domainName } from '../../../../../../agent/drivers/libvirt/mark.ts'
import { parseAgentAddresses, parseLeases } from '../../../../../../agent/drivers/libvirt/observe/addresses.ts'
import { definitionDrift, fingerprints, liveDrift } from '../../../../../../agent/drivers/libvirt/observe/drift.ts'
import { parseGuestInfo } from '../../../../../../agent/drivers/libvirt/observe/guest-agents.ts'
import { parseState } from '../../../../../../agent/drivers/libvirt/observe/state.ts'
import { planHotplug } from '../../../../../../agent/drivers/libvirt/render/hotplug.ts'
import { mergeBooted } from '../../../../../../agent/drivers/libvirt/render/merge-booted.ts'
import { overlaps } from '../../../../../../agent/drivers/libvirt/render/pod-network.ts'
import { parseXml } from '../../../../../../agent/drivers/libvirt/xml.ts'
import type { Volume } from '../../../../../../schemas/generated/virtual-machine.ts'
import { machineWith } from '../machine.ts'

describe('parseState', () => {
  const rows = [
    ['running (booted)', 'running', true],
    ['paused (user)', 'paused', true],
    ['paused (starting up)', 'starting', true],
    ['in shutdown (user)', 'stopping', true],
    ['crashed (panicked)', 'crashed', true],
    ['shut off (shutdown)', 'off', false],
    ['shut off (destroyed)', 'off', false],
    ['shut off (crashed)', 'crashed', false],
    ['shut off (failed)', 'crashed', false],
  ] as const
  for (const [words, state, active] of rows) {
    it(`reads "${words}" as ${state}`, () => {
      const found = parseState(`${words}\n`)
      assert.deepEqual([found.state, found.active], [state, active])
    })
  }

  it('refuses what is no state, so that silence is never read as off', () => {
    for (const words of ['', 'error: x', 'shut']) assert.throws(() => parseState(words), { code: 'LibvirtFailed' })
  })
})

describe('drift', () => {
  const xml = (memory: string, disk = '') =>
    parseXml(
      `<domain><memory unit='KiB'>${memory}</memory><clock offset='variable' adjustment='${memory}'/><devices>${disk}</devices></domain>`,
    )
  it('names the path that differs, and leaves out what the guest itself sets', () => {
    assert.deepEqual(definitionDrift(xml('1'), xml('1')), [])
    assert.deepEqual(definitionDrift(xml('1'), xml('2')), [{ path: 'domain/memory', expected: '1', actual: '2' }])
    const added = definitionDrift(xml('1', '<rng/>'), xml('1', "<rng/><disk type='file'><target dev='vdb'/></disk>"))
    assert.deepEqual(
      added.map((drift) => drift.path),
      ['domain/devices/disk[vdb]/@type', 'domain/devices/disk[vdb]/target/@dev'],
    )
  })
  it('tells devices apart by what was attached', () => {
    const before = fingerprints(xml('1', "<disk device='cdrom'><source file='/a'/><target dev='sda' bus='sata'/></disk>"))
    const after = fingerprints(xml('1', "<disk device='cdrom'><source file='/b'/><target dev='sda' bus='sata'/></disk>"))
    assert.deepEqual(liveDrift(before, before), [])
    assert.deepEqual(liveDrift(before, after), [{ path: 'live/devices/disk[sda]', expected: 'cdrom sata /a', actual: 'cdrom sata /b' }])
  })
})

describe('mergeBooted', () => {
  const alias = (kind: 'disk' | 'nic', name: string): string => `<alias name='${aliasOf(kind, name)}'/>`
  const device = (name: string, file: string): string => `<disk type='file'><source file='${file}'/>${alias('disk', name)}</disk>`
  const running = (live: string, definition = live) => {
    const domain = (devices: string) => parseXml(`<domain><devices>${devices}</devices></domain>`)
    return { live: domain(live), definition: domain(definition) }
  }
  const named = (names: readonly string[]) =>
    machineWith((spec) => {
      spec.domain.devices.disks = names.map((name) => ({ name, disk: { bus: 'virtio' } }))
      spec.volumes = names.map((name) => ({ name, emptyDisk: { capacity: '1Mi' } }))
    })
  const disksOf = (machine: ReturnType<typeof machineWith>): string[] | undefined =>
    machine.template.spec?.domain.devices.disks?.map(({ name }) => name)

  it('takes up disks that came and went, in the order that the guest has', () => {
    const live = ['a', 'b', 'd'].map((name) => device(name, name)).join('')
    assert.deepEqual(disksOf(mergeBooted(named(['a', 'b', 'c']), named(['d', 'b', 'a']), running(live))), ['a', 'b', 'd'])
  })

  it('keeps a disk that the guest did not let go of, and one that could not be attached out', () => {
    const live = ['a', 'b'].map((name) => device(name, name)).join('')
    assert.deepEqual(disksOf(mergeBooted(named(['a', 'b']), named(['a', 'c']), running(live))), ['a', 'b'])
  })

  it('takes a medium that is in the drive, though its bus waits for a restart', () => {
    const drive = (bus: 'sata' | 'scsi', volume: string) =>
      machineWith((spec) => {
        spec.domain.devices.disks = [{ name: 'cd', cdrom: { bus } }]
        spec.volumes = [{ name: 'cd', dataVolume: { name: volume } }]
      })
    const merged = (file: string) =>
      mergeBooted(drive('sata', 'one'), drive('scsi', 'two'), running(device('cd', file), device('cd', '/two'))).template.spec
    assert.deepEqual(merged('/two')?.volumes, [{ name: 'cd', dataVolume: { name: 'two' } }])
    assert.deepEqual(merged('/two')?.domain.devices.disks, [{ name: 'cd', cdrom: { bus: 'sata' } }])
    assert.deepEqual(merged('/one')?.volumes, [{ name: 'cd', dataVolume: { name: 'one' } }])
  })

  const drive = (volume: Volume | undefined) =>
    machineWith((spec) => {
      spec.domain.devices.disks = [{ name: 'cd', cdrom: { bus: 'sata' } }]
      spec.volumes = volume === undefined ? [] : [volume]
    })
  const disc = { name: 'cd', dataVolume: { name: 'one' } }
  const of = (name: string): Volume => ({ name: 'cd', configMap: { name } })

  it('takes an empty drive for empty, and one that was filled for full', () => {
    const empty = `<disk type='file' device='cdrom'>${alias('disk', 'cd')}</disk>`
    assert.deepEqual(mergeBooted(drive(disc), drive(undefined), running(empty)).template.spec?.volumes, [])
    const full = running(device('cd', '/one'))
    assert.deepEqual(mergeBooted(drive(undefined), drive(disc), full).template.spec?.volumes, [disc])
    assert.deepEqual(mergeBooted(drive(disc), drive(undefined), full).template.spec?.volumes, [disc])
  })

  it('goes on with the medium that was made anew in its place, which the guest has not seen', () => {
    const merged = mergeBooted(drive(of('one')), drive(of('two')), running(device('cd', '/cd.iso')))
    assert.deepEqual(merged.template.spec?.volumes, [of('one')])
  })

  it('knows what a medium that came was made from, and of the others what they were made from', () => {
    const seed: Volume = { name: 'seed', cloudInitNoCloud: { secretRef: { name: 'b' } } }
    const withInputs = (volumes: Volume[], version: string) => {
      const machine = machineWith((spec) => {
        spec.domain.devices.disks = volumes.map(({ name }) => (name === 'cd' ? { name, cdrom: {} } : { name, disk: { bus: 'virtio' } }))
        spec.volumes = volumes
      })
      return { ...machine, inputs: { 'ConfigMap/test/one': version, 'Secret/test/b': version } }
    }
    const merged = mergeBooted(
      withInputs([seed, disc], '1'),
      withInputs([seed, of('one')], '2'),
      running(device('seed', '/seed.iso') + device('cd', '/cd.iso')),
    )
    assert.deepEqual(merged.inputs, { 'ConfigMap/test/one': '2', 'Secret/test/b': '1' })
  })

  it('takes many queues for asked for once all NICs have those of the definition, as ones that were plugged do', () => {
    const flagged = (networkInterfaceMultiqueue: boolean) =>
      machineWith((spec) => Object.assign(spec.domain.devices, { networkInterfaceMultiqueue }))
    const nic = (name: string, queues: number) => `<interface type='bridge'><driver queues='${queues}'/>${alias('nic', name)}</interface>`
    const flagOf = (live: string, definition: string): unknown =>
      mergeBooted(flagged(false), flagged(true), running(live, definition)).template.spec?.domain.devices.networkInterfaceMultiqueue
    assert.equal(flagOf(nic('a', 2), nic('a', 2)), true)
    assert.equal(flagOf(nic('a', 1) + nic('b', 2), nic('a', 2) + nic('b', 2)), false)
  })

  it('takes a link that is down, though the address of its NIC waits for a restart', () => {
    const nic = (macAddress: string, state?: 'down') =>
      machineWith((spec) => {
        spec.networks = [{ name: 'net', multus: { networkName: 'br1' } }]
        spec.domain.devices.interfaces = [{ name: 'net', bridge: {}, macAddress, ...(state === undefined ? {} : { state }) }]
      })
    const live = `<interface type='bridge'><link state='down'/>${alias('nic', 'net')}</interface>`
    const merged = mergeBooted(nic('02:00:00:00:00:01'), nic('02:00:00:00:00:02', 'down'), running(live)).template.spec
    assert.deepEqual(merged?.domain.devices.interfaces, [{ name: 'net', bridge: {}, macAddress: '02:00:00:00:00:01', state: 'down' }])
  })
})

describe('planHotplug', () => {
  it('attaches a disk without an I/O thread that the running guest has not', () => {
    const threads = (count: number, disks: string) =>
      parseXml(`<domain><iothreads>${count}</iothreads><devices>${disks}</devices></domain>`)
    const wanted = `<disk type='file'><driver name='qemu' iothread='2'/><target dev='vdb'/><alias name='${aliasOf('disk', 'b')}'/></disk>`
    const driverOf = (count: number): unknown => {
      const pluggable = { disks: new Set(['b']), nics: new Set<string>() }
      const [change] = planHotplug({
        live: threads(count, ''),
        definition: threads(2, wanted),
        pluggable,
        booted: machineWith(),
        applied: machineWith(),
      })
      return change?.device.children[0]?.attributes
    }
    assert.deepEqual(driverOf(1), { name: 'qemu' })
    assert.deepEqual(driverOf(2), { name: 'qemu', iothread: '2' })
  })

  const domain = (devices: string) => parseXml(`<domain><devices>${devices}</devices></domain>`)
  const disk = (name: string, dev: string, source = '') =>
    `<disk type='file' device='disk'>${source}<target dev='${dev}' bus='virtio'/><alias name='${name}'/></disk>`
  const none = { disks: new Set<string>(), nics: new Set<string>() }
  it('detaches what nobody declared, and puts back what was taken away', () => {
    const changes = planHotplug({
      live: domain(disk('virtio-disk7', 'vdh')),
      definition: domain(disk(aliasOf('disk', 'root'), 'vda')),
      pluggable: none,
      booted: machineWith(),
      applied: machineWith(),
    })
    assert.deepEqual(
      changes.map((change) => [change.verb, change.label]),
      [
        ['detach', 'disk vdh'],
        ['attach', 'disk vda'],
      ],
    )
  })
  it('leaves a device that only a restart may change', () => {
    const applied = machineWith((spec) => spec.domain.devices.disks?.push({ name: 'b', disk: { bus: 'sata' } }))
    const definition = domain(disk(aliasOf('disk', 'root'), 'vda') + disk(aliasOf('disk', 'b'), 'sda'))
    const live = domain(disk(aliasOf('disk', 'root'), 'vda'))
    assert.deepEqual(planHotplug({ live, definition, pluggable: none, booted: machineWith(), applied }), [])
  })
  it('gives a drive a medium in the format that it has', () => {
    const media = (file: string, format: string) =>
      domain(
        `<disk type='file' device='cdrom'><driver name='qemu' type='${format}' cache='none'/><source file='${file}'/><alias name='ua-disk-root'/></disk>`,
      )
    const both = { pluggable: none, booted: machineWith(), applied: machineWith() }
    const [change] = planHotplug({ live: media('/a.raw', 'raw'), definition: media('/b.qcow2', 'qcow2'), ...both })
    assert.deepEqual(change?.device.children.find(({ name }) => name === 'driver')?.attributes, {
      name: 'qemu',
      type: 'qcow2',
      cache: 'none',
    })
  })
  it('changes media and link state in place', () => {
    const media = (source: string) =>
      `<disk type='file' device='cdrom'>${source}<target dev='sda' bus='sata'/><alias name='ua-disk-root'/></disk>`
    const nic = (link: string) => `<interface><mac address='02:00:00:00:00:01'/><alias name='ua-nic-default'/>${link}</interface>`
    const changes = planHotplug({
      live: domain(media("<source file='/a' index='1'/>") + nic('')),
      definition: domain(media("<source file='/b'/>") + nic("<link state='down'/>")),
      pluggable: none,
      booted: machineWith(),
      applied: machineWith(),
    })
    assert.deepEqual(
      changes.map((change) => change.verb),
      ['update', 'update'],
    )
  })
})

describe('what programs and guests print', () => {
  it('reads leases and refuses what is no address', () => {
    const text = ` 2026-01-01 00:00:00   02:aa:bb:cc:dd:ee   ipv4       10.0.2.15/24       h   ff:\n 2026-01-01 00:00:00   02:aa:bb:cc:dd:ef   ipv4   nonsense/24  h -\n`
    assert.deepEqual(parseLeases(text), [{ mac: '02:aa:bb:cc:dd:ee', ip: '10.0.2.15' }])
  })
  it('bounds and checks what a guest agent says', () => {
    const line = (name: string, ip: string) => ` ${name}   02:aa:bb:cc:dd:ee   ipv4   ${ip}/24\n`
    assert.deepEqual(parseAgentAddresses(line('eth0', '10.0.0.5') + line('lo', '127.0.0.1') + line('x', '<script>')), [
      { name: 'eth0', mac: '02:aa:bb:cc:dd:ee', ips: ['10.0.0.5'] },
    ])
    const many = Array.from({ length: 5000 }, (_, index) => line(`e${index}`, '10.0.0.5')).join('')
    assert.equal(parseAgentAddresses(many).length, 64)
    assert.deepEqual(parseGuestInfo('os.id               : debian\n__proto__ : x\n'), { id: 'debian' })
  })
  it('reads events of virsh', () => {
    assert.deepEqual(parseEvent("2026-01-01 00:00:00.000+0000: event 'lifecycle' for domain 'test_a': Stopped Failed"), {
      event: 'lifecycle',
      domain: 'test_a',
      detail: 'Stopped Failed',
    })
    assert.equal(parseEvent('events received: 3'), undefined)
  })
  it('keeps names safe and apart', () => {
    assert.equal(domainName('VirtualMachine/ns/a'), 'ns_a')
    assert.notEqual(domainName('VirtualMachine/ns/a.b'), domainName('VirtualMachine/ns/a-b'))
    for (const name of ['a.b', '../x', 'a;b', '-x', 'n'.repeat(200)])
      assert.match(domainName(`VirtualMachine/ns/${name}`), /^[a-zA-Z0-9][a-zA-Z0-9_-]{0,59}$/)
    assert.notEqual(aliasOf('disk', 'a.b'), aliasOf('disk', 'a_b'))
  })
  it('finds subnets that overlap', () => {
    assert.ok(overlaps('10.0.0.0/8', '10.0.2.0/24'))
    assert.ok(overlaps('10.0.2.7', '10.0.2.0/24'))
    assert.ok(!overlaps('10.0.3.0/24', '10.0.2.0/24'))
  })
})
