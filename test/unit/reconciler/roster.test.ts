import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, it } from 'node:test'
import type { DesiredObject } from '../../../reconciler/desired/types.ts'
import { openRoster, type Roster } from '../../../reconciler/roster.ts'
import { openStore, type Store } from '../../../reconciler/store/store.ts'
import type { Sighting } from '../../../reconciler/observed/types.ts'
import { desiredView, facts, network, node, observedView, plain } from './plan/support.ts'

describe('the roster of a new database', () => {
  let dir: string
  let store: Store
  const hosts: string[] = []
  const sightings: Sighting[] = []
  const declared: DesiredObject[] = [plain('Node', 'h1'), plain('Node', 'h2')]
  const disk = (name: string): Sighting => ({
    node: name,
    object: { kind: 'DataVolume', key: 'DataVolume/default/root', digest: 'd', phase: 'Succeeded' },
  })

  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'gv-roster-'))
    store = openStore(dir)
    hosts.length = 0
    sightings.length = 0
  })
  afterEach(() => {
    store.close()
    rmSync(dir, { recursive: true, force: true })
  })

  const open = (agents: readonly string[] = [], oneHost = false): Roster => {
    const view = (): ReturnType<typeof observedView> =>
      observedView(
        hosts.map((name) => node(name)),
        sightings,
      )
    const observed = {
      get: (key: string) => view().get(key),
      keys: () => view().keys(),
      nodes: () => view().nodes(),
      node: (name: string) => view().node(name),
    }
    return openRoster({ store, agents: { agents: () => agents }, observed, oneHost })
  }
  const asked = (roster: Roster, objects: readonly DesiredObject[] = []): readonly string[] | undefined =>
    roster.unheard(desiredView(objects))?.hosts

  it('lets a first host without machines begin at once', () => {
    const roster = open(['h1'])
    assert.deepEqual(asked(roster), ['h1'])
    hosts.push('h1')
    assert.equal(asked(roster), undefined)
  })

  it('waits for nobody any more once all were heard, also after a restart', () => {
    hosts.push('h1', 'h2')
    assert.equal(asked(open(), declared), undefined)
    assert.equal(asked(open(['h9']), [...declared, plain('Node', 'h3')]), undefined)
  })

  it('waits for a host that was left out no longer, also after a restart', () => {
    hosts.push('h1')
    const roster = open()
    assert.deepEqual(asked(roster, declared), ['h2'])
    assert.throws(() => roster.leaveOut('h3'), { code: 'NotFound' })
    const again = open()
    assert.deepEqual(asked(again, declared), ['h2'])
    again.leaveOut('h2')
    assert.equal(asked(open(), declared), undefined)
  })

  it('takes a fleet for older by what a host has at its first report, not by what was made since', () => {
    const roster = open()
    hosts.push('h1')
    assert.deepEqual(asked(roster, [network('br1'), ...declared]), ['h2'])
    sightings.push(disk('h1'))
    hosts.push('h2')
    assert.equal(asked(roster), undefined)
  })

  it('asks a person where the first host has disks already and nobody can name the others', () => {
    hosts.push('h1')
    sightings.push(disk('h1'))
    assert.deepEqual(asked(open()), [])
    assert.deepEqual(asked(open()), [])
    assert.deepEqual(asked(open(), declared), ['h2'])
  })

  it('believes the list of an authority that is older than the database', () => {
    hosts.push('h1')
    sightings.push(disk('h1'))
    assert.equal(asked(open(['h1'])), undefined)
  })

  it('never waits in a database with a history, nor where there is one host only', () => {
    assert.equal(asked(open([], true), declared), undefined)
    store.observations.save({ node: 'h1', seenAt: '', facts: facts(), objects: [], gone: [], full: true })
    assert.equal(asked(open(), declared), undefined)
  })
})
