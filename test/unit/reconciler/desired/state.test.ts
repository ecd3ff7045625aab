import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { describe, it } from 'node:test'
import * as fc from 'fast-check'
import { createMemoryBlobCache } from '../../../../reconciler/desired/cache.ts'
import { createDesired } from '../../../../reconciler/desired/state.ts'
import type { DesiredEngine, DesiredUpdate, DesiredView, TreeEntry } from '../../../../reconciler/desired/types.ts'

/** A repository in memory that counts what is read of it. */
class Repository {
  readonly contents = new Map<string, string>()
  readonly reads: string[] = []

  id(text: string): string {
    const id = createHash('sha1').update(text).digest('hex')
    this.contents.set(id, text)
    return id
  }

  entries(files: Record<string, string>): TreeEntry[] {
    return Object.entries(files).map(([path, text]) => ({ path, id: this.id(text) }))
  }

  async *read(ids: readonly string[]) {
    for (const id of ids) {
      this.reads.push(id)
      const text = this.contents.get(id)
      if (text !== undefined && text !== 'LOST') yield { id, bytes: new TextEncoder().encode(text) }
    }
  }
}

type World = { readonly repository: Repository; readonly engine: DesiredEngine; files: Record<string, string> }

function world(engine = createDesired()): World {
  return { repository: new Repository(), engine, files: {} }
}

async function list(at: World, files: Record<string, string>): Promise<DesiredUpdate> {
  at.files = files
  return at.engine.update({ revision: 'r', entries: at.repository.entries(files), read: (ids) => at.repository.read(ids) })
}

async function change(at: World, edits: Record<string, string | undefined>): Promise<DesiredUpdate> {
  const changes = Object.entries(edits).map(([path, text]) => ({ path, ...(text === undefined ? {} : { after: at.repository.id(text) }) }))
  at.files = Object.fromEntries(
    Object.entries({ ...at.files, ...edits }).filter((entry): entry is [string, string] => entry[1] !== undefined),
  )
  return at.engine.update({ revision: 'r', changes, read: (ids) => at.repository.read(ids) })
}

const configMap = (name: string, value = 'x') => `apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: ${name}\ndata:\n  k: ${value}\n`
const volume = (name: string) =>
  `apiVersion: cdi.kubevirt.io/v1beta1\nkind: DataVolume\nmetadata:\n  name: ${name}\nspec:\n  source: {blank: {}}\n  storage: {resources: {requests: {storage: 1Gi}}}\n`
const machine = (name: string, disk: string, templates = '') =>
  `apiVersion: kubevirt.io/v1\nkind: VirtualMachine\nmetadata:\n  name: ${name}\nspec:\n  runStrategy: Halted\n${templates}  template:\n    spec:\n      domain:\n        memory: {guest: 1Gi}\n        devices: {}\n      volumes:\n        - name: root\n          dataVolume: {name: ${disk}}\n`
const template = (name: string) =>
  `  dataVolumeTemplates:\n    - metadata: {name: ${name}}\n      spec: {source: {blank: {}}, storage: {resources: {requests: {storage: 1Gi}}}}\n`
const broken = (name: string) => `apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: ${name}\n bad: [\n`
const invalid = (name: string) => `apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: ${name}\ndatta: {}\n`

const codes = (view: DesiredView) => view.errors().map(({ path, code, line }) => `${path}:${line} ${code}`)

