import assert from 'node:assert/strict'
import { randomInt } from 'node:crypto'
import { test } from 'node:test'
import { isTelling, runCampaign, wrongText } from '../prediction/run-campaign.ts'

test('200 random edits on a real host do exactly what their plans said', async (t) => {
  // A wrong prediction is looked at again with the seed that was printed.
  const seed = Number(process.env['GITVIRT_PREDICTION_SEED'] ?? randomInt(2 ** 31))
  const tally = await runCampaign(t, { seed, runs: 200 })
  assert.equal(wrongText(tally), '')
  assert.ok(isTelling(tally, 200), JSON.stringify(tally))
})
