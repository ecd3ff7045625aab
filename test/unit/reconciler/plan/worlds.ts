import * as fc from 'fast-check'
import type { DisruptionClass, Plan } from '../../../../schemas/generated/plan.ts'
import type { DesiredObject, DesiredView } from '../../../../reconciler/desired/types.ts'
import type { ObservedView, Sighting } from '../../../../reconciler/observed/types.ts'
import { plan } from '../../../../reconciler/plan/plan.ts'
import { forNode } from '../../../../reconciler/plan/seal.ts'
import { disruptionClasses } from '../../../../reconciler/plan/disruption/classes.ts'
import { carryOut, desiredView, fleet, guestSpec, input, machine, network, node, observedView, plain, volume } from './support.ts'

const names = ['a', 'b', 'c', 'd'] as const
const buses = ['virtio', 'scsi', 'sata'] as const

const guest = fc.record({
  memory: fc.constantFrom('1Gi', '1024Mi', '2Gi'),
  cores: fc.integer({ min: 1, max: 2 }),
  seed: fc.constantFrom('#cloud-config\nhostname: one\n', '#cloud-config\nhostname: two\n'),
  serial: fc.option(fc.constantFrom('S1', 'S2'), { nil: undefined }),
  data: fc.option(fc.constantFrom(...buses), { nil: undefined }),
  link: fc.constantFrom(undefined, 'up', 'down'),
  secret: fc.boolean(),
})

type Guest = typeof guest extends fc.Arbitrary<infer T> ? T : never

function templateOf(name: string, shape: Guest): ReturnType<typeof guestSpec> {
  const disks = [
    { name: 'root', disk: { bus: 'virtio' as const }, ...(shape.serial === undefined ? {} : { serial: shape.serial }) },
    { name: 'seed', disk: { bus: 'virtio' as const } },
    ...(shape.data === undefined ? [] : [{ name: 'data', disk: { bus: shape.data } }]),
  ]
  return guestSpec({
    domain: {
      cpu: { cores: shape.cores, sockets: 1, threads: 1 },
      memory: { guest: shape.memory },
      devices: {
        disks,
        interfaces: [{ name: 'default', masquerade: {}, model: 'virtio', ...(shape.link === undefined ? {} : { state: shape.link }) }],
      },
    },
    volumes: [
      { name: 'root', dataVolume: { name: `${name}-root` } },
      { name: 'seed', cloudInitNoCloud: shape.secret ? { secretRef: { name: 'seed' } } : { userData: shape.seed } },
      ...(shape.data === undefined ? [] : [{ name: 'data', dataVolume: { name: `${name}-data` } }]),
    ],
  })
}

const one = fc.record({
  guest,
  runStrategy: fc.constantFrom('Always', 'RerunOnFailure', 'Manual', 'Halted', 'Once'),
  label: fc.constantFrom('x', 'y'),
  size: fc.constantFrom('1Gi', '2Gi'),
  annotations: fc.constantFrom<Record<string, string>>({}, { 'gitvirt.io/prune': 'disabled' }),
})

/** Objects of one revision: some machines with their disks, a policy, a Secret. */
export const revision: fc.Arbitrary<DesiredObject[]> = fc
  .record({
    machines: fc.dictionary(fc.constantFrom(...names), one, { noNullPrototype: true }),
    bridge: fc.option(fc.constantFrom('br1', 'br2'), { nil: undefined }),
    password: fc.constantFrom('one', 'two'),
  })
  .map(({ machines, bridge, password }) => [
    plain('Secret', 'seed', { stringData: { userdata: password } }),
    ...(bridge === undefined ? [] : [network('net', { bridge })]),
    ...Object.entries(machines).flatMap(([name, shape]) => [
      machine(name, {
        guest: templateOf(name, shape.guest),
        runStrategy: shape.runStrategy,
        labels: { tier: shape.label },
        annotations: shape.annotations,
      }),
      volume(`${name}-root`, { size: shape.size, path: `${name}.yaml` }),
      ...(shape.guest.data === undefined ? [] : [volume(`${name}-data`, { path: `${name}.yaml` })]),
    ]),
  ])

/** A class that the Fleet lets go unattended. */
export const limit: fc.Arbitrary<DisruptionClass> = fc.constantFrom(...disruptionClasses)

export function withFleet(objects: readonly DesiredObject[], unattended: DisruptionClass): DesiredObject[] {
  return [fleet({ disruption: { unattended }, prune: { maxCount: 100, maxPercent: 100 } }), ...objects]
}

export const nodes = [node('h1')]

/** What goes to the nodes, a part for each that has something to do. */
export function sentOf(made: Plan): Plan[] {
  const names = [...new Set(made.changes.map((change) => change.node))].sort()
  return names.map((name) => forNode(made, name)).filter(({ changes }) => changes.length > 0)
}

/** Plans and carries out until nothing more is sent; the number of passes is bounded. */
export function settle(desired: DesiredView, before: readonly Sighting[] = []): { readonly world: Sighting[]; readonly passes: number } {
  let world = [...before]
  for (let passes = 0; passes < 10; passes += 1) {
    const made = plan(input(desired, observedView(nodes, world)))
    const sent = sentOf(made)
    if (sent.length === 0) return { world, passes }
    world = carryOut(sent, world)
  }
  return { world, passes: 10 }
}

/** A world that an earlier revision left behind. */
export function worldOf(objects: readonly DesiredObject[]): { readonly world: Sighting[]; readonly view: ObservedView } {
  const { world } = settle(desiredView(withFleet(objects, 'data-loss')))
  return { world, view: observedView(nodes, world) }
}
