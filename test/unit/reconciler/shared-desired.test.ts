import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { createOwners, triedWith, type KeptOwners } from '../../../reconciler/desired/engine/owners.ts'
import { createDesired } from '../../../reconciler/desired/state.ts'
import { judgeBlob } from '../../../reconciler/desired/judge/judge-blob.ts'
import type { BlobOpener } from '../../../reconciler/desired/sealed/blob-opener.ts'
import type { DesiredEngine, DesiredView, ReadBlobs } from '../../../reconciler/desired/types.ts'
import { checkSourceName, shareDesired } from '../../../reconciler/shared-desired.ts'
import type { ObjectKey } from '../../../reconciler/lib/object-key.ts'
import { foldersAbove, rootOf } from '../../../reconciler/lib/folders-above.ts'
import { otherSources } from '../../../reconciler/cli/commands/source-flags.ts'

const map = (name: string, value: string): string => `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: ${name}}\ndata: {a: "${value}"}\n`
const key = 'ConfigMap/default/web'

type Files = Readonly<Record<string, string>>
type Told = { readonly a: (files: Files) => Promise<DesiredView>; readonly b: (files: Files) => Promise<DesiredView> }

/** The environment's own source `a` and another one, `b`, each told as a whole. */
function two(owners: KeptOwners = createOwners()): Told {
  const shared = shareDesired(createDesired({ owners }), { names: ['b'] })
  const tell = (engine: DesiredEngine) => async (files: Files) => {
    const contents = new Map(Object.values(files).map((text) => [`id of ${text}`, text]))
    const entries = Object.entries(files).map(([path, text]) => ({ path, id: `id of ${text}` }))
    const read = async function* (ids: readonly string[]): AsyncGenerator<{ id: string; bytes: Uint8Array }> {
      for (const id of ids) yield { id, bytes: Buffer.from(contents.get(id) ?? '') }
    }
    return (await engine.update({ revision: 'r', entries, read })).view
  }
  return { a: tell(shared.own), b: tell(shared.other('b')) }
}

function faults(view: DesiredView): string[] {
  return view.errors().map(({ code, path }) => `${code} ${path}`)
}

function valueOf(view: DesiredView): unknown {
  return (view.get(key)?.object as { data?: Record<string, string> } | undefined)?.data?.['a']
}

/** What a restart finds of who had what. */
function afterRestart(owners: KeptOwners, kept: Map<ObjectKey, string>): KeptOwners {
  owners.save((changes) => {
    for (const [changed, path] of changes) {
      if (path === undefined) kept.delete(changed)
      else kept.set(changed, path)
    }
  })
  return createOwners(kept)
}

const sealed = (name: string): string => `apiVersion: v1\nkind: Secret\nmetadata: {name: ${name}}\nsops: {mac: x}\n`

/** Reads one text, as a source reads only what it has. */
function reader(text: string): ReadBlobs {
  return async function* (ids) {
    for (const id of ids) {
      assert.equal(id, `id of ${text}`)
      yield { id, bytes: Buffer.from(text) }
    }
  }
}

