import type { TestContext } from 'node:test'
import * as fc from 'fast-check'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { startDemo } from '../../lab/demo.ts'
import { atEnd } from '../at-end.ts'
import { Campaign, type Tally } from './campaign.ts'
import { attempts } from './edits.ts'
import { firstFleet } from './fleet-model.ts'

/**
 * Random valid edits on one real host, commit by commit; each result is held against what its plan said. All of them are carried
 * out, so that one wrong prediction hides no other.
 */
export async function runCampaign(t: TestContext, options: { readonly seed: number; readonly runs: number }): Promise<Tally> {
  t.diagnostic(`seed ${options.seed}`)
  const demo = await startDemo({ name: 'predict', upArguments: ['--poll', '1h'] })
  atEnd(t, async () => await demo.close())
  for (const folder of ['vms', 'networks']) await rm(join(demo.clone, folder), { recursive: true })
  for (const port of ['port1', 'port2']) await demo.host.run('ip', ['link', 'add', port, 'type', 'veth', 'peer', 'name', `${port}-far`])
  const campaign = new Campaign(demo, firstFleet())
  await campaign.begin()
  for (const attempt of fc.sample(attempts, { numRuns: options.runs, seed: options.seed })) await campaign.attempt(attempt)
  const { tally } = campaign
  t.diagnostic(`${tally.runs} commits, ${tally.refused} refused by validation, ${tally.restarts} approvals`)
  return tally
}

/** False where too little came of the edits to say anything: most were refused, or no restart was ever approved. */
export function isTelling({ runs, refused, restarts }: Tally, asked: number): boolean {
  return runs === asked && refused * 4 < runs && restarts > 0
}

/** All wrong predictions as one text. */
export function wrongText({ wrong }: Tally): string {
  return wrong.map(({ run, what, lines, told }) => `run ${run}: ${what.join('; ')}\n  ${lines.join('\n  ')}\n${told}`).join('\n\n')
}
