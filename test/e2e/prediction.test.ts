import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isTelling, runCampaign, wrongText } from '../prediction/run-campaign.ts'

test('20 random edits on a real host do exactly what their plans said', async (t) => {
  const tally = await runCampaign(t, { seed: 20, runs: 20 })
  assert.equal(wrongText(tally), '')
  assert.ok(isTelling(tally, 20), JSON.stringify(tally))
})