describe('several sources of one environment', () => {
  it('open what was shut each from its own files, though new keys are told of once', async () => {
    let [keys, news] = [false, false]
    const opener: BlobOpener = {
      recall: () => undefined,
      open: async (_id, bytes) => ({ ...judgeBlob(bytes), ...(keys ? {} : { locked: true }) }),
      keysChanged: async () => {
        const told = news
        news = false
        return told
      },
    }
    const shared = shareDesired(createDesired({ opener }), { names: ['b'] })
    const sources = [
      { engine: shared.own, text: sealed('one') },
      { engine: shared.other('b'), text: sealed('two') },
    ]
    for (const { engine, text } of sources)
      await engine.update({ revision: 'r', entries: [{ path: 'x.yaml', id: `id of ${text}` }], read: reader(text) })
    const reopened = async (): Promise<boolean[]> => {
      const opened: boolean[] = []
      for (const { engine, text } of sources) opened.push((await engine.reopen(reader(text))) !== undefined)
      return opened
    }
    assert.deepEqual(await reopened(), [false, false])
    ;[keys, news] = [true, true]
    assert.deepEqual(await reopened(), [true, true])
    assert.deepEqual(await reopened(), [false, false])
  })

  it('each declare objects of their own, at paths that tell the source', async () => {
    const { a, b } = two()
    const first = await a({ 'x.yaml': map('web', '1') })
    assert.deepEqual(faults(first), ['SourceUnread b/'])
    assert.ok(first.isUnknownPath('b//y.yaml'))
    assert.equal(first.isUnknownPath('y.yaml'), false)
    const both = await b({ 'y.yaml': map('db', '1') })
    assert.deepEqual(faults(both), [])
    assert.deepEqual([...both.keys()].sort(), ['ConfigMap/default/db', key])
    assert.deepEqual([both.get('ConfigMap/default/db')?.origin.path, both.isUnknownPath('b//y.yaml')], ['b//y.yaml', false])
    assert.deepEqual([...(await a({})).keys()], ['ConfigMap/default/db'])
    assert.deepEqual([...(await b({})).keys()], [])
  })

  it('leave an object with the one that had it, whatever both do, until that one gives it up', async () => {
    const { a, b } = two()
    await a({ 'x.yaml': map('web', 'a1') })
    await b({})
    const refused = await b({ 'y.yaml': map('web', 'b1') })
    assert.deepEqual([valueOf(refused), ...faults(refused)], ['a1', 'OwnedByOtherSource b//y.yaml'])
    assert.match(refused.errors()[0]?.message ?? '', /declares it in x\.yaml:1/)
    // The owner moves it to another file, and changes it.
    const edited = await a({ 'z.yaml': map('web', 'a2') })
    assert.deepEqual([valueOf(edited), ...faults(edited)], ['a2', 'OwnedByOtherSource b//y.yaml'])
    assert.equal(valueOf(await b({ 'y.yaml': map('web', 'b2') })), 'a2')
    const moved = await a({})
    assert.deepEqual([valueOf(moved), moved.get(key)?.origin.path, ...faults(moved)], ['b2', 'b//y.yaml'])
    const late = await a({ 'x.yaml': map('web', 'a3') })
    assert.deepEqual([valueOf(late), ...faults(late)], ['b2', 'OwnedByOtherSource x.yaml'])
  })

  it('refuse an object for both where nobody can tell who had it, and change nothing of it', async () => {
    const { a, b } = two()
    await a({ 'x.yaml': map('web', 'a') })
    const both = await b({ 'y.yaml': map('web', 'b') })
    assert.ok(both.isUnknownKey(key))
    assert.deepEqual(faults(both), ['DuplicateObject b//y.yaml', 'DuplicateObject x.yaml'])
    assert.ok((await a({ 'x.yaml': map('web', 'a2') })).isUnknownKey(key))
    assert.equal(valueOf(await b({})), 'a2')
  })

  it('leave an object with the one that had it over a restart, whichever is read first, and name both places', async () => {
    const [owners, kept] = [createOwners(), new Map<ObjectKey, string>()]
    const before = two(owners)
    await before.a({})
    await before.b({ 'y.yaml': map('web', 'b1') })
    await before.a({ 'x.yaml': map('web', 'a1') })
    const { a, b } = two(afterRestart(owners, kept))
    const waiting = await a({ 'x.yaml': map('web', 'a2') })
    assert.deepEqual([waiting.isUnknownKey(key), ...faults(waiting)], [true, 'SourceUnread b/', 'OwnedByOtherSource x.yaml'])
    assert.match(waiting.errors()[1]?.message ?? '', /declared it in b\/\/y\.yaml, and that cannot be read now/)
    const read = await b({ 'y.yaml': map('web', 'b2') })
    assert.deepEqual([valueOf(read), ...faults(read)], ['b2', 'OwnedByOtherSource x.yaml'])
    assert.match(read.errors()[0]?.message ?? '', /declares it in b\/\/y\.yaml:1/)
  })

  it('settle after a restart what came while nobody looked: it stays with the one that had it', async () => {
    const [owners, kept] = [createOwners(), new Map<ObjectKey, string>()]
    const before = two(owners)
    await before.a({ 'x.yaml': map('web', 'a1') })
    await before.b({})
    const { a, b } = two(afterRestart(owners, kept))
    await a({ 'x.yaml': map('web', 'a1') })
    const both = await b({ 'y.yaml': map('web', 'b1') })
    assert.deepEqual([valueOf(both), ...faults(both)], ['a1', 'OwnedByOtherSource b//y.yaml'])
  })

  it('give an object to the one that still has it when the other, once read, has it no more', async () => {
    const { a, b } = two(createOwners([[key, 'b//y.yaml']]))
    assert.ok((await a({ 'x.yaml': map('web', 'a1') })).isUnknownKey(key))
    const given = await b({})
    assert.deepEqual([valueOf(given), ...faults(given)], ['a1'])
    const late = await b({ 'y.yaml': map('web', 'b1') })
    assert.deepEqual([valueOf(late), ...faults(late)], ['a1', 'OwnedByOtherSource b//y.yaml'])
  })

  it('keep an object from others while the file of its owner is broken', async () => {
    const { a, b } = two()
    await a({ 'x.yaml': map('web', 'a1') })
    await b({})
    const broken = await a({ 'x.yaml': 'kind: [' })
    assert.ok(broken.isUnknownKey(key))
    const claimed = await b({ 'y.yaml': map('web', 'b1') })
    assert.deepEqual([claimed.isUnknownKey(key), valueOf(claimed)], [true, undefined])
    assert.ok(faults(claimed).includes('OwnedByOtherSource b//y.yaml'))
    const mended = await a({ 'x.yaml': map('web', 'a2') })
    assert.deepEqual([valueOf(mended), ...faults(mended)], ['a2', 'OwnedByOtherSource b//y.yaml'])
    const dropped = await a({})
    assert.deepEqual([valueOf(dropped), ...faults(dropped)], ['b1'])
  })

  it('stay in doubt over a restart where nobody could tell', async () => {
    const [owners, kept] = [createOwners(), new Map<ObjectKey, string>()]
    const before = two(owners)
    await before.a({ 'x.yaml': map('web', 'a') })
    await before.b({ 'y.yaml': map('web', 'b') })
    const { a, b } = two(afterRestart(owners, kept))
    await a({ 'x.yaml': map('web', 'a') })
    const both = await b({ 'y.yaml': map('web', 'b') })
    assert.deepEqual([both.isUnknownKey(key), ...faults(both)], [true, 'DuplicateObject b//y.yaml', 'DuplicateObject x.yaml'])
  })

  it('tell in what is only tried who has an object, and keep nothing of it', async () => {
    const owners = createOwners([[key, 'b//y.yaml']])
    const texts = [map('web', 'a1'), map('web', 'b1')]
    const entries = [
      { path: 'x.yaml', id: '0' },
      { path: 'b//y.yaml', id: '1' },
    ]
    const read: ReadBlobs = async function* (ids) {
      for (const id of ids) yield { id, bytes: Buffer.from(texts[Number(id)] ?? '') }
    }
    const { view } = await createDesired({ owners: triedWith(owners) }).update({ revision: 'r', entries, read })
    assert.deepEqual([valueOf(view), ...faults(view)], ['b1', 'OwnedByOtherSource x.yaml'])
    const moved = await createDesired({ owners: triedWith(owners) }).update({ revision: 'r', entries: entries.slice(0, 1), read })
    assert.deepEqual([valueOf(moved.view), owners.of(key)], ['a1', 'b//y.yaml'])
  })

  it('have one policy: that of the own source', async () => {
    const { a, b } = two()
    const fleet = 'apiVersion: gitvirt.io/v1alpha1\nkind: Fleet\nmetadata: {name: x}\nspec: {}\n'
    await a({})
    const view = await b({ 'gitvirt.yaml': fleet })
    assert.deepEqual(faults(view), ['MisplacedFleet b//gitvirt.yaml'])
    assert.deepEqual([...view.keysOf('Fleet')], [])
  })
})

