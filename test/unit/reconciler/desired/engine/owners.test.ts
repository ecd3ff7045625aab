import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { createOwners } from '../../../../../reconciler/desired/engine/owners.ts'
import { createDesired } from '../../../../../reconciler/desired/state.ts'
import { judgeBlob } from '../../../../../reconciler/desired/judge/judge-blob.ts'
import type { BlobOpener } from '../../../../../reconciler/desired/sealed/blob-opener.ts'
import type { DesiredEngine, DesiredView, ReadBlobs, RefusedFile } from '../../../../../reconciler/desired/types.ts'
import type { ObjectKey } from '../../../../../reconciler/lib/object-key.ts'
import { shareDesired } from '../../../../../reconciler/shared-desired.ts'

const key = 'ConfigMap/default/web'
const map = (value: string): string => `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: web}\ndata: {a: "${value}"}\n`
/** Nobody can tell which object this is. */
const broken = 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: web\ndata: ['

type Files = Readonly<Record<string, string>>
type Tell = (files: Files, refused?: readonly RefusedFile[]) => Promise<DesiredView>
type World = { readonly own: Tell; readonly b: Tell; readonly c: Tell; readonly kept: Map<ObjectKey, string> }

/** The environment's own source and two others, each told as a whole; who owns what is kept as the store keeps it. */
function world(kept = new Map<ObjectKey, string>(), names: readonly string[] = ['b', 'c']): World {
  const owners = createOwners(kept)
  const settled = (isWhole: boolean): void =>
    owners.save((changes) => {
      for (const [changed, path] of changes) {
        if (path === undefined) kept.delete(changed)
        else kept.set(changed, path)
      }
    }, isWhole)
  const shared = shareDesired(createDesired({ owners }), { names, settled })
  const tell = (engine: DesiredEngine): Tell => {
    return async (files, refused = []) => {
      const entries = Object.entries(files).map(([path, text]) => ({ path, id: `id of ${text}` }))
      const read: ReadBlobs = async function* (ids) {
        for (const id of ids) yield { id, bytes: Buffer.from(id.slice('id of '.length)) }
      }
      return (await engine.update({ revision: 'r', entries, read, refused })).view
    }
  }
  return { own: tell(shared.own), b: tell(shared.other('b')), c: tell(shared.other('c')), kept }
}

function valueOf(view: DesiredView): unknown {
  if (view.isUnknownKey(key)) return 'unknown'
  return (view.get(key)?.object as { data?: Record<string, string> } | undefined)?.data?.['a'] ?? 'absent'
}

function faults(view: DesiredView): string[] {
  return view.errors().map(({ code, path }) => `${code} ${path}`)
}

describe('owners of objects of several sources', () => {
  it('are not kept while another source, which may have had the object, was not read', async () => {
    const kept = new Map<ObjectKey, string>()
    const first = world(kept, ['b'])
    await first.own({ 'x.yaml': map('own') })
    assert.deepEqual([...kept], [])
    const second = world(kept, ['b'])
    await second.own({ 'x.yaml': map('own') })
    const both = await second.b({ 'web.yaml': map('b') })
    assert.deepEqual([valueOf(both), ...faults(both)], ['unknown', 'DuplicateObject b//web.yaml', 'DuplicateObject x.yaml'])
    const alone = world(new Map(), ['b'])
    await alone.own({ 'x.yaml': map('own') })
    await alone.b({})
    assert.deepEqual([...alone.kept], [[key, 'x.yaml']])
  })

  it('are not told by a source that was refused as a whole until it is read', async () => {
    const { own, b, kept } = world(new Map(), ['b'])
    await own({ 'x.yaml': map('own') })
    await b({}, [{ path: '', code: 'RenderFailed', message: 'It cannot be rendered.' }])
    assert.deepEqual([...kept], [])
    assert.equal(valueOf(await b({ 'web.yaml': map('b') })), 'unknown')
  })

  it('stay when their file moves and breaks in one commit, whether another source declares the object before or after', async () => {
    for (const early of [true, false]) {
      const { own, b } = world(new Map([[key, 'b//web.yaml']]), ['b'])
      await own(early ? { 'x.yaml': map('own') } : {})
      await b({ 'web.yaml': map('b') })
      await b({ 'moved.yaml': broken })
      const claimed = await own({ 'x.yaml': map('own') })
      assert.deepEqual([valueOf(claimed), faults(claimed).includes('OwnedByOtherSource x.yaml')], ['unknown', true])
      const mended = await b({ 'moved.yaml': map('b') })
      assert.deepEqual([valueOf(mended), ...faults(mended)], ['b', 'OwnedByOtherSource x.yaml'])
      assert.equal(valueOf(await b({})), 'own')
    }
  })

  it('stay when it moved and broke while nobody looked', async () => {
    const { own, b } = world(new Map([[key, 'b//web.yaml']]), ['b'])
    await own({})
    await b({ 'moved.yaml': broken })
    assert.equal(valueOf(await own({ 'x.yaml': map('own') })), 'unknown')
    assert.equal(valueOf(await b({ 'moved.yaml': map('b') })), 'b')
  })

  it('change when the object is removed, though another file was broken before', async () => {
    const { own, b } = world(new Map([[key, 'b//web.yaml']]), ['b'])
    await own({ 'x.yaml': map('own') })
    await b({ 'web.yaml': map('b'), 'other.yaml': broken })
    assert.equal(valueOf(await b({ 'other.yaml': broken })), 'own')
  })

  it('are forgotten of what was removed while nobody looked', async () => {
    const { own, b, c, kept } = world(new Map([[key, 'x.yaml']]))
    await own({})
    assert.deepEqual([...kept], [])
    assert.equal(valueOf(await b({ 'web.yaml': map('b') })), 'b')
    const both = await c({ 'web.yaml': map('c') })
    assert.deepEqual([valueOf(both), ...faults(both)], ['unknown', 'DuplicateObject b//web.yaml', 'DuplicateObject c//web.yaml'])
  })

  it('are doubted where what was kept is not true any more when a source is first read', async () => {
    const { own, b, c } = world(new Map([[key, 'b//web.yaml']]))
    await own({ 'x.yaml': map('own') })
    assert.equal(valueOf(await b({})), 'own')
    assert.equal(valueOf(await c({ 'web.yaml': map('c') })), 'unknown')
  })

  it('are kept when a file that was shut is opened', async () => {
    const sealed = 'apiVersion: v1\nkind: Secret\nmetadata: {name: web}\nsops: {mac: x}\n'
    const plain = 'apiVersion: v1\nkind: Secret\nmetadata: {name: web}\n'
    let keys = false
    const opener: BlobOpener = {
      recall: () => undefined,
      open: async (_id, bytes) => {
        return keys ? judgeBlob(Buffer.from(plain)) : { ...judgeBlob(bytes), objects: [], broken: true, locked: true }
      },
      keysChanged: async () => keys,
    }
    const owners = createOwners()
    const kept: string[] = []
    const settled = (): void => owners.save((changes) => void kept.push(...[...changes.values()].map(String)))
    const shared = shareDesired(createDesired({ owners, opener }), { names: ['b'], settled })
    const read: ReadBlobs = async function* (ids) {
      for (const id of ids) yield { id, bytes: Buffer.from(sealed) }
    }
    await shared.own.update({ revision: 'r', entries: [{ path: 'own.yaml', id: 'one' }], read })
    const other = shared.other('b')
    await other.update({ revision: 'r', entries: [], read })
    assert.deepEqual(kept, [])
    keys = true
    await shared.own.reopen(read)
    assert.deepEqual(kept, ['own.yaml'])
  })
})
