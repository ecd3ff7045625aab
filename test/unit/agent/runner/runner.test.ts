import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { it } from 'node:test'
import type { Drivers } from '../../../../agent/drivers/types.ts'
import { openJournal } from '../../../../agent/runner/journal.ts'
import { createRunner } from '../../../../agent/runner/runner.ts'
import { systemClock } from '../../../../reconciler/lib/clock.ts'
import { silentLogger } from '../../../../reconciler/lib/log.ts'
import { planSeal } from '../../../../reconciler/lib/seal.ts'
import type { Plan, VolumeSpec } from '../../../../schemas/generated/plan.ts'
import { atEnd } from '../../../at-end.ts'

const names = Array.from({ length: 12 }, (_, index) => `disk-${index}`)

function planOf(): Plan {
  const changes = names.map((name) => {
    const key = `DataVolume/demo/${name}`
    const step = { id: `s-${name}`, verb: 'EnsureVolume', phase: 'storage', key, volume: { key } as VolumeSpec }
    return { key, node: 'n1', base: 'absent', after: [], steps: [step] }
  })
  const plan = { id: '', revision: 'r', policyDigest: 'p', createdAt: '', changes, findings: [], summary: {} } as unknown as Plan
  return { ...plan, id: planSeal(plan) }
}

it('begins every import, however many of them never end', { timeout: 30_000 }, async (t) => {
  const dir = mkdtempSync(join(tmpdir(), 'gv-runner-'))
  const begun = new Set<string>()
  const all = Promise.withResolvers<void>()
  const ensure = async (volume: VolumeSpec, _data: unknown, signal: AbortSignal): Promise<void> => {
    begun.add(volume.key)
    if (begun.size === names.length) all.resolve()
    await new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error)))
  }
  const runner = createRunner({
    node: 'n1',
    drivers: { volumes: { ensure } } as unknown as Drivers,
    journal: await openJournal(join(dir, 'journal')),
    observe: async () => undefined,
    report: async () => undefined,
    send: async () => undefined,
    hold: () => () => undefined,
    clock: systemClock,
    log: silentLogger,
  })
  atEnd(t, async () => {
    await runner.close()
    rmSync(dir, { recursive: true, force: true })
  })
  runner.apply({ type: 'apply', plan: planOf(), secrets: {}, configMaps: {} })
  await all.promise
  assert.equal(begun.size, names.length)
})
