import assert from 'node:assert/strict'
import { it } from 'node:test'
import { nextDelay, startPolling } from '../../../../reconciler/source/poll.ts'
import type { Revision } from '../../../../reconciler/source/types.ts'

const revision = { commit: 'c' } as Revision
const hour = 3_600_000

it('doubles the delay with each failure up to the cap, within the jitter', () => {
  const middle = { interval: 30_000, maxBackoff: 60_000, random: () => 0.5 }
  assert.deepEqual(
    [0, 1, 2, 3, 50].map((failures) => nextDelay(failures, middle)),
    [30_000, 1000, 2000, 4000, 60_000],
  )
  assert.deepEqual([nextDelay(0, { ...middle, random: () => 0 }), nextDelay(0, { ...middle, random: () => 1 })], [27_000, 33_000])
})

it('fetches at once, again on a trigger, and reports failures without ending', async () => {
  const seen: string[] = []
  let count = 0
  const poller = startPolling({
    interval: hour,
    fetch: async () => {
      count += 1
      if (count === 2) throw new Error('down')
      return revision
    },
    onRevision: () => void seen.push('revision'),
    onError: () => void seen.push('error'),
  })
  await poller.trigger()
  await poller.trigger()
  await poller.trigger()
  await poller.stop()
  assert.ok(count >= 3)
  assert.deepEqual(seen.slice(0, 3), ['revision', 'error', 'revision'])
})

it('runs one more fetch for triggers that come during a fetch, and aborts at stop', async () => {
  const gates: (() => void)[] = []
  const poller = startPolling({
    interval: hour,
    fetch: async (signal) =>
      await new Promise((resolve, reject) => {
        gates.push(() => resolve(revision))
        signal.addEventListener('abort', () => reject(new Error('aborted')))
      }),
    onRevision: () => undefined,
    onError: () => undefined,
  })
  const waits = [poller.trigger(), poller.trigger()]
  gates[0]?.()
  await new Promise((resolve) => setImmediate(resolve))
  await new Promise((resolve) => setImmediate(resolve))
  assert.equal(gates.length, 2)
  gates[1]?.()
  await Promise.all(waits)
  const last = poller.trigger()
  await poller.stop()
  await last
  assert.ok(gates.length <= 3)
})
