import assert from 'node:assert/strict'
import { test } from 'node:test'
import { runCampaign, wrongText } from '../prediction/run-campaign.ts'

test('20 random edits on a real host do exactly what their plans said', async (t) => {
  assert.equal(wrongText(await runCampaign(t, { seed: 20, runs: 20 })), '')
})
