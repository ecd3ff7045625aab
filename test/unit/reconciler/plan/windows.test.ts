import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { FleetSpec } from '../../../../schemas/generated/fleet.ts'
import type { Block, Change } from '../../../../schemas/generated/plan.ts'
import type { Sighting } from '../../../../reconciler/observed/types.ts'
import { plan } from '../../../../reconciler/plan/plan.ts'
import { forNode } from '../../../../reconciler/plan/seal.ts'
import { carryOut, desiredView, fleet, guestSpec, input, machine, node, observedView, volume } from './support.ts'

const host = node('h1')
const labels = { tier: 'db' }
const before = [volume('root'), machine('vm', { labels })]
const larger = machine('vm', { labels, guest: guestSpec({ domain: { ...guestSpec().domain, memory: { guest: '4Gi' } } }) })

function applied(): Sighting[] {
  let seen: Sighting[] = []
  for (let pass = 0; pass < 3; pass += 1)
    seen = carryOut([forNode(plan(input(desiredView(before), observedView([host], seen))), 'h1')], seen)
  return seen
}

const running = applied()

/** The change of the machine's memory, or its removal, at a time. */
function changeAt(at: string, spec: FleetSpec, wanted = [volume('root'), larger]): Change {
  const policy = fleet({ disruption: { unattended: 'restart' }, ...spec })
  const made = plan(input(desiredView([policy, ...wanted]), observedView([host], running), { now: new Date(at) }))
  const change = made.changes.find(({ key }) => key.startsWith('VirtualMachine/'))
  assert.ok(change !== undefined)
  return change
}

const reasons = (change: Change): string[] => change.blocked.map(({ reason }) => reason)
const night = { type: 'allow', schedule: '0 22 * * *', duration: '6h' } as const
const [day, late] = ['2026-06-01T12:00:00Z', '2026-06-01T23:00:00Z']

describe('windows', () => {
  it('let changes through only while one that allows them is open', () => {
    assert.deepEqual(reasons(changeAt(late, { windows: [night] })), [])
    const [block] = changeAt(day, { windows: [night] }).blocked
    assert.equal(block?.reason, 'Window')
    assert.equal(block?.until, '2026-06-01T22:00:00.000Z')
    assert.match(block?.message ?? '', /^Changes go on in the window "0 22 \* \* \*" for 6h \(UTC\) only\.$/)
    assert.match(block?.unblock ?? '', /^Wait until 2026-06-01T22:00:00\.000Z, or change spec\.windows/)
  })

  it('let deny win over allow', () => {
    const deny = { type: 'deny', schedule: '30 22 * * *', duration: '2h', reason: 'The backup runs.' } as const
    const change = changeAt(late, { windows: [night, deny] })
    assert.match(change.blocked[0]?.message ?? '', /do not go on in the window "30 22 .*: The backup runs\.$/)
    assert.equal(change.blocked[0]?.until, '2026-06-02T00:30:00.000Z')
  })

  it('speak of the classes and labels that they name', () => {
    assert.deepEqual(reasons(changeAt(day, { windows: [{ ...night, matchLabels: { tier: 'web' } }] })), [])
    assert.deepEqual(reasons(changeAt(day, { windows: [{ ...night, matchLabels: labels }] })), ['Window'])
    assert.deepEqual(reasons(changeAt(day, { windows: [{ ...night, from: 'recreate' }] })), [])
    const restart = changeAt(day, { windows: [{ ...night, from: 'restart' }] }).blocked[0] as Block
    assert.deepEqual(restart.steps, ['RestartDomain:VirtualMachine/default/vm'], 'the definition goes on, the restart waits')
  })

  it('hold deletions back whatever class they name', () => {
    assert.deepEqual(reasons(changeAt(day, { windows: [{ ...night, from: 'data-loss' }] }, [volume('root')])), ['Window'])
  })
})

describe('a freeze', () => {
  it('holds changes back until its time, and says why', () => {
    const freeze = { reason: 'end of the quarter', until: '2026-06-01T14:00:00+02:00' }
    const [block] = changeAt('2026-06-01T11:59:59Z', { freeze }).blocked
    assert.deepEqual([block?.reason, block?.until], ['Frozen', '2026-06-01T12:00:00.000Z'])
    assert.match(block?.message ?? '', /until 2026-06-01T12:00:00\.000Z: end of the quarter/)
    assert.deepEqual(reasons(changeAt(day, { freeze })), [])
  })

  it('without a time lasts until it is taken out', () => {
    assert.deepEqual(reasons(changeAt(late, { freeze: { reason: 'audit' }, windows: [night] })), ['Frozen'])
  })
})
