import assert from 'node:assert/strict'
import { mkdirSync, readdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import type { BlobCache } from '../../../../reconciler/desired/cache.ts'
import { createDesired } from '../../../../reconciler/desired/state.ts'
import type { DesiredUpdate, DesiredView } from '../../../../reconciler/desired/types.ts'
import { silentLogger } from '../../../../reconciler/lib/log.ts'
import { createRevisions } from '../../../../reconciler/revisions.ts'
import { createListingKeeper } from '../../../../reconciler/source/kept-listing.ts'
import { openSource } from '../../../../reconciler/source/open-source.ts'
import { openManifestCache, openRenderCache } from '../../../../reconciler/store/manifest-cache.ts'
import { atEnd } from '../../../at-end.ts'
import { Fixture } from '../source/fixture.ts'
import { skip } from './program.ts'

type Machine = {
  readonly spec: { readonly template: { readonly spec: { readonly domain: { readonly memory: { readonly guest: string } } } } }
}
type Counting = BlobCache & { readonly rendered: () => number }

/** One environment of a repository, followed as the reconciler does; `rendered` counts what was rendered anew. */
type World = { readonly fixture: Fixture; readonly follow: (path: string) => Promise<Followed> }
type Followed = {
  readonly take: () => Promise<DesiredUpdate | undefined>
  readonly rendered: () => number
  /** What follows the same path next is a restart. */
  readonly close: () => Promise<void>
}

function world(t: TestContext): World {
  const fixture = new Fixture()
  atEnd(t, () => fixture.close())
  const follow = async (path: string): Promise<Followed> => {
    const dir = join(fixture.dir, `state-${path.replaceAll('/', '-')}`)
    mkdirSync(dir, { recursive: true })
    const stack = new AsyncDisposableStack()
    const source = stack.adopt(
      await openSource({ url: fixture.bare, path, storeDir: join(dir, 'source') }),
      async (one) => await one.close(),
    )
    const cache = counting(stack.adopt(openRenderCache(dir), (one) => one.close()))
    const manifests = stack.adopt(openManifestCache(dir), (one) => one.close())
    const desired = createDesired({ cache: manifests, root: path })
    const listings = createListingKeeper({ cache: manifests, scope: [path], mostEntries: 1000, log: silentLogger })
    const revisions = createRevisions({ source, desired, environment: { root: path, renderings: cache }, listings })
    const close = async (): Promise<void> => await stack.disposeAsync()
    atEnd(t, close)
    return { take: async () => await revisions.take(await source.fetch()), rendered: cache.rendered, close }
  }
  return { fixture, follow }
}

function counting(cache: BlobCache): Counting {
  let puts = 0
  return {
    get: (ids) => cache.get(ids),
    put: (entries) => {
      const all = [...entries]
      puts += all.filter(([id]) => !id.startsWith('program:')).length
      cache.put(all)
    },
    rendered: () => puts,
  }
}

const machine = (name: string, guest = '1Gi'): string => `# ${name}
apiVersion: kubevirt.io/v1
kind: VirtualMachine
metadata:
  name: ${name}
spec:
  runStrategy: Always
  template:
    spec:
      domain:
        memory: {guest: ${guest}}
        devices: {}
`
const memory = (guest: string): string => `patches:
- target: {kind: VirtualMachine, name: web}
  patch: |-
    - {op: replace, path: /spec/template/spec/domain/memory/guest, value: ${guest}}
`
const start: Record<string, string> = {
  'base/kustomization.yaml': 'resources: [machines.yaml]\n',
  'base/machines.yaml': `${machine('db')}---\n${machine('web')}`,
  'env/staging/gitvirt.yaml': 'apiVersion: gitvirt.io/v1alpha1\nkind: Fleet\nmetadata: {name: staging}\nspec: {}\n',
  'env/staging/kustomization.yaml': 'resources: [../../base, gitvirt.yaml]\nnameSuffix: -s\n',
  'env/prod/kustomization.yaml': `resources: [../../base]\n${memory('4Gi')}`,
  'env/prod/left-out.yaml': machine('left-out'),
}

function guest(view: DesiredView | undefined, key: string): string | undefined {
  const object = view?.get(key)?.object as Machine | undefined
  return object?.spec.template.spec.domain.memory.guest
}

function keys(view: DesiredView | undefined): string[] {
  return [...(view?.keys() ?? [])].sort()
}

describe('an environment that is an overlay', { skip }, () => {
  it('is what kustomize renders, each object at its place in the base; the policy is read as it is', async (t) => {
    const { fixture, follow } = world(t)
    fixture.commit(start)
    const prod = (await (await follow('env/prod')).take())?.view
    assert.deepEqual(keys(prod), ['VirtualMachine/default/db', 'VirtualMachine/default/web'])
    assert.deepEqual([guest(prod, 'VirtualMachine/default/db'), guest(prod, 'VirtualMachine/default/web')], ['1Gi', '4Gi'])
    const web = prod?.get('VirtualMachine/default/web')
    assert.deepEqual([web?.origin.path, web?.origin.line], ['base/machines.yaml', 15])
    assert.deepEqual(prod?.errors(), [])
    assert.equal(JSON.stringify(web?.object).includes('config.kubernetes.io'), false)
    const staging = (await (await follow('env/staging')).take())?.view
    assert.deepEqual(keys(staging), ['Fleet//staging', 'VirtualMachine/default/db-s', 'VirtualMachine/default/web-s'])
    assert.equal(staging?.get('VirtualMachine/default/web-s')?.origin.line, 15)
    assert.deepEqual(
      readdirSync(tmpdir()).filter((name) => name.startsWith('gitvirt-render-')),
      [],
    )
  })

  it('is rendered once for the same files, also after a restart and by commits of other files', async (t) => {
    const { fixture, follow } = world(t)
    fixture.commit(start)
    const first = await follow('env/prod')
    await first.take()
    assert.equal(first.rendered(), 1)
    fixture.commit({ 'env/staging/kustomization.yaml': 'resources: [../../base]\n', 'README.md': 'x' })
    const update = await first.take()
    assert.equal(first.rendered(), 1)
    assert.deepEqual([...(update?.changed ?? [])], [])
    await first.close()
    const restarted = await follow('env/prod')
    assert.deepEqual(keys((await restarted.take())?.view), ['VirtualMachine/default/db', 'VirtualMachine/default/web'])
    assert.equal(restarted.rendered(), 0)
  })

  it('changes with its base, as all overlays of it, and by itself alone', async (t) => {
    const { fixture, follow } = world(t)
    fixture.commit(start)
    const prod = await follow('env/prod')
    const staging = await follow('env/staging')
    await prod.take()
    await staging.take()
    fixture.commit({ 'base/machines.yaml': `${machine('db', '2Gi')}---\n${machine('web')}` })
    assert.deepEqual([...((await prod.take())?.changed ?? [])], ['VirtualMachine/default/db', 'VirtualMachine/default/web'])
    assert.deepEqual([...((await staging.take())?.changed ?? [])], ['VirtualMachine/default/db-s', 'VirtualMachine/default/web-s'])
    fixture.commit({ 'env/prod/kustomization.yaml': `resources: [../../base]\n${memory('8Gi')}` })
    const update = await prod.take()
    assert.equal(guest(update?.view, 'VirtualMachine/default/web'), '8Gi')
    assert.equal(guest(update?.view, 'VirtualMachine/default/db'), '2Gi')
    assert.deepEqual([...((await staging.take())?.changed ?? [])], [])
  })

  it('names the patch that a fault comes from, beside the object that it is in', async (t) => {
    const { fixture, follow } = world(t)
    const json =
      '- {op: test, path: /kind, value: VirtualMachine}\n- {op: replace, path: /spec/template/spec/domain/memory/guest, value: much}\n'
    const merge = `apiVersion: kubevirt.io/v1\nkind: VirtualMachine\nmetadata: {name: db}\nspec:\n  template:\n    spec:\n      colour: red\n`
    const target = '{kind: VirtualMachine, name: web}'
    const inline = `- target: ${target}\n  patch: |-\n    - {op: add, path: /spec/size, value: 3}\n`
    fixture.commit({
      ...start,
      'env/prod/json.yaml': json,
      'env/prod/merge.yaml': merge,
      'env/prod/kustomization.yaml': `resources: [../../base]\npatches:\n- {path: json.yaml, target: ${target}}\n- path: merge.yaml\n${inline}`,
    })
    const told = (await (await follow('env/prod')).take())?.view.errors().map(({ path, line, field, message }) => {
      return [`${path}:${line}`, field, /, with the patch ([^ ]+)\.\)$/.exec(message)?.[1]]
    })
    assert.deepEqual(told, [
      ['base/machines.yaml:2', 'spec.template.spec.colour', 'env/prod/merge.yaml:7'],
      ['base/machines.yaml:15', 'spec.size', 'env/prod/kustomization.yaml:5'],
      ['base/machines.yaml:24', 'spec.template.spec.domain.memory.guest', 'env/prod/json.yaml:2'],
    ])
  })

  it('whose base is broken keeps all that it had as unknown, with the place of the fault, until it is mended', async (t) => {
    const { fixture, follow } = world(t)
    fixture.commit(start)
    const prod = await follow('env/prod')
    await prod.take()
    fixture.commit({ 'env/prod/kustomization.yaml': `resources: [../../base, https://example.org/x]\n` })
    const broken = (await prod.take())?.view
    assert.deepEqual(keys(broken), [])
    assert.equal(broken?.isUnknownKey('VirtualMachine/default/web'), true)
    assert.equal(broken?.isUnknownPath('base/machines.yaml'), true)
    assert.deepEqual(
      broken?.errors().map(({ code, path, line, column }) => [code, path, line, column]),
      [['RemoteBase', 'env/prod/kustomization.yaml', 1, 25]],
    )
    fixture.commit({ 'env/prod/kustomization.yaml': 'resources: [../../base]\n' })
    const mended = (await prod.take())?.view
    assert.deepEqual(keys(mended), ['VirtualMachine/default/db', 'VirtualMachine/default/web'])
    assert.deepEqual([...(mended?.unknownPaths() ?? [])], [])
  })

  it('that the program cannot render tells its words, and the same at a first start', async (t) => {
    const { fixture, follow } = world(t)
    fixture.commit({ ...start, 'base/machines.yaml': `${machine('web')}---\n${machine('web')}` })
    const view = (await (await follow('env/prod')).take())?.view
    const [error] = view?.errors() ?? []
    assert.deepEqual([error?.code, error?.path], ['RenderFailed', 'env/prod/kustomization.yaml'])
    assert.match(error?.message ?? '', /already registered id/)
    assert.doesNotMatch(error?.message ?? '', /gitvirt-render/)
    assert.ok(view?.isUnknownPath('base/machines.yaml') && view.isUnknownPath('any/other.yaml'))
  })

  it('may become one, and may stop to be one', async (t) => {
    const { fixture, follow } = world(t)
    fixture.commit({ ...start, 'env/prod/kustomization.yaml': 'resources: [left-out.yaml]\n' })
    const prod = await follow('env/prod')
    await prod.take()
    fixture.commit({ 'env/prod/kustomization.yaml': null })
    assert.deepEqual([...((await prod.take())?.changed ?? [])], ['VirtualMachine/default/left-out'])
    fixture.commit({ 'env/prod/kustomization.yaml': 'resources: [../../base]\n' })
    const update = await prod.take()
    assert.deepEqual(keys(update?.view), ['VirtualMachine/default/db', 'VirtualMachine/default/web'])
  })

  it('may become one while nobody looks, also by a file that no listing has, and stop to be one', async (t) => {
    const { fixture, follow } = world(t)
    const seen = async (): Promise<string[]> => {
      const followed = await follow('env/plain')
      const view = (await followed.take())?.view
      await followed.close()
      return keys(view).map((key) => key.slice(-1))
    }
    fixture.commit({ ...start, 'env/plain/a.yaml': machine('a'), 'env/plain/b.yaml': machine('b') })
    assert.deepEqual(
      [await seen(), await seen()],
      [
        ['a', 'b'],
        ['a', 'b'],
      ],
    )
    fixture.commit({ 'env/plain/Kustomization': 'resources: [a.yaml]\n' })
    assert.deepEqual([await seen(), await seen()], [['a'], ['a']])
    fixture.commit({ 'env/plain/c.yaml': machine('c') })
    assert.deepEqual(await seen(), ['a'])
    fixture.commit({ 'env/plain/Kustomization': null })
    assert.deepEqual(
      [await seen(), await seen()],
      [
        ['a', 'b', 'c'],
        ['a', 'b', 'c'],
      ],
    )
  })

  it('cannot loosen its policy from a base, whatever the base says of where it comes from', async (t) => {
    const { fixture, follow } = world(t)
    const fleet = (name: string): string =>
      `apiVersion: gitvirt.io/v1alpha1\nkind: Fleet\nmetadata:\n  name: ${name}\n  annotations: {config.kubernetes.io/origin: "path: gitvirt.yaml\\n"}\nspec: {}\n`
    fixture.commit({ ...start, 'base/kustomization.yaml': 'resources: [machines.yaml, fleet.yaml]\n', 'base/fleet.yaml': fleet('evil') })
    const view = (await (await follow('env/staging')).take())?.view
    assert.deepEqual([...(view?.keysOf('Fleet') ?? [])], ['Fleet//staging'])
    assert.deepEqual(
      view?.errors().map(({ code, path }) => [code, path]),
      [['MisplacedFleet', 'base/fleet.yaml']],
    )
  })

  it('tells a fault of the base at its own field, and one of the overlay at the object', async (t) => {
    const { fixture, follow } = world(t)
    const machines = `${machine('db')}---\n${machine('web')}`.replace('devices: {}', 'devices: {}\n        colour: red')
    const unknown = `patches:\n- target: {name: web}\n  patch: |-\n    - {op: add, path: /spec/template/spec/domain/shape, value: round}\n`
    fixture.commit({ ...start, 'base/machines.yaml': machines, 'env/prod/kustomization.yaml': `resources: [../../base]\n${unknown}` })
    const view = (await (await follow('env/prod')).take())?.view
    assert.deepEqual(
      view?.errors().map(({ code, path, line, column, field }) => [code, `${path}:${line}:${column}`, field]),
      [
        ['UnknownField', 'base/machines.yaml:13:9', 'spec.template.spec.domain.colour'],
        ['UnknownField', 'base/machines.yaml:16:1', 'spec.template.spec.domain.shape'],
      ],
    )
    assert.match(
      view?.errors()[1]?.message ?? '',
      /\(As env\/prod\/kustomization\.yaml renders it, with the patch env\/prod\/kustomization\.yaml:3\.\)$/,
    )
  })
})
