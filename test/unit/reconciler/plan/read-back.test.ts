import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Drift, ObservedMachine } from '../../../../schemas/generated/observation.ts'
import type { MachineSpec } from '../../../../schemas/generated/plan.ts'
import { formatPath } from '../../../../reconciler/plan/diff/path.ts'
import { readBack } from '../../../../reconciler/plan/read-back.ts'
import { guestSpec, observedMachine } from './support.ts'

const mac = '02:00:00:00:00:01'

function read(drift: readonly Drift[], rest: Partial<ObservedMachine> = {}) {
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
  const { fields, left } = readBack(observedMachine(applied, { drift: [...drift], ...seen }))
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
