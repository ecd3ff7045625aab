import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { ObservedPolicy } from '../../../../schemas/generated/observation.ts'
import type { Plan } from '../../../../schemas/generated/plan.ts'
import type { VirtualMachineInstanceSpec } from '../../../../schemas/generated/virtual-machine.ts'
import type { DesiredObject } from '../../../../reconciler/desired/types.ts'
import type { ObservedNode } from '../../../../reconciler/observed/types.ts'
import { policyDigest } from '../../../../reconciler/lib/policy-digest.ts'
import { plan } from '../../../../reconciler/plan/plan.ts'
import { maxUnavailable } from '../../../../reconciler/plan/network.ts'
import { desiredView, guestSpec, input, machine, network, node, observedPolicy, observedView, plain } from './support.ts'

function place(
  guest: Partial<VirtualMachineInstanceSpec>,
  nodes: readonly ObservedNode[],
  others: readonly DesiredObject[] = [],
): Plan['changes'][number] {
  const object = machine('vm', { guest: guestSpec({ volumes: [], ...guest }) })
  const made = plan(input(desiredView([object, ...others]), observedView(nodes)))
  const change = made.changes.find(({ key }) => key === object.key)
  assert.ok(change !== undefined)
  return change
}

const problem = (change: Plan['changes'][number]): string => change.blocked.map(({ message }) => message).join()
const labelled = (name: string, labels: Record<string, string>, spec: object = {}): DesiredObject =>
  plain('Node', name, { metadata: { labels }, spec })

describe('placement', () => {
  it('follows labels of Git and well-known labels of the host', () => {
    const nodes = [node('h1'), node('h2')]
    assert.equal(place({ nodeSelector: { disk: 'ssd' } }, nodes, [labelled('h2', { disk: 'ssd' })]).node, 'h2')
    assert.equal(place({ nodeSelector: { 'kubernetes.io/hostname': 'h2', 'kubernetes.io/arch': 'amd64' } }, nodes).node, 'h2')
  })

  it('says for every node why it does not fit', () => {
    const tainted = labelled('h2', {}, { taints: [{ key: 'gpu', value: 'yes', effect: 'NoSchedule' }] })
    const cordoned = labelled('h3', {}, { unschedulable: true })
    const small = node('h1', { facts: { memoryBytes: 2 ** 29 } })
    const away = node('h4', { connected: false })
    const change = place({}, [small, node('h2'), node('h3'), away], [tainted, cordoned])
    assert.equal(change.blocked[0]?.reason, 'Unschedulable')
    assert.match(
      problem(change),
      /^0\/4 nodes are available: h1: insufficient memory \(needs 1GiB, 512MiB of 512MiB is free\); h2: had untolerated taint/,
    )
    assert.match(problem(change), /h3: is unschedulable.*; h4: its agent is not connected/)
  })

  it('honours tolerations and required node affinity', () => {
    const tainted = labelled('h1', { zone: 'a' }, { taints: [{ key: 'gpu', value: 'yes', effect: 'NoSchedule' }] })
    assert.deepEqual(place({ tolerations: [{ key: 'gpu', operator: 'Exists' }] }, [node('h1')], [tainted]).blocked, [])
    const affinity = (values: string[]): Partial<VirtualMachineInstanceSpec> => ({
      affinity: {
        nodeAffinity: {
          requiredDuringSchedulingIgnoredDuringExecution: {
            nodeSelectorTerms: [{ matchExpressions: [{ key: 'zone', operator: 'In', values }] }],
          },
        },
      },
    })
    const zone = labelled('h1', { zone: 'a' })
    assert.equal(place(affinity(['a']), [node('h1')], [zone]).node, 'h1')
    assert.match(problem(place(affinity(['b']), [node('h1')], [zone])), /required node affinity/)
  })

  it('needs the bridge, or a policy that brings it up, and waits for that policy', () => {
    const wired: Partial<VirtualMachineInstanceSpec> = { networks: [{ name: 'default', multus: { networkName: 'net/br1' } }] }
    assert.match(problem(place(wired, [node('h1')])), /has no bridge br1/)
    assert.deepEqual(place(wired, [node('h1')], [network('net')]).after, ['NodeNetworkConfigurationPolicy//net'])
    const there = node('h1', { facts: { interfaces: [{ name: 'br1', type: 'linux-bridge', up: true }] } })
    assert.deepEqual(place(wired, [there]).blocked, [])
  })

  it('does not give the same memory away twice in one plan', () => {
    const two = ['a', 'b'].map((name) => machine(name, { guest: guestSpec({ volumes: [] }) }))
    const made = plan(input(desiredView(two), observedView([node('h1', { facts: { memoryBytes: 1.5 * 2 ** 30 } })])))
    assert.deepEqual(
      made.changes.map(({ blocked }) => blocked.length),
      [0, 1],
    )
  })
})