describe('paths of sources', () => {
  it('end at the root of their own source', () => {
    assert.deepEqual(foldersAbove('a/b/c.yaml'), ['a/b', 'a', ''])
    assert.deepEqual(foldersAbove('net//a/c.yaml'), ['net//a', 'net/'])
    assert.deepEqual(foldersAbove('net//c.yaml'), ['net/'])
    assert.deepEqual([foldersAbove('net/'), foldersAbove('')], [[], []])
    assert.deepEqual([rootOf('net//c.yaml'), rootOf('net/c.yaml'), rootOf('net/')], ['net/', '', 'net/'])
  })
})

describe('the flags of other sources', () => {
  it('give name, address and what belongs to it', () => {
    assert.deepEqual(
      otherSources(['net=https://git.example.org/net.git,branch=main,path=/hosts/,token-file=/run/t', 'b=/srv/b.git,ref=v1']),
      [
        {
          name: 'net',
          url: 'https://git.example.org/net.git',
          ref: 'main',
          path: 'hosts',
          auth: { kind: 'token', token: { file: '/run/t' } },
        },
        { name: 'b', url: '/srv/b.git', ref: 'v1' },
      ],
    )
  })

  it('name the forge whose requests of the source are planned, by the rules of --forge', () => {
    const forge = 'forge=gitea,forge-api=https://git.example.org/api/v1,forge-repo=net/hosts,forge-token-file=/run/f'
    const expected = { kind: 'gitea', api: 'https://git.example.org/api/v1', repository: 'net/hosts', tokenFile: '/run/f', pollMs: 60_000 }
    assert.deepEqual(otherSources([`net=/srv/net.git,${forge}`], '1m')[0]?.forge, expected)
    for (const part of ['forge=gitea', 'forge=svn,forge-repo=a/b,forge-token-file=/f', 'forge-repo=a/b'])
      assert.throws(() => otherSources([`net=/srv/net.git,${part}`]), { code: 'InvalidFlag' }, part)
  })

  it('refuse names that paths could not carry, doubled ones, and what is no flag', () => {
    for (const text of ['Net=https://x', 'a/b=https://x', '=https://x', 'net', 'net=https://x,colour=red', 'net=https://x,path=a,path=b'])
      assert.throws(() => otherSources([text]), { code: 'InvalidFlag' }, text)
    assert.throws(() => otherSources(['a=/x', 'a=/y']), /two sources are called "a"/)
    assert.throws(() => otherSources(['a=ext::sh -c x']), { code: 'InvalidUrl' })
    assert.equal(checkSourceName('net', new Set()), 'net')
  })
})
