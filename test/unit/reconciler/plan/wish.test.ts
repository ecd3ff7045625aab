import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { DesiredView } from '../../../../reconciler/desired/types.ts'
import { plan } from '../../../../reconciler/plan/plan.ts'
import { forNode } from '../../../../reconciler/plan/seal.ts'
import { isUnknownWish, tellsMore } from '../../../../reconciler/plan/wish.ts'
import { carryOut, desiredView, guestSpec, input, machine, node, observedView, volume, type Unknown } from './support.ts'

const nodes = [node('h1')]
const [key, disk] = ['VirtualMachine/default/vm', 'DataVolume/default/root']

/** A machine and its disk in one file, with so much memory. */
function declared(path: string, guest: string, unknown: Unknown = {}): DesiredView {
  const spec = guestSpec({ domain: { ...guestSpec().domain, memory: { guest } } })
  return desiredView([machine('vm', { path, guest: spec }), volume('root', { path })], unknown)
}

/** What a host has that applied it from the source `b`. */
const applied = carryOut([forNode(plan(input(declared('b//vm.yaml', '1Gi'), observedView(nodes, []))), 'h1')], [])

function sent(view: DesiredView): readonly string[] {
  return forNode(plan(input(view, observedView(nodes, applied))), 'h1').changes.map((change) => change.key)
}

describe('what is wanted of an object of several sources', () => {
  it('is unknown while the source that it was applied from cannot be read, whoever declares it', () => {
    const view = declared('x.yaml', '2Gi', { severalSources: true, paths: ['b//vm.yaml'] })
    assert.ok(isUnknownWish(key, view, observedView(nodes, applied)))
    assert.deepEqual(sent(view), [])
    const { findings } = plan(input(view, observedView(nodes, applied)))
    const found = findings.find((one) => one.key === key)
    assert.equal(found?.message, 'The other source that it was applied from cannot be read, so it is left as it is.')
  })

  it('is what the other declares once that source is read and has it no more', () => {
    assert.deepEqual(sent(declared('x.yaml', '2Gi', { severalSources: true })), [disk, key])
  })

  it('is what the same source declares in another file, though the old one does not parse', () => {
    assert.deepEqual(sent(declared('b//moved.yaml', '2Gi', { severalSources: true, paths: ['b//vm.yaml'] })), [disk, key])
  })

  it('may be told anew of anything once a path is known again', () => {
    const [before, after] = [desiredView([], { severalSources: true, paths: ['b/'] }), desiredView([], { severalSources: true })]
    assert.deepEqual([tellsMore(before, after), tellsMore(after, before), tellsMore(before, before)], [true, false, false])
    assert.equal(tellsMore(desiredView([], { paths: ['a.yaml'] }), desiredView([])), false)
  })
})
