import assert from 'node:assert/strict'
import { test } from 'node:test'
import { leaseInForce } from '../../../../reconciler/plan/leased.ts'
import { plan } from '../../../../reconciler/plan/plan.ts'
import { forNode } from '../../../../reconciler/plan/seal.ts'
import type { Lease, PlanInput } from '../../../../reconciler/plan/types.ts'
import { desiredView, guestSpec, input, machine, node, now, observedMachine, observedView, volume } from './support.ts'

const key = 'VirtualMachine/default/vm'
const until = '2026-01-02T05:00:00.000Z'
const lease: Lease = { key, by: 'operator', reason: 'incident', at: '2026-01-02T03:00:00.000Z', until, ending: 'revert' }
const disk = volume('root')

/** A machine that runs as Git has it, but for what the test says. */
function planned(rest: Partial<PlanInput>, wanted = machine('vm')) {
  const applied = plan(input(desiredView([disk, machine('vm')]), observedView([node('h1')]))).changes.find((change) => change.key === key)
  const spec = applied?.steps[0]?.machine
  assert.ok(spec !== undefined)
  const drift = [{ path: 'domain/memory', expected: '1048576', actual: '2097152' }]
  const seen = observedView([node('h1')], [{ node: 'h1', object: observedMachine(spec, { drift }) }])
  return plan(input(desiredView([disk, wanted]), seen, rest))
}

test('what drifted on a leased machine is shown and stands until the lease ends', () => {
  const made = planned({ leases: [lease] })
  const change = made.changes.find((one) => one.key === key)
  assert.deepEqual(
    change?.fields.map(({ path }) => path),
    ['domain:domain/memory'],
  )
  assert.deepEqual(change?.blocked, [
    {
      reason: 'Leased',
      message:
        'operator has a lease on VirtualMachine/default/vm since 2026-01-02T03:00:00.000Z until 2026-01-02T05:00:00.000Z: incident. What is changed on it by hand stands; then it is drift like any other, which is reverted unless spec.drift or an annotation says that it is left.',
      unblock: 'Wait, or end it: gitvirt lease end vm/vm.',
      until,
    },
  ])
  assert.equal(
    forNode(made, 'h1').changes.some((one) => one.key === key),
    false,
  )
})

test('when the lease is over the drift is mended', () => {
  const made = planned({ leases: [lease], now: new Date(until) })
  assert.deepEqual(made.changes.find((one) => one.key === key)?.blocked, [])
})

test('changes from Git are held as well, and so is a deletion', () => {
  const larger = machine('vm', { guest: guestSpec({ hostname: 'other' }) })
  assert.ok(
    planned({ leases: [lease] }, larger).changes.some((one) => one.key === key && one.blocked.some(({ reason }) => reason === 'Leased')),
  )
  const gone = planned({ leases: [lease] }, machine('other')).changes.find((one) => one.key === key)
  assert.deepEqual([gone?.action, gone?.blocked.some(({ reason }) => reason === 'Leased')], ['delete', true])
})

test('what waits in an adoption branch stands until Git wants something else, or its time is over', () => {
  const kept = { wish: machine('vm').digest, until: '2026-01-05T05:00:00.000Z', branch: 'gitvirt/adopt/vm' }
  const over = { ...lease, ending: 'adopt', until: now.toISOString(), kept } as const
  const blocked = (made: ReturnType<typeof planned>) => made.changes.find((one) => one.key === key)?.blocked ?? []
  assert.match(
    blocked(planned({ leases: [over] }))[0]?.message ?? '',
    /its changes wait in branch gitvirt\/adopt\/vm and stand until 2026-01-05/,
  )
  assert.deepEqual(blocked(planned({ leases: [over] }, machine('vm', { labels: { merged: 'yes' } }))), [])
  assert.deepEqual(blocked(planned({ leases: [over], now: new Date(kept.until) })), [])
})

test('while nobody can tell what Git wants, what is kept for adoption stands, and so does what is about to be', () => {
  const kept = { wish: 'w', until: '2026-01-05T05:00:00.000Z', branch: 'gitvirt/adopt/vm' }
  const over = { ...lease, ending: 'adopt', until: now.toISOString() } as const
  assert.equal(leaseInForce({ ...over, kept }, { now, wish: { known: false } })?.until, kept.until)
  assert.equal(leaseInForce({ ...over, kept }, { now, wish: { known: true, digest: undefined } }), undefined)
  const waiting = leaseInForce(over, { now, wish: { known: false } })
  assert.deepEqual([waiting?.kept, waiting?.until], [true, undefined])
  assert.equal(leaseInForce({ ...over, ending: 'revert' }, { now, wish: { known: false } }), undefined)
})

test('where drift is only told, what a lease leaves behind stands after it, as its text says', () => {
  const detect = machine('vm', { annotations: { 'gitvirt.io/drift': 'detect' } })
  const blocks = (time: Date) => planned({ leases: [lease], now: time }, detect).changes.find((one) => one.key === key)?.blocked ?? []
  assert.match(
    blocks(now).find(({ reason }) => reason === 'Leased')?.message ?? '',
    /unless spec\.drift or an annotation says that it is left/,
  )
  assert.deepEqual(
    blocks(new Date(until)).map(({ reason }) => reason),
    ['DriftNotCorrected'],
  )
})
