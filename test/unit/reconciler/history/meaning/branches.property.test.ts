import assert from 'node:assert/strict'
import { it } from 'node:test'
import { array, assert as check, constant, constantFrom, oneof, property, record } from 'fast-check'
import { blameFields } from '../../../../../reconciler/history/meaning/blame.ts'
import { changesOf } from '../../../../../reconciler/history/meaning/log.ts'
import { walk } from '../../../../../reconciler/history/meaning/walk.ts'
import { manifest, Repository, type Machine } from '../model.ts'

const fields = ['cores', 'root', 'data'] as const
type Field = (typeof fields)[number]
type Value = { readonly value: number; readonly writer: string }
/** Each field with its last writer, as three-way merges have it. */
type State = Readonly<Record<Field, Value>>
type Branch = { head: string; state: State; path: string }

const steps = oneof(
  record({ act: constant('edit' as const), on: constantFrom('main', 'topic'), field: constantFrom(...fields) }),
  record({ act: constant('move' as const), on: constantFrom('main', 'topic'), field: constant('cores' as const) }),
  record({ act: constant('fork' as const), on: constant('topic'), field: constant('cores' as const) }),
  record({ act: constant('merge' as const), on: constantFrom('main', 'topic'), field: constant('cores' as const) }),
  record({ act: constant('evil' as const), on: constantFrom('main', 'topic'), field: constantFrom(...fields) }),
)

/** A history of two branches: what each commit says, and what a person who watched would tell of it. */
class Watched {
  readonly repository = new Repository()
  readonly changed = new Set<string>()
  #next = 1
  #base: State
  readonly branches: Record<string, Branch>

  constructor() {
    const state = this.#fresh({ cores: 0, root: 0, data: 0 })
    const head = this.repository.commit(new Map([['a.yaml', text(state)]]))
    this.changed.add(head)
    this.#base = state
    this.branches = { main: { head, state, path: 'a.yaml' }, topic: { head, state, path: 'a.yaml' } }
  }

  #fresh(values: Record<Field, number>): State {
    return Object.fromEntries(fields.map((field) => [field, { value: (values[field] = this.#next++), writer: 'c0' }])) as State
  }

  branch(name: string): Branch {
    const found = this.branches[name]
    assert.ok(found)
    return found
  }

  edit(on: string, field: Field): void {
    const branch = this.branch(on)
    this.#commit(branch, { ...branch.state, [field]: { value: this.#next++, writer: '?' } }, [branch.head])
  }

  move(on: string): void {
    const branch = this.branch(on)
    branch.path = branch.path === 'a.yaml' ? 'b.yaml' : 'a.yaml'
    this.#commit(branch, branch.state, [branch.head])
  }

  fork(): void {
    const { head, state, path } = this.branch('main')
    this.branches['topic'] = { head, state, path }
    this.#base = state
  }

  /** Merges the other branch; fields that both sides changed, and an evil merge's field, get a new value. Then both branches go on from there. */
  merge(on: string, evil?: Field): void {
    const ours = this.branch(on)
    const theirs = this.branch(on === 'main' ? 'topic' : 'main')
    const entries = fields.map((field): [Field, Value] => {
      const [base, one, other] = [this.#base[field], ours.state[field], theirs.state[field]]
      if (field === evil || (one.value !== base.value && other.value !== base.value)) return [field, { value: this.#next++, writer: '?' }]
      return [field, one.value === base.value ? other : one]
    })
    this.#commit(ours, Object.fromEntries(entries) as State, [ours.head, theirs.head])
    Object.assign(theirs, { head: ours.head, state: ours.state, path: ours.path })
    this.#base = ours.state
  }

  #commit(branch: Branch, state: State, parents: readonly string[]): void {
    const head = this.repository.commit(new Map([[branch.path, text(state)]]), parents)
    const own = fields.filter((field) => state[field].writer === '?')
    if (own.length > 0) this.changed.add(head)
    const named = own.map((field): [Field, Value] => [field, { ...state[field], writer: head }])
    Object.assign(branch, { head, state: { ...state, ...Object.fromEntries(named) } })
  }
}

function text(state: State): string {
  const machine: Machine = {
    name: 'web',
    cores: state.cores.value,
    memory: '1Gi',
    disks: [
      ['root', `s${state.root.value}`],
      ['data', `s${state.data.value}`],
    ],
  }
  return manifest(machine)
}

const domain = 'spec.template.spec.domain'
const paths: Readonly<Record<Field, string>> = {
  cores: `${domain}.cpu.cores`,
  root: `${domain}.devices.disks[root].serial`,
  data: `${domain}.devices.disks[data].serial`,
}

it('over branches and merges each change belongs to the commit that made it, a merge only to what it brought itself', () => {
  check(
    property(array(steps, { maxLength: 25 }), (list) => {
      const watched = new Watched()
      for (const { act, on, field } of list) {
        if (act === 'edit') watched.edit(on, field)
        else if (act === 'move') watched.move(on)
        else if (act === 'fork') watched.fork()
        else watched.merge(on, act === 'evil' ? field : undefined)
      }
      // All that both branches hold.
      watched.merge('main')
      const { commits, content } = watched.repository
      const end = walk({ commits, content, fleetPath: 'gitvirt.yaml' })
      const version = end.versions.get('VirtualMachine/default/web')
      const state = end.state('VirtualMachine/default/web')
      assert.ok(version !== undefined && state.status === 'known')
      const blamed = new Map(blameFields(version, state.judged, undefined).map((field) => [field.path, field.version.commit]))
      const wanted = watched.branch('main').state
      for (const field of fields) assert.equal(blamed.get(paths[field]), wanted[field].writer, field)
      const reachable = reachableFrom(watched, watched.branch('main').head)
      const expected = [...watched.changed].filter((commit) => reachable.has(commit))
      assert.deepEqual(
        changesOf([version])
          .map(({ commit }) => commit)
          .toSorted(),
        expected.toSorted(),
      )
    }),
    { numRuns: 200 },
  )
})

function reachableFrom({ repository }: Watched, head: string): Set<string> {
  const found = new Set([head])
  for (const id of found) for (const parent of repository.commits.find((commit) => commit.id === id)?.parents ?? []) found.add(parent)
  return found
}
