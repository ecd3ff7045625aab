import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { createInFlight, type InFlight } from '../../../../reconciler/dispatch/in-flight.ts'
import { createMachine, createVolume } from '../../../integration/session/lab.ts'

let time = 0
const clock = { now: () => new Date(0), monotonic: () => time }
const make = (): InFlight => createInFlight(clock, () => 0)
const change = createMachine('web')
const { key } = change
const newer = { ...change, base: 'other' }
const started = (step: string, of = key) => ({ type: 'step', plan: 'p1', step, key: of, state: 'started', at: '' }) as const

describe('createInFlight', () => {
  it('holds what is on its way, and lets a newer change overtake one that waits', () => {
    const flights = make()
    flights.started('h1', 'p1', [change])
    assert.equal(flights.holds('h1', change), true)
    assert.equal(flights.holds('h1', newer), false)
    assert.equal(flights.holds('h2', change), false)
  })

  it('holds a newer change while steps run, and says so at their end', () => {
    const flights = make()
    flights.started('h1', 'p1', [change])
    flights.stepped('h1', started(`DefineDomain:${key}`))
    assert.equal(flights.holds('h1', newer), true)
    assert.equal(flights.succeeded('h1', 'p1', key), true)
    assert.equal(flights.holds('h1', newer), false)
  })

  it('lets a newer change overtake an import', () => {
    const flights = make()
    const volume = createVolume('disk')
    flights.started('h1', 'p1', [volume])
    flights.stepped('h1', started(`EnsureVolume:${volume.key}`, volume.key))
    assert.equal(flights.holds('h1', { ...volume, base: 'other' }), false)
  })

  it('waits longer after each failure of the same change, and not for a different one', () => {
    const flights = make()
    const waits = [1, 2, 3].map(() => {
      flights.started('h1', 'p1', [change])
      return flights.failed({ node: 'h1', plan: 'p1', key, kind: 'failed' })
    })
    assert.deepEqual(waits, [1000, 2000, 4000])
    assert.equal(flights.holds('h1', change), true)
    assert.equal(flights.holds('h1', newer), false)
    time += 4001
    assert.equal(flights.holds('h1', change), false)
  })

  it('never waits longer than five minutes', () => {
    const flights = make()
    let wait: number | undefined = 0
    for (let count = 0; count < 30; count += 1) {
      flights.started('h1', 'p1', [change])
      wait = flights.failed({ node: 'h1', plan: 'p1', key, kind: 'failed' })
    }
    assert.equal(wait, 300_000)
  })

  it('ignores the end of a plan that a newer one took over', () => {
    const flights = make()
    flights.started('h1', 'p1', [change])
    flights.started('h1', 'p2', [newer])
    assert.equal(flights.failed({ node: 'h1', plan: 'p1', key, kind: 'stale' }), undefined)
    assert.equal(flights.get('h1', key)?.plan, 'p2')
  })

  it('forgets a node whose session ended, and tells its keys', () => {
    const flights = make()
    flights.started('h1', 'p1', [change])
    flights.started('h2', 'p2', [change])
    assert.deepEqual(flights.lost('h1'), [key])
    assert.equal(flights.holds('h1', change), false)
    assert.equal(flights.holds('h2', change), true)
  })
})
