import assert from 'node:assert/strict'
import { it } from 'node:test'
import { sinceTime } from '../../../../reconciler/cli/since.ts'

const now = new Date('2026-02-01T12:00:00Z')

it('reads dates, times and durations', () => {
  const read = (text: string): string => new Date(sinceTime(text, now)).toISOString()
  assert.equal(read('2026-01-31'), '2026-01-31T00:00:00.000Z')
  assert.equal(read('2026-01-31T08:00:00+02:00'), '2026-01-31T06:00:00.000Z')
  assert.equal(read('12h'), '2026-02-01T00:00:00.000Z')
  assert.equal(read('1h30m'), '2026-02-01T10:30:00.000Z')
  assert.equal(read('7d'), '2026-01-25T12:00:00.000Z')
})

it('refuses what could mean anything', () => {
  for (const text of ['yesterday', '2026', '01/02/2026', '2026-13-01', '7', ''])
    assert.throws(() => sinceTime(text, now), { code: 'InvalidFlag' }, text)
})
