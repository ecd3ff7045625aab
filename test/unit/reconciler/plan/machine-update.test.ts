import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { ObservedMachine } from '../../../../schemas/generated/observation.ts'
import type { Change, MachineSpec } from '../../../../schemas/generated/plan.ts'
import type { VirtualMachineInstanceSpec } from '../../../../schemas/generated/virtual-machine.ts'
import type { FleetSpec } from '../../../../schemas/generated/fleet.ts'
import type { DesiredObject } from '../../../../reconciler/desired/types.ts'
import type { Approval } from '../../../../reconciler/plan/types.ts'
import { approvalsFor } from '../../../../reconciler/plan/approve.ts'
import { plan } from '../../../../reconciler/plan/plan.ts'
import { forNode } from '../../../../reconciler/plan/seal.ts'
import {
  desiredView,
  fleet,
  guestSpec,
  input,
  machine,
  node,
  observedMachine,
  observedView,
  observedVolume,
  plain,
  volume,
} from './support.ts'

type Scene = {
  before?: DesiredObject
  after: DesiredObject
  observed?: Partial<ObservedMachine>
  policy?: FleetSpec
  others?: DesiredObject[]
  approvals?: Approval[]
}

function specs(objects: readonly DesiredObject[]): { machine: MachineSpec; root: ReturnType<typeof observedVolume> } {
  const made = plan(input(desiredView(objects), observedView([node('h1')])))
  const steps = made.changes.flatMap((change) => change.steps)
  const spec = steps.find((step) => step.machine !== undefined)?.machine
  const root = steps.find((step) => step.volume !== undefined)?.volume
  assert.ok(spec !== undefined && root !== undefined)
  return { machine: spec, root: observedVolume(root) }
}

function planned(scene: Scene): { change: Change | undefined; sent: Change | undefined; made: ReturnType<typeof plan> } {
  const others = [volume('root'), ...(scene.others ?? [])]
  const applied = specs([scene.before ?? scene.after, ...others])
  const objects = [scene.after, ...others, ...(scene.policy === undefined ? [] : [fleet(scene.policy)])]
  const view = observedView(
    [node('h1')],
    [
      { node: 'h1', object: observedMachine(applied.machine, scene.observed) },
      { node: 'h1', object: applied.root },
    ],
  )
  const made = plan(input(desiredView(objects), view, { approvals: scene.approvals ?? [] }))
  const own = ({ key }: Change): boolean => key === scene.after.key
  return { made, change: made.changes.find(own), sent: forNode(made, 'h1').changes.find(own) }
}

const verbs = (change: Change | undefined): string[] => (change?.steps ?? []).map(({ verb }) => verb)

function withGuest(edit: (guest: VirtualMachineInstanceSpec) => void): DesiredObject {
  const guest = structuredClone(guestSpec())
  edit(guest)
  return machine('vm', { guest })
}

const moreMemory = (): DesiredObject => withGuest((guest) => void (guest.domain.memory = { guest: '2Gi' }))

