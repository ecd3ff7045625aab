import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Drift, ObservedMachine } from '../../../../schemas/generated/observation.ts'
import type { MachineSpec } from '../../../../schemas/generated/plan.ts'
import { formatPath } from '../../../../reconciler/plan/diff/path.ts'
import { readBack } from '../../../../reconciler/plan/read-back.ts'
import { guestSpec, observedMachine } from './support.ts'

const mac = '02:00:00:00:00:01'

function read(drift: readonly Drift[], rest: Partial<ObservedMachine> = {}, hostPaths: readonly string[] = []) {
  const guest = guestSpec()
  const applied: MachineSpec = {
    key: 'VirtualMachine/default/vm',
    namespace: 'default',
    name: 'vm',
    uid: 'u',
    labels: {},
    annotations: {},
    runStrategy: 'Always',
    template: { spec: guest },
    inputs: {},
    origin: { path: 'vm.yaml', line: 1, column: 1 },
  }
  const seen = { volumes: [{ name: 'root', target: 'vda' }], interfaces: [{ name: 'default', mac, ips: [] }], ...rest }
  const { fields, left } = readBack(observedMachine(applied, { drift: [...drift], ...seen }), hostPaths)
  return { fields: Object.fromEntries(fields.map(({ path, value }) => [formatPath(path), value])), left }
}

const domain = 'spec.template.spec.domain'

test('memory is told in the largest unit that fits, and what the guest is given only where it is all', () => {
  const memory = { path: 'domain/memory', expected: '1048576', actual: '2097152' }
  const current = { path: 'domain/currentMemory', expected: '1048576', actual: '2097152' }
  assert.deepEqual(read([memory, current]), { fields: { [`${domain}.memory.guest`]: '2Gi' }, left: [] })
  assert.deepEqual(read([{ ...memory, actual: '1572864' }]).fields, { [`${domain}.memory.guest`]: '1536Mi' })
  assert.deepEqual(read([{ ...current, actual: '524288' }]), { fields: {}, left: ['domain/currentMemory'] })
})

test('vCPUs are told as sockets, cores and threads, and as sockets that may come where fewer are there', () => {
  const most = { path: 'domain/vcpu', expected: '1', actual: '4' }
  const sockets = { path: 'domain/cpu/topology/@sockets', expected: '1', actual: '4' }
  assert.deepEqual(read([most, sockets]), { fields: { [`${domain}.cpu.sockets`]: 4 }, left: [] })
  const cores = { path: 'domain/cpu/topology/@cores', expected: '1', actual: '2' }
  assert.deepEqual(read([most, { ...sockets, actual: '2' }, cores]).fields, { [`${domain}.cpu.sockets`]: 2, [`${domain}.cpu.cores`]: 2 })
  const current = { path: 'domain/vcpu/@current', actual: '2' }
  assert.deepEqual(read([most, sockets, current]).fields, { [`${domain}.cpu.sockets`]: 2, [`${domain}.cpu.maxSockets`]: 4 })
})

test('a link that was set down, stored or in the running guest, is a state', () => {
  const live = { path: `live/devices/interface[${mac}]`, expected: 'network virtio default up', actual: 'network virtio default down' }
  const place = `${domain}.devices.interfaces[default].state`
  assert.deepEqual(read([live]), { fields: { [place]: 'down' }, left: [] })
  assert.deepEqual(read([{ path: `domain/devices/interface[${mac}]/link/@state`, actual: 'down' }]).fields, { [place]: 'down' })
})

test('a disk that was taken out goes with its volume, told by the alias that it had', () => {
  const disk = (end: string, expected: string): Drift => ({ path: `domain/devices/disk[vda]/${end}`, expected })
  const drift = [
    disk('target/@dev', 'vda'),
    disk('alias/@name', 'ua-disk-root'),
    { path: 'live/devices/disk[vda]', expected: 'disk virtio /a' },
  ]
  assert.deepEqual(read(drift, { volumes: [] }), {
    fields: { [`${domain}.devices.disks[root]`]: undefined, 'spec.template.spec.volumes[root]': undefined },
    left: [],
  })
})

