import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Plan } from '../../../schemas/generated/plan.ts'
import { Wakeups } from '../../../reconciler/wakeups.ts'

const start = new Date('2026-01-01T00:00:00Z')
const hour = 3_600_000

/** A plan whose objects wait until so many hours from the start. */
function waiting(hours: Readonly<Record<string, number>>): Pick<Plan, 'changes'> {
  const changes = Object.entries(hours).map(([key, after]) => ({
    key,
    blocked: [{ reason: 'Window', message: '', unblock: '', until: new Date(start.getTime() + after * hour).toISOString() }],
  }))
  return { changes: changes as unknown as Plan['changes'] }
}

describe('wakeups', () => {
  it('name what waited for a time once it has come, the earliest first', (t) => {
    t.mock.timers.enable({ apis: ['setTimeout'] })
    const woken: (readonly string[])[] = []
    const wakeups = new Wakeups((keys) => woken.push(keys))
    wakeups.take(waiting({ a: 2, b: 1, c: 2 }), { now: start })
    t.mock.timers.tick(hour)
    assert.deepEqual(woken, [['b']])
    t.mock.timers.tick(hour)
    assert.deepEqual(woken, [['b'], ['a', 'c']])
  })

  it('forget what a later plan no longer holds back, and only what it looked at', (t) => {
    t.mock.timers.enable({ apis: ['setTimeout'] })
    const woken: string[] = []
    const wakeups = new Wakeups((keys) => woken.push(...keys))
    wakeups.take(waiting({ a: 1, b: 1 }), { now: start })
    wakeups.take(waiting({}), { now: start, covered: new Set(['a']) })
    t.mock.timers.tick(hour)
    assert.deepEqual(woken, ['b'])
  })

  it('wait for times beyond what a timer counts, and end when closed', (t) => {
    t.mock.timers.enable({ apis: ['setTimeout'] })
    const woken: string[] = []
    const wakeups = new Wakeups((keys) => woken.push(...keys))
    wakeups.take(waiting({ a: 1000 }), { now: start })
    t.mock.timers.tick(2 ** 31 - 1)
    assert.deepEqual(woken, [])
    t.mock.timers.tick(1000 * hour - (2 ** 31 - 1))
    assert.deepEqual(woken, ['a'])
    wakeups.take(waiting({ b: 1 }), { now: start })
    wakeups.close()
    t.mock.timers.tick(hour)
    assert.deepEqual(woken, ['a'])
  })
})
