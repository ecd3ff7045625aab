import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { FleetSpec } from '../../../../schemas/generated/fleet.ts'
import type { ObservedMachine } from '../../../../schemas/generated/observation.ts'
import type { MachineSpec } from '../../../../schemas/generated/plan.ts'
import type { VirtualMachineInstanceSpec } from '../../../../schemas/generated/virtual-machine.ts'
import { plan } from '../../../../reconciler/plan/plan.ts'
import { desiredView, fleet, guestSpec, input, machine, node, observedMachine, observedView, volume } from './support.ts'

const key = 'VirtualMachine/default/vm'
const memory = 'spec.template.spec.domain.memory.guest'
const drift = ['memory', 'currentMemory'].map((name) => ({ path: `domain/${name}`, expected: '1048576', actual: '2097152' }))

type World = {
  ignore?: string
  rules?: FleetSpec['ignoreDifferences']
  guest?: VirtualMachineInstanceSpec
  seen?: Partial<ObservedMachine>
  made?: boolean
}

function planned({ ignore, rules, guest = guestSpec(), seen = {}, made = true }: World) {
  const first = plan(input(desiredView([volume('root'), machine('vm')]), observedView([node('h1')])))
  const applied = first.changes.find((one) => one.key === key)?.steps[0]?.machine
  assert.ok(applied !== undefined)
  const annotations = ignore === undefined ? {} : { 'gitvirt.io/ignore-differences': ignore }
  const objects = [
    volume('root'),
    machine('vm', { guest, annotations }),
    ...(rules === undefined ? [] : [fleet({ ignoreDifferences: rules })]),
  ]
  const view = observedView([node('h1')], made ? [{ node: 'h1', object: observedMachine(applied, seen) }] : [])
  const { changes, findings } = plan(input(desiredView(objects), view))
  return {
    change: changes.find((one) => one.key === key),
    told: findings.filter(({ code }) => code === 'DifferencesIgnored').map(({ message }) => message),
  }
}

const sized = (size: string, rest: Partial<VirtualMachineInstanceSpec> = {}): VirtualMachineInstanceSpec => {
  const guest = guestSpec(rest)
  return { ...guest, domain: { ...guest.domain, memory: { guest: size } } }
}
const memoryOf = (spec: MachineSpec | undefined): unknown => spec?.template.spec?.domain.memory?.guest

test('a change in Git of an ignored field asks for no step, and is told', () => {
  assert.equal(planned({ guest: sized('4Gi') }).change?.fields[0]?.path, memory, 'without the annotation it is a change')
  const { change, told } = planned({ ignore: memory, guest: sized('4Gi') })
  assert.equal(change, undefined)
  assert.deepEqual(told, [`Left as the host has it, as its annotation gitvirt.io/ignore-differences says: ${memory}.`])
})

test('drift of an ignored field asks for no step, and is told', () => {
  assert.ok(planned({ seen: { drift } }).change !== undefined, 'without the annotation it is mended')
  const { change, told } = planned({ ignore: memory, seen: { drift } })
  assert.equal(change, undefined)
  assert.equal(told.length, 1)
})

test('a step for another reason leaves the field as the host has it', () => {
  const guest = sized('4Gi', { terminationGracePeriodSeconds: 60 })
  const { change } = planned({ ignore: memory, guest, seen: { drift } })
  assert.deepEqual(
    change?.fields.map(({ path }) => path),
    ['spec.template.spec.terminationGracePeriodSeconds'],
  )
  assert.equal(memoryOf(change?.steps.find(({ verb }) => verb === 'DefineDomain')?.machine), '2Gi')
  const { change: undrifted } = planned({ ignore: memory, guest })
  assert.equal(memoryOf(undrifted?.steps[0]?.machine), '1Gi')
})

test('a machine that is made gets what Git says', () => {
  const { change, told } = planned({ ignore: memory, guest: sized('4Gi'), made: false })
  assert.equal(memoryOf(change?.steps[0]?.machine), '4Gi')
  assert.deepEqual(told, [])
})

test('what the running guest was booted with asks for no restart because of an ignored field', () => {
  const { change } = planned({ ignore: memory, guest: sized('4Gi'), seen: { booted: bootedWith('512Mi') } })
  assert.equal(change, undefined)
})

function bootedWith(size: string): MachineSpec {
  const first = plan(input(desiredView([volume('root'), machine('vm', { guest: sized(size) })]), observedView([node('h1')])))
  const spec = first.changes.find((one) => one.key === key)?.steps[0]?.machine
  assert.ok(spec !== undefined)
  return spec
}

test('patterns stand for list entries, and places of the domain for drift that no field can say', () => {
  const guest = guestSpec()
  const disks = (guest.domain.devices.disks ?? []).map((disk) => ({ ...disk, serial: 'S1' }))
  const serial = { ...guest, domain: { ...guest.domain, devices: { ...guest.domain.devices, disks } } }
  assert.equal(planned({ ignore: 'spec.template.spec.domain.devices.disks[*].serial', guest: serial }).change, undefined)
  assert.equal(planned({ ignore: 'spec.template.spec.domain.devices.disks[root]', guest: serial }).change?.fields.length, 1)
  const odd = [{ path: 'domain/features/vmport/@state', actual: 'off' }]
  assert.equal(planned({ ignore: 'domain:domain/features', seen: { drift: odd } }).change, undefined)
  assert.ok(planned({ ignore: 'domain:domain/feat', seen: { drift: odd } }).change !== undefined)
})

test('a disk that Git adds to an ignored list stays away, and one that it removes stays', () => {
  const guest = guestSpec()
  const [root] = guest.domain.devices.disks ?? []
  const fewer = { ...guest, domain: { ...guest.domain, devices: { ...guest.domain.devices, disks: root === undefined ? [] : [root] } } }
  assert.equal(planned({ ignore: 'spec.template.spec.domain.devices.disks', guest: fewer }).change, undefined)
})

test('the Fleet names fields by namespace, name and label, with its reason', () => {
  const rules: FleetSpec['ignoreDifferences'] = [{ name: 'v*', fields: [memory], reason: 'sized by another program' }]
  const { change, told } = planned({ rules, guest: sized('4Gi') })
  assert.equal(change, undefined)
  assert.deepEqual(told, [`Left as the host has it, as spec.ignoreDifferences of gitvirt.yaml (sized by another program) says: ${memory}.`])
  assert.ok(planned({ rules: [{ name: 'x*', fields: [memory], reason: 'r' }], guest: sized('4Gi') }).change !== undefined)
  assert.ok(planned({ rules: [{ matchLabels: { a: 'b' }, fields: [memory], reason: 'r' }], guest: sized('4Gi') }).change !== undefined)
})
