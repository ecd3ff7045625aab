import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { passingProbes, runProbes, type Probe } from '../../../../../agent/drivers/nmstate/probes.ts'
import { systemClock } from '../../../../../reconciler/lib/clock.ts'

/** Answers in turn with the given outcomes; the last one stays. */
function probe(name: string, outcomes: readonly boolean[], onlyIfPassedBefore = true): Probe {
  let call = 0
  return {
    name,
    onlyIfPassedBefore,
    check: async () => {
      const passes = outcomes[Math.min(call, outcomes.length - 1)]
      call += 1
      if (passes !== true) throw new Error(`${name} is silent`)
    },
  }
}

const quick = { clock: systemClock, timeout: 40, interval: 5 }

describe('passingProbes', () => {
  it('leaves out what did not pass before the change, unless it always counts', async () => {
    const probes = [probe('gateway', [true]), probe('DNS', [false]), probe('always', [false], false)]
    const names = (await passingProbes(probes)).map((one) => one.name)
    assert.deepEqual(names, ['gateway', 'always'])
  })
})

describe('runProbes', () => {
  it('waits until every probe has passed once', async () => {
    await runProbes([probe('late', [false, false, true]), probe('soon', [true])], quick)
  })

  it('names the probe that did not pass, with its last words', async () => {
    await assert.rejects(runProbes([probe('soon', [true]), probe('gateway', [false])], quick), {
      code: 'ProbeFailed',
      message: /"gateway".*gateway is silent/,
    })
  })

  it('ends at once when aborted', async () => {
    const aborted = new AbortController()
    aborted.abort()
    await assert.rejects(runProbes([probe('gateway', [false])], { ...quick, timeout: 60_000, signal: aborted.signal }), {
      name: 'AbortError',
    })
  })
})