test('what no field tells is left by its path, never by its value', () => {
  const added = [
    { path: 'domain/devices/disk[vdz]/source/@file', actual: '/srv/secret.img' },
    { path: 'domain/on_crash', expected: 'destroy', actual: 'restart' },
  ]
  assert.deepEqual(read(added), { fields: {}, left: ['domain/devices/disk[vdz]/source/@file', 'domain/on_crash'] })
})

/** Differences of one device: what it had, and what it has. */
function device(place: string, before: Record<string, string>, after: Record<string, string>): Drift[] {
  return [...new Set([...Object.keys(before), ...Object.keys(after)])].map((part) => ({
    path: `domain/devices/${place}/${part}`,
    ...(before[part] === undefined ? {} : { expected: before[part] }),
    ...(after[part] === undefined ? {} : { actual: after[part] }),
  }))
}

test('a CPU model is told by its name, or by the mode that stands for one', () => {
  const mode = { path: 'domain/cpu/@mode', expected: 'maximum', actual: 'host-passthrough' }
  assert.deepEqual(read([mode, { path: 'domain/cpu/@migratable', actual: 'on' }]), {
    fields: { [`${domain}.cpu.model`]: 'host-passthrough' },
    left: [],
  })
  const exact = [
    { path: 'domain/cpu/@mode', expected: 'maximum', actual: 'custom' },
    { path: 'domain/cpu/model', actual: 'Nehalem' },
    { path: 'domain/cpu/model/@fallback', actual: 'forbid' },
  ]
  assert.deepEqual(read(exact), { fields: { [`${domain}.cpu.model`]: 'Nehalem' }, left: [] })
  const most = { path: 'domain/cpu/@mode', expected: 'custom', actual: 'maximum' }
  assert.deepEqual(read([most]), { fields: {}, left: ['domain/cpu/@mode'] })
})

test('a CPU feature that came is an entry with its policy', () => {
  const drift = [
    { path: 'domain/cpu/feature[vmx]/@name', actual: 'vmx' },
    { path: 'domain/cpu/feature[vmx]/@policy', actual: 'require' },
  ]
  assert.deepEqual(read(drift), { fields: { [`${domain}.cpu.features[vmx]`]: { name: 'vmx', policy: 'require' } }, left: [] })
})

test('a clock is told as UTC or time zone, with its timers; by the host’s own time it is left', () => {
  const zone = [
    { path: 'domain/clock/@offset', expected: 'utc', actual: 'timezone' },
    { path: 'domain/clock/@timezone', actual: 'Europe/Berlin' },
  ]
  assert.deepEqual(read(zone), { fields: { [`${domain}.clock.timezone`]: 'Europe/Berlin' }, left: [] })
  const hpet = [
    { path: 'domain/clock/timer[hpet]/@name', actual: 'hpet' },
    { path: 'domain/clock/timer[hpet]/@present', actual: 'no' },
  ]
  assert.deepEqual(read(hpet), { fields: { [`${domain}.clock.timer.hpet.present`]: false }, left: [] })
  const local = { path: 'domain/clock/@offset', expected: 'utc', actual: 'localtime' }
  assert.deepEqual(read([local]), { fields: {}, left: ['domain/clock/@offset'] })
})

test('board and reboot policy are told', () => {
  const board = { path: 'domain/os/type/@machine', expected: 'pc-q35-7.2', actual: 'pc-q35-7.1' }
  const reboot = { path: 'domain/on_reboot', expected: 'restart', actual: 'destroy' }
  assert.deepEqual(read([board, reboot]), {
    fields: { [`${domain}.machine.type`]: 'pc-q35-7.1', [`${domain}.rebootPolicy`]: 'Terminate' },
    left: [],
  })
})

