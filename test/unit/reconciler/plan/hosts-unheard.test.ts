import assert from 'node:assert/strict'
import { test } from 'node:test'
import { approvalsFor } from '../../../../reconciler/plan/approve.ts'
import { plan } from '../../../../reconciler/plan/plan.ts'
import { forNode } from '../../../../reconciler/plan/seal.ts'
import { carryOut, desiredView, input, machine, network, node, observedView, volume } from './support.ts'

const nodes = [node('h1')]
const objects = [machine('vm'), volume('root'), network('br1')]
const unheard = { hosts: ['h2'] }
const sentKinds = (made: ReturnType<typeof plan>): string[] => forNode(made, 'h1').changes.map(({ key }) => key.slice(0, key.indexOf('/')))

test('no machine and no disk is made while a host was not heard; network policies, which belong to every host, are', () => {
  const made = plan(input(desiredView(objects), observedView(nodes), { unheard }))
  assert.deepEqual(sentKinds(made), ['NodeNetworkConfigurationPolicy'])
  const block = made.changes.find(({ key }) => key.startsWith('VirtualMachine'))?.blocked[0]
  assert.equal(block?.reason, 'HostsUnheard')
  assert.match(block?.message ?? '', /h2 has not reported/)
})

test('what hosts report goes on being changed meanwhile', () => {
  const world = carryOut([forNode(plan(input(desiredView(objects), observedView(nodes))), 'h1')], [])
  const grown = [machine('vm', { labels: { tier: 'web' } }), volume('root', { size: '2Gi' }), network('br1')]
  assert.deepEqual(sentKinds(plan(input(desiredView(grown), observedView(nodes, world), { unheard }))), ['DataVolume', 'VirtualMachine'])
})

test('a person lets one machine and its disk through, each by a word of its own, and with them no other object', () => {
  const more = [...objects, volume('other')]
  const first = plan(input(desiredView(more), observedView(nodes), { unheard }))
  const wordFor = (key: string): ReturnType<typeof approvalsFor> =>
    approvalsFor(first, { plan: first.id, key, by: 'operator', at: '2026-01-02T03:04:05Z' })
  const next = (...keys: string[]): ReturnType<typeof plan> =>
    plan(input(desiredView(more), observedView(nodes), { unheard, approvals: keys.flatMap(wordFor) }))
  const waits = next('VirtualMachine/default/vm')
  assert.deepEqual(sentKinds(waits), ['NodeNetworkConfigurationPolicy'])
  const block = waits.changes.find(({ key }) => key.startsWith('VirtualMachine'))?.blocked[0]
  assert.match(block?.message ?? '', /^It waits for DataVolume\/default\/root, which waits itself: /)
  const both = next('VirtualMachine/default/vm', 'DataVolume/default/root')
  assert.deepEqual(
    forNode(both, 'h1').changes.map(({ key }) => key),
    ['NodeNetworkConfigurationPolicy//br1', 'DataVolume/default/root', 'VirtualMachine/default/vm'],
  )
})
