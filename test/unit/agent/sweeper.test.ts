import assert from 'node:assert/strict'
import { afterEach, beforeEach, mock, suite, test } from 'node:test'
import { createSweeper, type Sweeper } from '../../../agent/sweeper.ts'
import { silentLogger } from '../../../reconciler/lib/log.ts'

const minute = 60_000

suite('the sweeper of quarantined volumes', () => {
  let sweeps: number[]
  let due: number[]
  let sweeper: Sweeper
  let fails: boolean

  beforeEach(() => {
    mock.timers.enable({ apis: ['setTimeout', 'Date'], now: 0 })
    sweeps = []
    due = []
    fails = false
    sweeper = createSweeper({
      clock: { now: () => new Date(), monotonic: () => Date.now() },
      log: silentLogger,
      volumes: {
        sweep: async () => {
          sweeps.push(Date.now())
          if (fails) throw new Error('no disk')
          due = due.filter((time) => time > Date.now())
          return due.length === 0 ? undefined : new Date(Math.min(...due))
        },
      },
    })
  })
  afterEach(() => {
    sweeper.close()
    mock.timers.reset()
  })

  /** Goes on in small steps, so that each sweep ends before the next timer. */
  const pass = async (milliseconds: number): Promise<void> => {
    for (let at = 0; at < milliseconds; at += 500) {
      mock.timers.tick(500)
      await new Promise<void>((resolve) => setImmediate(resolve))
    }
  }

  test('sweeps soon after the start and then every ten minutes', async () => {
    await pass(21 * minute)
    assert.deepEqual(sweeps, [1000, 10 * minute + 1000, 20 * minute + 1000])
  })

  test('sweeps when the first quarantine ends', async () => {
    due = [90_000, 200_000]
    await pass(4 * minute)
    assert.deepEqual(sweeps, [1000, 90_000, 200_000])
  })

  test('hears of a volume that goes into quarantine meanwhile', async () => {
    await pass(minute)
    due = [70_000]
    sweeper.changed('DataVolume/default/data')
    await pass(minute)
    assert.deepEqual(sweeps, [1000, 61_000, 70_000])
  })

  test('gathers changes, and does not care for other kinds', async () => {
    await pass(minute)
    sweeper.changed('VirtualMachine/default/demo')
    await pass(minute)
    for (let count = 0; count < 5; count += 1) sweeper.changed('DataVolume/default/data')
    await pass(minute)
    assert.deepEqual(sweeps, [1000, 121_000])
  })

  test('goes on after a sweep that failed', async () => {
    fails = true
    await pass(2000)
    fails = false
    await pass(11 * minute)
    assert.deepEqual(sweeps, [1000, 10 * minute + 1000])
  })

  test('ends with close', async () => {
    sweeper.close()
    sweeper.changed('DataVolume/default/data')
    await pass(minute)
    assert.deepEqual(sweeps, [])
  })
})
