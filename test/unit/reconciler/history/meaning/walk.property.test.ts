import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { array, assert as check, boolean, constantFrom, integer, oneof, property, record, constant } from 'fast-check'
import { blameFields } from '../../../../../reconciler/history/meaning/blame.ts'
import { changesOf } from '../../../../../reconciler/history/meaning/log.ts'
import { walk, type WalkEnd } from '../../../../../reconciler/history/meaning/walk.ts'
import { fieldsOf, manifest, Repository, type Machine, type Style } from '../model.ts'

const names = ['web', 'db'] as const
type Name = (typeof names)[number]

/** One edit of a history. `value` is small, so that edits often change nothing. */
const edits = oneof(
  record({
    act: constant('field' as const),
    name: constantFrom(...names),
    field: constantFrom('cores', 'memory', 'label', 'serial'),
    value: integer({ min: 1, max: 3 }),
  }),
  record({
    act: constant('style' as const),
    name: constantFrom(...names),
    json: boolean(),
    quoted: boolean(),
    words: integer({ min: 0, max: 9 }),
  }),
  record({ act: constant('move' as const), name: constantFrom(...names), path: constantFrom('a.yaml', 'b.yaml', 'sub/c.yaml') }),
  record({ act: constant('order' as const), name: constantFrom(...names) }),
  record({ act: constant('remove' as const), name: constantFrom(...names) }),
  record({ act: constant('break' as const), name: constantFrom(...names) }),
)
type Edit = typeof edits extends { generate: (...args: never[]) => { value: infer T } } ? T : never

type Kept = { machine: Machine; readonly style: Style; path: string; broken: boolean; present: boolean }

/** What the model knows of one object: what Git last said readably, who wrote each field, and the commits that changed it. */
class Told {
  fields: Map<string, unknown> | undefined
  order = ''
  readonly writers = new Map<string, string>()
  readonly commits: string[] = []
  readable = true

  see(commit: string, kept: Kept): void {
    if (kept.present && kept.broken) {
      if (this.readable) this.commits.unshift(commit)
      this.readable = false
      return
    }
    this.readable = true
    const now = kept.present ? fieldsOf(kept.machine) : undefined
    const order = kept.machine.disks.map(([name]) => name).join()
    const changed = [...new Set([...(now?.keys() ?? []), ...(this.fields?.keys() ?? [])])].filter(
      (path) => now?.get(path) !== this.fields?.get(path),
    )
    if (changed.length > 0 || (now !== undefined && order !== this.order)) this.commits.unshift(commit)
    for (const path of changed) this.writers.set(path, commit)
    this.fields = now
    this.order = order
  }
}

function perform(all: Map<Name, Kept>, edit: Edit): void {
  const kept = all.get(edit.name)
  assert.ok(kept)
  const { machine } = kept
  // What goes from a file whose rest is broken is not known to be gone.
  const besideBroken = [...all.values()].some((other) => other !== kept && other.present && other.broken && other.path === kept.path)
  if (besideBroken && (edit.act === 'remove' || edit.act === 'move')) return
  if (edit.act === 'field') {
    const values = { cores: edit.value, memory: `${edit.value}Gi`, label: edit.value === 3 ? undefined : `l${edit.value}` }
    const serial = machine.disks.map(([name, old]) => [name, name === 'root' ? `s${edit.value}` : old] as const)
    kept.machine = edit.field === 'serial' ? { ...machine, disks: serial } : { ...machine, [edit.field]: values[edit.field] }
    kept.broken = false
    kept.present = true
  } else if (edit.act === 'style') Object.assign(kept.style, { json: edit.json, quoted: edit.quoted, comment: `words ${edit.words}` })
  else if (edit.act === 'move') kept.path = edit.path
  else if (edit.act === 'order') kept.machine = { ...machine, disks: machine.disks.toReversed() }
  else if (edit.act === 'remove') kept.present = false
  else kept.broken = kept.present
}

/** Objects of one path stand in one file; a JSON text is YAML too. A broken one takes nobody else with it. */
function filesOf(all: Map<Name, Kept>): Map<string, string> {
  const files = new Map<string, string>()
  for (const { machine, style, path, broken, present } of all.values()) {
    if (!present) continue
    const text = broken ? manifest(machine).replace('spec:\n', 'spec:\n  spec: spec: [\n') : manifest(machine, style)
    files.set(path, `${files.get(path) ?? ''}---\n${text}`)
  }
  return files
}

function startOf(name: Name): Kept {
  const machine: Machine = {
    name,
    cores: 1,
    memory: '1Gi',
    disks: [
      ['root', 's0'],
      ['data', 'd0'],
    ],
  }
  return { machine, style: {}, path: 'a.yaml', broken: false, present: true }
}

const fleetPath = 'gitvirt.yaml'
const keyOf = (name: Name): string => `VirtualMachine/default/${name}`

function commitsIn(end: WalkEnd, key: string): string[] {
  const version = end.versions.get(key)
  return version === undefined ? [] : changesOf([version]).map(({ commit }) => commit)
}

function writersIn(end: WalkEnd, key: string, paths: Iterable<string>): Map<string, string> {
  const version = end.versions.get(key)
  const state = end.state(key)
  assert.ok(version !== undefined && state.status === 'known')
  const wanted = new Set(paths)
  const fields = blameFields(version, state.judged, undefined).filter(({ path }) => wanted.has(path))
  return new Map(fields.map(({ path, version: { commit } }) => [path, commit]))
}

describe('a history of random edits', () => {
  it('lists exactly the commits that changed the meaning, and blames each field on its last writer', () => {
    check(
      property(array(edits, { maxLength: 40 }), (list) => {
        const repository = new Repository()
        const all = new Map(names.map((name) => [name, startOf(name)]))
        const told = new Map(names.map((name) => [name, new Told()]))
        const step = (): void => {
          const id = repository.commit(filesOf(all))
          for (const [name, kept] of all) told.get(name)?.see(id, kept)
        }
        step()
        for (const edit of list) {
          perform(all, edit)
          step()
        }
        const { commits, content } = repository
        const whole = walk({ commits, content, fleetPath })
        for (const name of names) {
          const key = keyOf(name)
          const end = walk({ commits, content, fleetPath, wanted: key })
          assert.deepEqual(commitsIn(end, key), told.get(name)?.commits, `log of ${name}`)
          assert.deepEqual(commitsIn(whole, key), told.get(name)?.commits, `log of everything, ${name}`)
          if (end.state(key).status !== 'known') continue
          const paths = [...(told.get(name)?.fields?.keys() ?? [])]
          const writers = new Map(paths.map((path) => [path, told.get(name)?.writers.get(path)]))
          assert.deepEqual(sorted(writersIn(end, key, paths)), sorted(writers), `blame of ${name}`)
        }
      }),
      { numRuns: 150 },
    )
  })
})

function sorted(map: ReadonlyMap<string, unknown>): unknown[] {
  return [...map].sort(([one], [other]) => (one < other ? -1 : 1))
}