test('what is set on a disk is told, and a default that was taken away is left', () => {
  const set = device(
    'disk[vda]',
    { 'driver/@error_policy': 'stop' },
    { 'driver/@cache': 'writeback', 'driver/@io': 'threads', serial: 's1' },
  )
  const place = `${domain}.devices.disks[root]`
  assert.deepEqual(read(set), {
    fields: { [`${place}.cache`]: 'writeback', [`${place}.io`]: 'threads', [`${place}.serial`]: 's1' },
    left: ['domain/devices/disk[vda]/driver/@error_policy'],
  })
})

test('a disk on another bus and a NIC with another address are the same ones, told by the alias that they keep', () => {
  const disk = { 'target/@dev': 'vda', 'target/@bus': 'virtio', 'alias/@name': 'ua-disk-root', 'source/@file': '/a' }
  const moved = [
    ...device('disk[vda]', disk, {}),
    ...device('disk[sda]', {}, { ...disk, 'target/@dev': 'sda', 'target/@bus': 'sata', 'driver/@cache': 'none' }),
  ]
  assert.deepEqual(read(moved), {
    fields: { [`${domain}.devices.disks[root].disk.bus`]: 'sata' },
    left: ['domain/devices/disk[sda]/driver/@cache'],
  })
  const nic = { 'mac/@address': mac, 'alias/@name': 'ua-nic-default', '@type': 'network' }
  const other = '02:00:00:00:00:02'
  const drift = [...device(`interface[${mac}]`, nic, {}), ...device(`interface[${other}]`, {}, { ...nic, 'mac/@address': other })]
  assert.deepEqual(read(drift), { fields: { [`${domain}.devices.interfaces[default].macAddress`]: other }, left: [] })
})

const added = {
  '@type': 'file',
  '@device': 'disk',
  'driver/@name': 'qemu',
  'driver/@type': 'raw',
  'source/@file': '/srv/disks/more.img',
  'target/@dev': 'vdb',
  'target/@bus': 'virtio',
  'address/@type': 'pci',
}

test('a raw disk that was added from a folder which the Fleet allows is a hostDisk', () => {
  const live = { path: 'live/devices/disk[vdb]', actual: 'disk virtio /srv/disks/more.img' }
  const allowed = ['/srv/disks']
  assert.deepEqual(read([...device('disk[vdb]', {}, added), live], {}, allowed), {
    fields: {
      [`${domain}.devices.disks[vdb]`]: { name: 'vdb', disk: { bus: 'virtio' } },
      'spec.template.spec.volumes[vdb]': { name: 'vdb', hostDisk: { path: '/srv/disks/more.img', type: 'Disk' } },
    },
    left: [],
  })
  for (const [change, fleet] of [
    [{ 'driver/@type': 'qcow2' }, allowed],
    [{ 'iotune/total_iops_sec': '10' }, allowed],
    [{ 'driver/@discard': 'ignore' }, allowed],
    [{ 'source/@file': '/srv/disks/../other.img' }, allowed],
    [{}, []],
  ] as const) {
    const { fields, left } = read(device('disk[vdb]', {}, { ...added, ...change }), {}, fleet)
    assert.deepEqual(fields, {})
    assert.ok(left.includes('domain/devices/disk[vdb]/source/@file'))
  }
})

test('a NIC that was added on a bridge comes with its network, and one on a network of libvirt is left', () => {
  const other = '02:00:00:00:00:02'
  const nic = { '@type': 'bridge', 'mac/@address': other, 'source/@bridge': 'br1', 'model/@type': 'e1000e', 'address/@type': 'pci' }
  assert.deepEqual(read(device(`interface[${other}]`, {}, nic)), {
    fields: {
      [`${domain}.devices.interfaces[br1]`]: { name: 'br1', bridge: {}, macAddress: other, model: 'e1000e' },
      'spec.template.spec.networks[br1]': { name: 'br1', multus: { networkName: 'br1' } },
    },
    left: [],
  })
  const pod = { '@type': 'network', 'mac/@address': other, 'source/@network': 'lab' }
  assert.deepEqual(read(device(`interface[${other}]`, {}, pod)).fields, {})
})
