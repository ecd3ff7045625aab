import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { plan } from '../../../../reconciler/plan/plan.ts'
import { forNode } from '../../../../reconciler/plan/seal.ts'
import { carryOut, desiredView, input, machine, network, node, observedView, volume } from './support.ts'

describe('plan', () => {
  const objects = [machine('vm'), volume('root'), network('bridge')]

  it('creates a machine, its disk and a policy on the one node, in order', () => {
    const made = plan(input(desiredView(objects), observedView([node('h1')])))
    assert.deepEqual(
      made.changes.map(({ key, node, action, blocked }) => [key, node, action, blocked]),
      [
        ['NodeNetworkConfigurationPolicy//bridge', 'h1', 'create', []],
        ['DataVolume/default/root', 'h1', 'create', []],
        ['VirtualMachine/default/vm', 'h1', 'create', []],
      ],
    )
    assert.deepEqual(
      made.changes.flatMap(({ steps }) => steps.map(({ id }) => id)),
      [
        'ApplyNetworkPolicy:NodeNetworkConfigurationPolicy//bridge',
        'EnsureVolume:DataVolume/default/root',
        'DefineDomain:VirtualMachine/default/vm',
        'StartDomain:VirtualMachine/default/vm',
      ],
    )
    assert.deepEqual(made.changes[2]?.after, ['DataVolume/default/root'])
    assert.deepEqual(made.summary, { create: 3, update: 0, replace: 0, delete: 0, blocked: 0, disruption: 'live' })
  })

  it('is empty right after it was carried out', () => {
    const first = plan(input(desiredView(objects), observedView([node('h1')])))
    const world = carryOut([forNode(first, 'h1')], [])
    const second = plan(input(desiredView(objects), observedView([node('h1')], world)))
    assert.deepEqual(second.changes, [])
  })
})