describe('machine updates', () => {
  it('moves a label without disturbing the guest', () => {
    const { change, sent } = planned({ before: machine('vm'), after: machine('vm', { labels: { tier: 'web' } }) })
    assert.equal(change?.disruption, 'none')
    assert.deepEqual(change?.fields, [{ path: 'metadata.labels.tier', after: 'web', disruption: 'none' }])
    assert.deepEqual(verbs(sent), ['DefineDomain'])
  })

  it('defines more memory at once and holds the restart back', () => {
    const { change, sent } = planned({ before: machine('vm'), after: moreMemory() })
    assert.equal(change?.action, 'update')
    assert.equal(change?.disruption, 'restart')
    assert.equal(change?.fields[0]?.path, 'spec.template.spec.domain.memory.guest')
    assert.deepEqual(change?.blocked[0]?.steps, ['RestartDomain:VirtualMachine/default/vm'])
    assert.deepEqual(verbs(sent), ['DefineDomain'])
  })

  it('keeps saying that a restart waits once the definition has changed, and sends nothing more', () => {
    const booted = specs([machine('vm'), volume('root')]).machine
    const { change, sent } = planned({ after: moreMemory(), observed: { booted } })
    assert.deepEqual(verbs(change), ['RestartDomain'])
    assert.equal(change?.blocked[0]?.reason, 'DisruptionNotAllowed')
    assert.deepEqual(
      change?.fields.map(({ path, before, after }) => [path, before, after]),
      [['spec.template.spec.domain.memory.guest', '1Gi', '2Gi']],
    )
    assert.equal(sent, undefined)
  })

  const same = (edit: (guest: VirtualMachineInstanceSpec) => void, observed: Partial<ObservedMachine> = {}): void => {
    const after = withGuest(edit)
    const booted = specs([machine('vm'), volume('root')]).machine
    const { change } = planned({ before: machine('vm'), after, observed })
    assert.deepEqual(
      change?.fields.map(({ disruption }) => disruption),
      ['none'],
    )
    assert.equal(planned({ after, observed: { ...observed, booted } }).change, undefined)
  }

  it('waits for no restart that would bring nothing', () => {
    same((guest) => void (guest.domain.memory = { guest: '1024Mi' }))
    same((guest) => void (guest.domain.resources = { requests: { memory: '512Mi' } }))
    same((guest) => void (guest.domain.devices.autoattachVSOCK = true))
    same((guest) => void (guest.subdomain = 'sub'))
    same((guest) => void (guest.domain.devices.autoattachGraphicsDevice = true))
    same((guest) => void (guest.domain.clock = { utc: {} }))
    same((guest) => void (guest.domain.devices.networkInterfaceMultiqueue = true))
    same((guest) => void (guest.architecture = 'amd64'))
    same((guest) => void (guest.domain.cpu = { cores: 1, sockets: 1, threads: 1, maxSockets: 1 }))
    same((guest) => void (guest.domain.firmware = {}))
    same((guest) => void (guest.domain.features = { acpi: { enabled: true } }))
  })

  it('waits for no restart where a field beside it takes the meaning', () => {
    const of = (guest: VirtualMachineInstanceSpec, name: string) => guest.domain.devices.disks?.find((one) => one.name === name) ?? { name }
    // A seed is only read anyway; the host name is the machine's own.
    same((guest) => void (of(guest, 'seed').disk = { bus: 'virtio', readonly: true }))
    same((guest) => void (guest.hostname = 'vm.example.org'))
    same((guest) => void (guest.domain.ioThreads = { supplementalPoolThreadCount: 2 }))
  })

  it('restarts for what only a host with KVM carries out where it has KVM', () => {
    const edit = (guest: VirtualMachineInstanceSpec): void => void (guest.domain.features = { kvm: { hidden: true } })
    same(edit, { accelerator: 'tcg' })
    for (const observed of [{ accelerator: 'kvm' as const }, {}])
      assert.equal(planned({ before: machine('vm'), after: withGuest(edit), observed }).change?.disruption, 'restart')
  })

  it('restarts for a field that is not done as asked and yet makes another guest', () => {
    const lun = (bus: 'scsi' | 'virtio'): DesiredObject =>
      withGuest((guest) => void (guest.domain.devices.disks = [{ name: 'root', lun: { bus } }]))
    assert.equal(planned({ before: lun('scsi'), after: lun('virtio') }).change?.disruption, 'restart')
    const flush = withGuest((guest) => void (guest.domain.features = { hyperv: { tlbflush: { direct: {} } } }))
    assert.equal(planned({ before: machine('vm'), after: flush }).change?.disruption, 'restart')
  })

  it('tells a host name that nothing tells the guest from one that its seed tells', () => {
    const named = (hostname: string, edit: (guest: VirtualMachineInstanceSpec) => void): DesiredObject =>
      withGuest((guest) => {
        guest.hostname = hostname
        edit(guest)
      })
    const classOf = (edit: (guest: VirtualMachineInstanceSpec) => void): string | undefined =>
      planned({ before: named('one', edit), after: named('two', edit) }).change?.disruption
    assert.equal(
      classOf(() => undefined),
      'restart',
    )
    const noSeed = { name: 'seed', emptyDisk: { capacity: '1Mi' } }
    assert.equal(
      classOf((guest) => void (guest.volumes = (guest.volumes ?? []).map((one) => (one.name === 'seed' ? noSeed : one)))),
      'none',
    )
  })

  it('tells what waits by what the guest has, not by what was applied', () => {
    const clock = (timezone: string | undefined, offsetSeconds: number): DesiredObject =>
      withGuest((guest) => void (guest.domain.clock = { ...(timezone === undefined ? {} : { timezone }), utc: { offsetSeconds } }))
    const booted = specs([clock(undefined, 60), volume('root')]).machine
    // The time zone, which waits already, is stronger than the offset: only beside what the guest has does the offset come to something.
    const { change } = planned({ before: clock('Europe/Berlin', 60), after: clock('Europe/Berlin', 120), observed: { booted } })
    const paths = change?.fields.filter(({ disruption }) => disruption === 'restart').map(({ path }) => path.split('.').at(-1))
    assert.deepEqual(paths?.sort(), ['offsetSeconds', 'timezone'])
  })

  it('restarts for requests that decide how large the guest is', () => {
    const sized = (memory: string): DesiredObject =>
      withGuest((guest) => void (guest.domain = { ...guest.domain, memory: {}, resources: { requests: { memory } } }))
    const { change } = planned({ before: sized('1Gi'), after: sized('2Gi') })
    assert.equal(change?.disruption, 'restart')
  })

  it('plugs again what an earlier hotplug did not bring about', () => {
    const disk = (guest: VirtualMachineInstanceSpec): void => {
      guest.domain.devices.disks?.push({ name: 'data', disk: { bus: 'virtio' } })
      guest.volumes?.push({ name: 'data', emptyDisk: { capacity: '1Gi' } })
    }
    const booted = specs([machine('vm'), volume('root')]).machine
    const { change } = planned({ after: withGuest(disk), observed: { booted } })
    assert.deepEqual(verbs(change), ['HotplugDomain'])
    assert.equal(change?.disruption, 'hotplug')
  })

  it('restarts by itself where the policy allows restarts', () => {
    const { sent } = planned({ before: machine('vm'), after: moreMemory(), policy: { disruption: { unattended: 'restart' } } })
    assert.deepEqual(verbs(sent), ['DefineDomain', 'RestartDomain'])
  })

  it('restarts after an approval of that very change, and of no other', () => {
    const scene: Scene = { before: machine('vm'), after: moreMemory() }
    const { made, change } = planned(scene)
    assert.ok(change !== undefined)
    const approvals = approvalsFor(made, { plan: made.id, by: 'operator', at: 'now' })
    assert.deepEqual(verbs(planned({ ...scene, approvals }).sent), ['DefineDomain', 'RestartDomain'])
    assert.deepEqual(verbs(planned({ ...scene, approvals: [{ plan: made.id, by: 'operator', at: 'now' }] }).sent), [
      'DefineDomain',
      'RestartDomain',
    ])
    const other = withGuest((guest) => void (guest.domain.memory = { guest: '4Gi' }))
    assert.deepEqual(verbs(planned({ ...scene, after: other, approvals }).sent), ['DefineDomain'])
    const booted = specs([machine('vm'), volume('root')]).machine
    const later = planned({ after: moreMemory(), observed: { booted }, approvals })
    assert.deepEqual(verbs(later.sent), ['RestartDomain'])
  })

  it('needs no restart for a value that the running guest still has', () => {
    const raised = specs([moreMemory(), volume('root')]).machine
    const booted = specs([machine('vm'), volume('root')]).machine
    const { change } = planned({
      after: machine('vm'),
      observed: { applied: raised, booted },
    })
    assert.deepEqual(verbs(change), ['DefineDomain'])
    assert.equal(change?.disruption, 'none')
  })

  it('hotplugs a disk on virtio and waits for a restart on sata', () => {
    const add = (bus: 'virtio' | 'sata'): DesiredObject =>
      withGuest((guest) => {
        guest.domain.devices.disks?.push({ name: 'data', disk: { bus } })
        guest.volumes?.push({ name: 'data', dataVolume: { name: 'root' } })
      })
    const hot = planned({ before: machine('vm'), after: add('virtio') })
    assert.equal(hot.change?.disruption, 'hotplug')
    assert.deepEqual(verbs(hot.sent), ['DefineDomain', 'HotplugDomain'])
    const cold = planned({ before: machine('vm'), after: add('sata') })
    assert.equal(cold.change?.disruption, 'restart')
    assert.match(cold.change?.fields[0]?.reason ?? '', /sata has no hotplug/)
  })

  it('disturbs nobody while no guest runs', () => {
    const { change, sent } = planned({ before: machine('vm', { runStrategy: 'Halted' }), after: withHalted(moreMemory()) })
    assert.equal(change?.disruption, 'none')
    assert.deepEqual(verbs(sent), ['DefineDomain'])
  })

  it('stops a guest that a commit halts, though restarts are not allowed', () => {
    const { change, sent } = planned({ before: machine('vm'), after: machine('vm', { runStrategy: 'Halted' }) })
    assert.equal(change?.disruption, 'restart')
    assert.deepEqual(verbs(sent), ['DefineDomain', 'StopDomain'])
    assert.equal(sent?.steps[1]?.graceSeconds, 30)
  })

  it('starts a machine that a commit sets to run', () => {
    const { sent } = planned({ before: machine('vm', { runStrategy: 'Halted' }), after: machine('vm') })
    assert.deepEqual(verbs(sent), ['DefineDomain', 'StartDomain'])
  })

  it('does not fight a standing stop or start of a person', () => {
    const power = (request: 'start' | 'stop'): ObservedMachine['power'] => ({ request, at: 'then', by: 'operator' })
    assert.equal(
      planned({ after: machine('vm'), observed: { state: 'off', power: power('stop') as NonNullable<ObservedMachine['power']> } }).change,
      undefined,
    )
    const halted = machine('vm', { runStrategy: 'Halted' })
    assert.equal(
      planned({ after: halted, observed: { state: 'running', power: power('start') as NonNullable<ObservedMachine['power']> } }).change,
      undefined,
    )
  })

  it('leaves restarts after an exit to the guard', () => {
    assert.equal(planned({ after: machine('vm'), observed: { state: 'crashed' } }).change, undefined)
    assert.equal(planned({ after: machine('vm', { runStrategy: 'Once' }), observed: { state: 'off' } }).change, undefined)
  })

  it('starts what was defined and never ran, as after a crash between the two steps', () => {
    const { machine: spec, root } = specs([machine('vm', { runStrategy: 'Once' }), volume('root')])
    const { booted: _, startedAt: __, ...never } = observedMachine(spec, { state: 'off' })
    const view = observedView(
      [node('h1')],
      [
        { node: 'h1', object: never },
        { node: 'h1', object: root },
      ],
    )
    const made = plan(input(desiredView([machine('vm', { runStrategy: 'Once' }), volume('root')]), view))
    assert.deepEqual(verbs(made.changes[0]), ['StartDomain'])
  })

  it('mends drift without a restart and shows it as fields', () => {
    const drift = [{ path: 'devices/interface[1]', expected: 'br1', actual: 'br2' }]
    const { change, sent } = planned({ after: machine('vm'), observed: { drift } })
    assert.deepEqual(verbs(sent), ['DefineDomain', 'HotplugDomain'])
    assert.deepEqual([change?.fields[0]?.before, change?.fields[0]?.after], ['br2', 'br1'])
  })

  it('defines and starts a machine whose domain is gone', () => {
    const { sent } = planned({ after: machine('vm'), observed: { state: 'undefined' } })
    assert.deepEqual(verbs(sent), ['DefineDomain', 'StartDomain'])
  })

  it('holds a new firmware UUID back as a replacement', () => {
    const after = withGuest((guest) => void (guest.domain.firmware = { uuid: '5d307ca9-b3ef-428c-8861-06e72d69f223' }))
    const { change, sent } = planned({ before: machine('vm'), after })
    assert.equal(change?.action, 'replace')
    assert.equal(change?.disruption, 'recreate')
    assert.deepEqual(verbs(change), ['StopDomain', 'UndefineDomain', 'DefineDomain', 'StartDomain'])
    assert.equal(sent, undefined)
  })

  it('takes a Secret that was applied for unchanged where there is no salt, and says so', () => {
    const seed = (password: string): DesiredObject => plain('Secret', 'seed', { stringData: { userdata: password } })
    const volumes = [
      { name: 'root', dataVolume: { name: 'root' } },
      { name: 'seed', cloudInitNoCloud: { secretRef: { name: 'seed' } } },
    ]
    const guest = guestSpec({ volumes })
    const applied = specs([machine('vm', { guest }), volume('root'), seed('one')])
    const sightings = [observedMachine(applied.machine), applied.root].map((object) => ({ node: 'h1', object }))
    const { inputSalt: _salt, ...offline } = input(
      desiredView([machine('vm', { guest }), volume('root'), seed('two')]),
      observedView([node('h1')], sightings),
    )
    const { changes, findings } = plan(offline)
    assert.deepEqual(changes, [])
    assert.deepEqual(
      findings.map(({ severity, key, message }) => ({ severity, key, message })),
      [{ severity: 'warning', key: 'VirtualMachine/default/vm', message: 'Contents of Secret/default/seed are not compared offline.' }],
    )
  })

  it('waits for a restart when a Secret that the seed is made of changes, and shows no value', () => {
    const seed = (password: string): DesiredObject => plain('Secret', 'seed', { stringData: { userdata: password } })
    const guest = guestSpec({
      volumes: [
        { name: 'root', dataVolume: { name: 'root' } },
        { name: 'seed', cloudInitNoCloud: { secretRef: { name: 'seed' } } },
      ],
    })
    const applied = specs([machine('vm', { guest }), volume('root'), seed('one')])
    const objects = [machine('vm', { guest }), volume('root'), seed('two')]
    const view = observedView(
      [node('h1')],
      [
        { node: 'h1', object: observedMachine(applied.machine) },
        { node: 'h1', object: applied.root },
      ],
    )
    const [change] = plan(input(desiredView(objects), view)).changes
    assert.equal(change?.fields[0]?.path, 'inputs[Secret/default/seed]')
    assert.equal(change?.fields[0]?.sensitive, true)
    assert.equal(change?.disruption, 'restart')
    const defined = { ...applied.machine, inputs: change?.steps[0]?.machine?.inputs ?? {} }
    const seen = observedMachine(defined, { booted: applied.machine })
    const later = plan(
      input(
        desiredView(objects),
        observedView(
          [node('h1')],
          [
            { node: 'h1', object: seen },
            { node: 'h1', object: applied.root },
          ],
        ),
      ),
    )
    assert.deepEqual(verbs(later.changes[0]), ['RestartDomain'])
    assert.deepEqual(forNode(later, 'h1').changes, [])
  })

  it('is no change when only the place within the file or the revision moved', () => {
    const moved = machine('vm')
    const { change } = planned({ before: machine('vm'), after: { ...moved, origin: { ...moved.origin, line: 9, revision: 'r2' } } })
    assert.equal(change, undefined)
  })

  it('never does anything to a machine that two nodes report', () => {
    const { machine: spec } = specs([machine('vm'), volume('root')])
    const twice = ['h1', 'h2'].map((name) => ({ node: name, object: observedMachine(spec) }))
    const made = plan(input(desiredView([moreMemory()]), observedView([node('h1'), node('h2')], twice)))
    assert.equal(made.changes[0]?.blocked[0]?.reason, 'Conflict')
    assert.deepEqual(made.changes[0]?.steps, [])
  })
})

function withHalted(object: DesiredObject): DesiredObject {
  assert.ok(object.kind === 'VirtualMachine')
  return { ...object, object: { ...object.object, spec: { ...object.object.spec, runStrategy: 'Halted' } } }
}
