import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { renderPolicy, renderState } from '../../../../../agent/drivers/nmstate/render.ts'
import type { PolicySpec } from '../../../../../schemas/generated/plan.ts'

const policy = (desiredState: Record<string, unknown>): PolicySpec => ({
  key: 'NodeNetworkConfigurationPolicy//one',
  name: 'one',
  desiredState,
  origin: { path: 'net.yaml', line: 3, column: 1 },
})

describe('renderState', () => {
  it('translates old keys wherever they stand, but not in maps that people fill', () => {
    const old = { interfaces: [{ name: 'bond1', 'link-aggregation': { slaves: ['eth2'] }, 'ovs-db': { external_ids: { slaves: 'x' } } }] }
    assert.deepEqual(renderState(policy(old)), {
      interfaces: [{ name: 'bond1', 'link-aggregation': { port: ['eth2'] }, 'ovs-db': { external_ids: { slaves: 'x' } } }],
    })
  })

  it("leaves an old key to nmstate's own error where today's key stands beside it", () => {
    const both = { interfaces: [{ name: 'b', 'link-aggregation': { slaves: ['a'], port: ['b'] } }] }
    assert.deepEqual(renderState(policy(both)), both)
  })

  it('refuses a state above a mebibyte for good, with the place in Git', () => {
    const big = policy({ interfaces: [{ name: 'x'.repeat(1024 * 1024) }] })
    assert.throws(() => renderState(big), { code: 'InvalidPolicy', terminal: true, at: 'net.yaml:3:1' })
  })
})

describe('renderPolicy', () => {
  it("gives nmpolicy's form, with captures and the desired state", () => {
    const captured = { ...policy({ interfaces: [] }), capture: { a: 'interfaces.type=="ethernet"' } }
    assert.deepEqual(renderPolicy(captured), { capture: captured.capture, desired: { interfaces: [] } })
  })
})
