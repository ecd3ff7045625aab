import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { conditionsOf, trueCondition } from '../../../../../agent/drivers/nmstate/enactment.ts'

describe('conditionsOf', () => {
  it("has exactly one true condition, with upstream's reason", () => {
    const reasons = {
      Available: 'SuccessfullyConfigured',
      Failing: 'FailedToConfigure',
      Retrying: 'FailedToConfigure',
      Progressing: 'ConfigurationProgressing',
      Pending: 'MaxUnavailableLimitReached',
      Aborted: 'ConfigurationAborted',
    } as const
    for (const [type, reason] of Object.entries(reasons)) {
      const conditions = conditionsOf({ type: type as keyof typeof reasons, message: 'm', at: 't' })
      assert.equal(conditions.filter((one) => one.status === 'True').length, 1)
      assert.deepEqual(trueCondition(conditions), { type, status: 'True', reason, message: 'm', at: 't' })
    }
  })

  it('leaves the outcome unknown while it is open', () => {
    const conditions = conditionsOf({ type: 'Progressing', message: '', at: 't' })
    assert.deepEqual(
      conditions.map((one) => one.status),
      ['Unknown', 'Unknown', 'False', 'True', 'False', 'False'],
    )
  })

  it('keeps the time of conditions whose status stays', () => {
    const first = conditionsOf({ type: 'Available', message: '', at: 'early' })
    const second = conditionsOf({ type: 'Failing', message: '', at: 'late' }, first)
    assert.deepEqual(
      second.map((one) => one.at),
      ['late', 'late', 'early', 'early', 'early', 'early'],
    )
  })
})
