import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import * as fc from 'fast-check'
import { closesAt, isOpen, nextStart, scheduleProblem } from '../../../../reconciler/lib/schedule.ts'

const hour = 3_600_000
const friday = { cron: '0 22 * * 5', timeZone: 'Europe/Berlin', milliseconds: 6 * hour }

describe('a schedule', () => {
  it('is open from its start on, for as long as it lasts', () => {
    // Summer: 22:00 in Berlin is 20:00 UTC.
    const cases = [
      ['2026-07-03T19:59:59.999Z', false],
      ['2026-07-03T20:00:00.000Z', true],
      ['2026-07-04T01:59:59.999Z', true],
      ['2026-07-04T02:00:00.000Z', false],
    ] as const
    for (const [at, open] of cases) assert.equal(isOpen(friday, new Date(at)), open, at)
  })

  it('keeps to the clock of its zone when that changes', () => {
    assert.equal(nextStart(friday, new Date('2026-10-23T20:00:00Z'))?.toISOString(), '2026-10-30T21:00:00.000Z')
    assert.equal(isOpen({ ...friday, cron: '30 2 * * 0' }, new Date('2026-03-29T02:00:00Z')), true, 'an hour that the day lacks')
  })

  it('closes after the last of starts that overlap, or never', () => {
    const hourly = { cron: '0 8-10 * * *', timeZone: 'UTC', milliseconds: 2 * hour }
    assert.equal(closesAt(hourly, new Date('2026-01-01T09:30:00Z'))?.toISOString(), '2026-01-01T12:00:00.000Z')
    assert.equal(closesAt({ ...hourly, cron: '0 * * * *' }, new Date('2026-01-01T09:30:00Z')), undefined)
  })

  it('is told apart from what is none', () => {
    assert.equal(scheduleProblem('0 22 * * 1-5', 'Europe/Berlin'), undefined)
    for (const text of ['', 'often', '@daily', '61 * * * *', '* * * *', '* * * * * *', '0 0 30 2 *'])
      assert.notEqual(scheduleProblem(text, 'UTC'), undefined, text)
    assert.notEqual(scheduleProblem('0 0 * * *', 'Mars/Olympus'), undefined)
  })

  it('opens when it says that it opens next', () => {
    const minutes = fc.integer({ min: 0, max: 59 })
    fc.assert(
      fc.property(
        minutes,
        fc.integer({ min: 0, max: 23 }),
        fc.date({ min: new Date('2026-01-01'), max: new Date('2027-01-01'), noInvalidDate: true }),
        (m, h, now) => {
          const schedule = { cron: `${m} ${h} * * *`, timeZone: 'America/New_York', milliseconds: hour }
          const next = nextStart(schedule, now)
          assert.ok(next !== undefined && isOpen(schedule, next) && next > now)
          if (!isOpen(schedule, now)) assert.equal(isOpen(schedule, new Date(next.getTime() - 1)), false)
        },
      ),
    )
  })
})
