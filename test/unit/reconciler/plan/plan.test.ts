import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { plan } from '../../../../reconciler/plan/plan.ts'
import { forNode } from '../../../../reconciler/plan/seal.ts'
import { carryOut, desiredView, input, machine, network, node, observedView, observedVolume, volume } from './support.ts'

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

describe('a disk that is still imported', () => {
  const imported = (change: Parameters<typeof volume>[1], phase: 'ImportInProgress' | 'Failed' = 'ImportInProgress') => {
    const made = plan(input(desiredView([volume('root', { url: 'https://images.example.org/a' })]), observedView([node('h1')])))
    const applied = made.changes[0]?.steps[0]?.volume ?? assert.fail()
    const seen = observedView([node('h1')], [{ node: 'h1', object: observedVolume(applied, { phase }) }])
    const [found] = plan(input(desiredView([volume('root', { url: 'https://images.example.org/a', ...change })]), seen)).changes
    return [found?.action, found?.disruption, found?.notes.length, found?.steps.map(({ verb }) => verb)]
  }

  it('keeps other labels, annotations and another place in Git without starting anew', () => {
    const kept = ['update', 'none', 0, ['EnsureVolume']]
    for (const change of [{ labels: { a: 'b' } }, { annotations: { a: 'b' } }, { path: 'moved.yaml' }])
      assert.deepEqual(imported(change), kept)
  })

  it('starts anew where its content changes, and tries again where it failed', () => {
    const anew = ['replace', 'none', 1, ['EnsureVolume']]
    assert.deepEqual(imported({ url: 'https://images.example.org/b' }), anew)
    assert.deepEqual(imported({ labels: { a: 'b' } }, 'Failed'), anew)
  })
})