describe('network policies', () => {
  const hosts = ['h1', 'h2', 'h3'].map((name) => node(name))

  it('change at most half of the matching nodes at once, rounded up', () => {
    const made = plan(input(desiredView([network('net')]), observedView(hosts)))
    assert.deepEqual(
      made.changes.map(({ node, blocked }) => [node, blocked.length]),
      [
        ['h1', 0],
        ['h2', 0],
        ['h3', 1],
      ],
    )
  })

  it('go on only when nodes became Available', () => {
    const desired = desiredView([network('net', { maxUnavailable: 1 })])
    const first = plan(input(desired, observedView(hosts))).changes[0]?.steps[0]?.policy
    assert.ok(first !== undefined)
    const failing = observedPolicy(first, {
      failed: { digest: policyDigest(first) },
      conditions: [{ type: 'Failing', status: 'True', reason: 'FailedToConfigure', message: '', at: '' }],
    })
    const stuck = plan(input(desired, observedView(hosts, [{ node: 'h1', object: failing }])))
    assert.ok(stuck.changes.every(({ blocked }) => blocked.length === 1))
    const next = plan(input(desired, observedView(hosts, [{ node: 'h1', object: observedPolicy(first) }])))
    assert.deepEqual(
      next.changes.map(({ node, blocked }) => [node, blocked.length]),
      [
        ['h2', 0],
        ['h3', 1],
      ],
    )
  })

  it('read maxUnavailable as a number or a share, and never as none', () => {
    assert.deepEqual([maxUnavailable(undefined, 3), maxUnavailable('10%', 3), maxUnavailable(0, 3), maxUnavailable(2, 3)], [2, 1, 1, 2])
  })

  it('mend drift, but not where the node failed with this very policy', () => {
    const desired = desiredView([network('net')])
    const policy = plan(input(desired, observedView([node('h1')]))).changes[0]?.steps[0]?.policy
    assert.ok(policy !== undefined)
    const drift = [{ path: 'interfaces[br1].state', expected: 'up', actual: 'absent' }]
    const drifted = plan(input(desired, observedView([node('h1')], [{ node: 'h1', object: observedPolicy(policy, { drift }) }])))
    assert.deepEqual(
      drifted.changes[0]?.steps.map(({ verb }) => verb),
      ['ApplyNetworkPolicy'],
    )
    const conditions = [{ type: 'Failing' as const, status: 'True' as const, reason: 'FailedToConfigure', message: '', at: '' }]
    const digest = policyDigest(policy)
    const verbs = (overrides: Partial<ObservedPolicy>): unknown[] =>
      plan(
        input(desired, observedView([node('h1')], [{ node: 'h1', object: observedPolicy(policy, { conditions, ...overrides }) }])),
      ).changes.flatMap(({ steps }) => steps.map(({ verb }) => verb))
    assert.deepEqual(verbs({ drift, failed: { digest } }), [])
    assert.deepEqual(verbs({ drift }), ['ApplyNetworkPolicy'], 'the hold is over')
    assert.deepEqual(verbs({ drift: [], failed: { digest } }), [])
  })

  it('apply a policy again that Git went back to after another one failed, or whose mending was cut short', () => {
    const desired = desiredView([network('net')])
    const policy = plan(input(desired, observedView([node('h1')]))).changes[0]?.steps[0]?.policy
    assert.ok(policy !== undefined)
    const verbs = (type: ObservedPolicy['conditions'][number]['type'], failed?: string): unknown[] => {
      const conditions = [{ type, status: 'True' as const, reason: '', message: '', at: '' }]
      const object = observedPolicy(policy, { conditions, ...(failed === undefined ? {} : { failed: { digest: failed } }) })
      return plan(input(desired, observedView([node('h1')], [{ node: 'h1', object }]))).changes.flatMap(({ steps }) =>
        steps.map(({ verb }) => verb),
      )
    }
    assert.deepEqual(verbs('Failing', policyDigest({ desiredState: { interfaces: [] } })), ['ApplyNetworkPolicy'])
    assert.deepEqual(verbs('Failing'), ['ApplyNetworkPolicy'])
    assert.deepEqual(verbs('Aborted'), ['ApplyNetworkPolicy'])
    assert.deepEqual(verbs('Progressing'), [], 'the node works on it')
  })
})