describe('createDesired', () => {
  it('needs a whole listing first', async () => {
    await assert.rejects(change(world(), {}), { code: 'FirstUpdateNeedsEntries' })
  })

  it('reads only what changed, and reports only what changed', async () => {
    const at = world()
    await list(at, { 'a.yaml': configMap('a'), 'b.yaml': configMap('b') })
    at.repository.reads.length = 0
    const { changed, view } = await change(at, { 'b.yaml': configMap('b', 'z') })
    assert.deepEqual([...changed], ['ConfigMap/default/b'])
    assert.equal(at.repository.reads.length, 1)
    assert.deepEqual([...view.keysOf('ConfigMap')].sort(), ['ConfigMap/default/a', 'ConfigMap/default/b'])
  })

  it('reads nothing again after a restart with the same cache, and comes to the same state', async () => {
    const cache = createMemoryBlobCache()
    const files = { 'a.yaml': machine('a', 'disk', template('disk')), 'b.yaml': invalid('b') }
    const cold = world(createDesired({ cache }))
    const before = (await list(cold, files)).view
    const warm = world(createDesired({ cache }))
    const after = (await list(warm, files)).view
    assert.deepEqual(warm.repository.reads, [])
    assert.deepEqual(picture(after), picture(before))
  })

  it('judges anew where the cache holds damaged text', async () => {
    const at = world(createDesired({ cache: { get: (ids) => new Map(ids.map((id) => [id, '{"objects":'])), put: () => {} } }))
    assert.equal((await list(at, { 'a.yaml': configMap('a') })).view.get('ConfigMap/default/a')?.kind, 'ConfigMap')
  })

  it('keeps what a file that no longer parses declared as unknown, never as deleted', async () => {
    const at = world()
    await list(at, { 'a.yaml': `${configMap('a')}---\n${configMap('b')}` })
    const { view, changed } = await change(at, { 'a.yaml': `${configMap('a')}---\n%%%\n` })
    assert.equal(view.get('ConfigMap/default/a')?.kind, 'ConfigMap')
    assert.equal(view.get('ConfigMap/default/b'), undefined)
    assert.equal(view.isUnknownKey('ConfigMap/default/b'), true)
    assert.equal(view.isUnknownKey('ConfigMap/default/a'), false)
    assert.equal(view.isUnknownPath('a.yaml'), true)
    assert.equal(changed.has('ConfigMap/default/b'), true)
    const mended = await change(at, { 'a.yaml': configMap('a') })
    assert.equal(mended.view.isUnknownKey('ConfigMap/default/b'), false)
    assert.equal(mended.view.isUnknownPath('a.yaml'), false)
  })

  it('knows at the first start what a broken file seems to declare', async () => {
    const { view } = await list(world(), { 'a.yaml': broken('a'), 'b.yaml': invalid('b') })
    assert.equal(view.isUnknownKey('ConfigMap/default/a'), true)
    assert.equal(view.isUnknownKey('ConfigMap/default/b'), true)
    assert.equal(view.get('ConfigMap/default/b'), undefined)
  })

  it('treats what stood below a path that is refused now as unknown until that path goes as well', async () => {
    const at = world()
    const files = { 'web/a.yaml': machine('a', 'disk', template('disk')), 'webs.yaml': configMap('b') }
    await list(at, files)
    const read = (ids: readonly string[]) => at.repository.read(ids)
    const refused = [{ path: 'web', code: 'Submodule', message: 'This is a submodule.' }]
    const { view } = await at.engine.update({ revision: 's', changes: [{ path: 'web/a.yaml' }], refused, read })
    const keys = ['VirtualMachine/default/a', 'DataVolume/default/disk']
    const unknown = (seen: DesiredView) => keys.map((key) => seen.isUnknownKey(key))
    assert.deepEqual([view.isUnknownPath('web/a.yaml'), view.isUnknownPath('webs.yaml')], [true, false])
    assert.deepEqual(unknown(view), [true, true])
    // After a restart nobody remembers the keys; the path still tells.
    const entries = at.repository.entries({ 'webs.yaml': configMap('b') })
    const fresh = await createDesired().update({ revision: 's', entries, refused, read })
    assert.deepEqual([...fresh.view.unknownPaths()], ['web'])
    assert.equal(fresh.view.isUnknownPath('web/deep/a.yaml'), true)
    const gone = await at.engine.update({ revision: 't', changes: [{ path: 'web' }], read })
    assert.equal(gone.view.isUnknownPath('web/a.yaml'), false)
    assert.deepEqual(unknown(gone.view), [false, false])
  })

  it('treats a refused file and a lost blob as unknown, and asks for the lost blob again', async () => {
    const at = world()
    const files = { 'a.yaml': configMap('a'), 'b.yaml': configMap('b') }
    await list(at, files)
    const read = (ids: readonly string[]) => at.repository.read(ids)
    const refused = [{ path: 'a.yaml', code: 'Symlink', message: 'This is a symbolic link.' }]
    const lost = at.repository.id('LOST')
    const entries = [{ path: 'b.yaml', id: lost }]
    const { view } = await at.engine.update({ revision: 's', entries, refused, read })
    assert.deepEqual([...view.keys()], [])
    assert.deepEqual(
      ['a', 'b'].map((name) => view.isUnknownKey(`ConfigMap/default/${name}`)),
      [true, true],
    )
    assert.deepEqual(codes(view), ['a.yaml:1 Symlink', 'b.yaml:1 BlobMissing'])
    at.repository.reads.length = 0
    await at.engine.update({ revision: 't', entries, refused, read })
    assert.deepEqual(at.repository.reads, [lost])
  })

  it('reports both sides of a duplicate, and lets neither win', async () => {
    const at = world()
    const { view } = await list(at, { 'a.yaml': configMap('x'), 'b.yaml': `---\n${configMap('x', 'other')}` })
    assert.deepEqual(codes(view), ['a.yaml:1 DuplicateObject', 'b.yaml:2 DuplicateObject'])
    assert.equal(view.get('ConfigMap/default/x'), undefined)
    assert.equal(view.isUnknownKey('ConfigMap/default/x'), true)
    const after = await change(at, { 'b.yaml': undefined })
    assert.equal(after.view.get('ConfigMap/default/x')?.origin.path, 'a.yaml')
    assert.deepEqual(codes(after.view), [])
  })

  it('holds the volumes of a doubtful virtual machine as unknown too', async () => {
    const at = world()
    const { view } = await list(at, { 'a.yaml': machine('m', 'one', template('one')), 'b.yaml': machine('m', 'two', template('two')) })
    assert.deepEqual([...view.keys()], [])
    assert.deepEqual(
      ['one', 'two'].map((name) => view.isUnknownKey(`DataVolume/default/${name}`)),
      [true, true],
    )
    const after = await change(at, { 'b.yaml': undefined })
    assert.equal(after.view.get('DataVolume/default/one')?.ownerKey, 'VirtualMachine/default/m')
  })

  it('reports a missing reference where it stands, until its object appears', async () => {
    const at = world()
    const { view } = await list(at, { 'm.yaml': machine('m', 'disk') })
    assert.deepEqual(codes(view), ['m.yaml:14 MissingReference'])
    assert.equal(view.errors()[0]?.field, 'spec.template.spec.volumes[0].dataVolume.name')
    const { view: found, changed } = await change(at, { 'd.yaml': volume('disk') })
    assert.deepEqual(codes(found), [])
    assert.deepEqual([...changed].sort(), ['DataVolume/default/disk', 'VirtualMachine/default/m'])
    assert.deepEqual([...found.dependents('DataVolume/default/disk')], ['VirtualMachine/default/m'])
    assert.deepEqual(codes((await change(at, { 'd.yaml': undefined })).view), ['m.yaml:14 MissingReference'])
  })

  it('knows the built-in storage class undeclared, and no other', async () => {
    const at = world()
    const of = (name: string) => volume('disk').replace('resources', `storageClassName: ${name}, resources`)
    assert.deepEqual(codes((await list(at, { 'd.yaml': of('local') })).view), [])
    const { view } = await change(at, { 'd.yaml': of('fast') })
    assert.match(view.errors()[0]?.message ?? '', /^DataVolume\/default\/disk refers to StorageClass\/fast, which is not declared\.$/)
  })

  it('does not call a reference missing whose object is unknown', async () => {
    const at = world()
    const text = volume('disk').replace('spec:', 'spek:')
    const { view } = await list(at, { 'm.yaml': machine('m', 'disk'), 'd.yaml': text })
    assert.deepEqual(
      view.errors().filter(({ path }) => path === 'm.yaml'),
      [],
    )
  })

  it('reads a Fleet at the environment’s root only', async () => {
    const fleet = 'apiVersion: gitvirt.io/v1alpha1\nkind: Fleet\nmetadata: {name: f}\n'
    const at = world(createDesired({ root: 'env/prod' }))
    const { view } = await list(at, { 'env/prod/gitvirt.yaml': fleet, 'env/prod/sub/gitvirt.yaml': fleet.replace('f}', 'g}') })
    assert.deepEqual([...view.keysOf('Fleet')], ['Fleet//f'])
    assert.deepEqual(codes(view), ['env/prod/sub/gitvirt.yaml:1 MisplacedFleet'])
  })

  it('doubts the policy when there are two', async () => {
    const fleet = (name: string) => `apiVersion: gitvirt.io/v1alpha1\nkind: Fleet\nmetadata: {name: ${name}}\n`
    const { view } = await list(world(), { 'gitvirt.yaml': `${fleet('f')}---\n${fleet('g')}` })
    assert.deepEqual([...view.keysOf('Fleet')], [])
    assert.equal(view.isUnknownKey('Fleet//f'), true)
    assert.equal(view.isUnknownPath('gitvirt.yaml'), true)
  })

  it('leaves an older view as it was', async () => {
    const at = world()
    const { view } = await list(at, { 'a.yaml': configMap('a'), 'm.yaml': machine('m', 'disk') })
    const before = picture(view)
    await change(at, { 'a.yaml': undefined, 'b.yaml': configMap('b'), 'd.yaml': volume('disk'), 'm.yaml': broken('m') })
    assert.deepEqual(picture(view), before)
  })

  it('changes nothing when the reader fails', async () => {
    const at = world()
    await list(at, { 'a.yaml': configMap('a') })
    const failing = async function* () {
      yield { id: 'other', bytes: new Uint8Array() }
      throw new Error('connection lost')
    }
    await assert.rejects(
      at.engine.update({ revision: 'x', changes: [{ path: 'a.yaml', after: 'f'.repeat(40) }], read: failing }),
      /connection lost/,
    )
    assert.equal(at.engine.view()?.revision, 'r')
    assert.equal(at.engine.view()?.get('ConfigMap/default/a')?.kind, 'ConfigMap')
  })

  it('comes to the same state by any sequence of edits as from scratch', async () => {
    const text = fc.oneof(
      { arbitrary: fc.constant(undefined), weight: 2 },
      { arbitrary: fc.constantFrom('a', 'b', 'c').map((name) => configMap(name)), weight: 2 },
      fc.constantFrom('a', 'b').map((name) => machine(name, 'one')),
      fc.constantFrom('a', 'b').chain((name) => fc.constantFrom('one', 'two').map((disk) => machine(name, disk, template(disk)))),
      fc.constantFrom('one', 'two').map(volume),
      fc.constantFrom('note: 1\n', 'apiVersion: apps/v1\nkind: Deployment\n', `${configMap('a')}---\n${configMap('b')}`),
    )
    const edit = fc.dictionary(fc.constantFrom('1.yaml', '2.yaml', '3.yaml', '4.yaml'), text, {
      minKeys: 1,
      maxKeys: 3,
      noNullPrototype: true,
    })
    await fc.assert(
      fc.asyncProperty(fc.array(edit, { minLength: 1, maxLength: 6 }), async (edits) => {
        const at = world()
        await list(at, {})
        let view = at.engine.view() ?? assert.fail()
        for (const one of edits) {
          const before = new Map([...view.keys()].map((key) => [key, view.get(key)]))
          const next = await change(at, one)
          for (const key of new Set([...before.keys(), ...next.view.keys()])) {
            if (before.get(key) !== next.view.get(key)) assert.ok(next.changed.has(key), key)
          }
          view = next.view
          const fresh = world()
          assert.deepEqual(picture(view), picture((await list(fresh, at.files)).view))
        }
      }),
      { numRuns: 60 },
    )
  })
})

/** All that a view shows, in an order that does not depend on history. */
function picture(view: DesiredView) {
  const names = ['a', 'b', 'c', 'm', 'one', 'two', 'disk']
  const candidates = names.flatMap((name) => ['ConfigMap', 'DataVolume', 'VirtualMachine'].map((kind) => `${kind}/default/${name}`))
  return {
    objects: [...view.keys()].sort().map((key) => {
      const object = view.get(key)
      return { ...object, digest: object?.digest }
    }),
    kinds: (['ConfigMap', 'DataVolume', 'VirtualMachine'] as const).map((kind) => [...view.keysOf(kind)].sort()),
    dependents: candidates.map((key) => [...view.dependents(key)].sort()),
    unknownKeys: candidates.filter((key) => view.isUnknownKey(key)),
    unknownPaths: ['1.yaml', '2.yaml', '3.yaml', '4.yaml', 'a.yaml', 'b.yaml', 'm.yaml'].filter((path) => view.isUnknownPath(path)),
    errors: view.errors(),
  }
}
