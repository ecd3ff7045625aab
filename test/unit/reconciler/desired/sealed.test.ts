import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { inspect } from 'node:util'
import { createMemoryBlobCache } from '../../../../reconciler/desired/cache.ts'
import { createBlobOpener } from '../../../../reconciler/desired/sealed/blob-opener.ts'
import { createDesired, type DesiredOptions } from '../../../../reconciler/desired/state.ts'
import type { DesiredView, UpdateInput } from '../../../../reconciler/desired/types.ts'
import { createUnsealer } from '../../../../reconciler/secrets/create-unsealer.ts'
import { ageKey, encryptAge } from '../../../fakes/age-encoder.ts'
import { encryptSops } from '../../../fakes/sops-encoder.ts'
import { folder, keyFolder, plain, secret, unsealerWith } from '../secrets/keys.ts'

const key = ageKey()
const machine = `apiVersion: kubevirt.io/v1
kind: VirtualMachine
metadata:
  name: web
spec:
  runStrategy: Always
  template:
    spec:
      domain:
        memory: {guest: 1Gi}
        devices: {}
      volumes:
        - name: init
          cloudInitNoCloud:
            secretRef: {name: seed}
`

type Files = Readonly<Record<string, string | Buffer>>

function listing(files: Files): UpdateInput {
  const contents = new Map<string, Uint8Array>()
  const entries = Object.entries(files).map(([path, content]) => {
    const bytes = Buffer.from(content)
    const id = createHash('sha1').update(bytes).digest('hex')
    contents.set(id, bytes)
    return { path, id }
  })
  const read = async function* (ids: readonly string[]) {
    for (const id of ids) yield { id, bytes: contents.get(id) ?? new Uint8Array() }
  }
  return { revision: 'r', entries, read }
}

async function viewOf(files: Files, options: DesiredOptions = {}): Promise<DesiredView> {
  return (await createDesired(options).update(listing(files))).view
}

async function openerWith(t: TestContext, keys = [key]) {
  return createBlobOpener(await unsealerWith(t, keys))
}

const sopsFile = (value = plain, options = {}): string => encryptSops([secret('seed', value)], { keys: [key], ...options })
const seedKey = 'Secret/default/seed'
const base64 = (text: string): string => Buffer.from(text).toString('base64')
const errors = (view: DesiredView): string[] =>
  view.errors().map(({ path, line, code, severity, object }) => `${path}:${line} ${severity} ${code} ${object ?? ''}`)

describe('encrypted manifests in the desired state', () => {
  it('are Secrets as others are, whose values only their contents tell', async (t) => {
    const age = encryptAge(JSON.stringify(secret('from-age')), [key])
    const files = {
      'vm.yaml': machine,
      'seed.yaml': sopsFile(),
      'whole.yaml': encryptSops([secret('whole')], { keys: [key], fields: () => true }),
      'x.yaml.age': age,
    }
    const view = await viewOf(files, { opener: await openerWith(t) })
    assert.deepEqual(errors(view), [])
    for (const name of ['seed', 'whole', 'from-age']) {
      const found = view.get(`Secret/default/${name}`)
      assert.deepEqual(found?.sealed?.values(), { empty: '', userdata: base64(plain) })
      for (const text of [JSON.stringify(found), JSON.stringify(found.object), inspect(found, { depth: 9, showHidden: true })]) {
        assert.ok(!text.includes(plain) && !text.includes(base64(plain)), text)
      }
    }
  })

  it('leave nothing but cipher text in the cache', async (t) => {
    const texts: string[] = []
    const memory = createMemoryBlobCache()
    const cache = {
      get: (ids: readonly string[]) => memory.get(ids),
      put: (entries: Iterable<readonly [string, string]>) => texts.push(...[...entries].map(([, text]) => text)),
    }
    await viewOf(
      { 'seed.yaml': sopsFile(), 'x.yaml.age': encryptAge(JSON.stringify(secret('b')), [key]) },
      { cache, opener: await openerWith(t) },
    )
    assert.equal(texts.length, 2)
    for (const text of texts) assert.ok(!text.includes(plain) && !text.includes(base64(plain)))
  })

  it('have the digest of their contents: encrypted anew they are the same, changed they are not', async (t) => {
    const opener = await openerWith(t)
    const digest = async (text: string): Promise<string | undefined> =>
      (await viewOf({ 'seed.yaml': text }, { opener })).get(seedKey)?.sealed?.digest
    const before = await digest(sopsFile())
    assert.equal(await digest(sopsFile()), before)
    assert.equal(await digest(sopsFile(plain, { fields: () => true })), before)
    assert.notEqual(await digest(sopsFile('another')), before)
  })

  it('that do not open are unknown, and what reads them says so with file, line and what to do', async (t) => {
    const view = await viewOf({ 'vm.yaml': machine, 'seed.yaml': sopsFile() }, { opener: await openerWith(t, [ageKey()]) })
    assert.ok(view.isUnknownKey(seedKey))
    assert.equal(view.get(seedKey), undefined)
    assert.deepEqual(errors(view), [
      'seed.yaml:1 error NoDecryptionKey Secret/default/seed',
      'vm.yaml:15 error NoDecryptionKey VirtualMachine/default/web',
    ])
    const told = view.errors().find(({ object }) => object?.startsWith('VirtualMachine'))
    assert.match(
      told?.message ?? '',
      /^VirtualMachine\/default\/web reads Secret\/default\/seed, which cannot be opened \(seed\.yaml:1:1\): It is encrypted for age age1/,
    )
    assert.match(told?.action ?? '', /--age-key-file/)
  })

  it('that do not open hide nobody else’s faults and no other objects', async (t) => {
    const veiled = encryptSops([secret('seed')], { keys: [key], fields: () => true })
    for (const shut of [veiled, encryptAge('x', [key])]) {
      const view = await viewOf({ 'vm.yaml': machine, 'seed.yaml': shut }, { opener: await openerWith(t, []) })
      assert.ok(view.isUnknownPath('seed.yaml'))
      assert.ok(view.get('VirtualMachine/default/web') !== undefined)
      assert.deepEqual(errors(view), [
        'seed.yaml:1 error NoDecryptionKey ',
        'vm.yaml:15 warning ReferenceNotChecked VirtualMachine/default/web',
      ])
    }
  })

  it('are told by name without keys, and what could not be checked is said', async () => {
    const view = await viewOf({ 'vm.yaml': machine, 'seed.yaml': sopsFile() })
    assert.deepEqual(errors(view), [])
    assert.equal(view.get(seedKey)?.sealed?.values(), undefined)
    const veiled = await viewOf({ 'vm.yaml': machine, 'seed.yaml.age': encryptAge('x', [key]) })
    assert.deepEqual(errors(veiled), [
      'seed.yaml.age:1 warning Encrypted ',
      'vm.yaml:15 warning ReferenceNotChecked VirtualMachine/default/web',
    ])
  })

  it('may hold Secrets and ConfigMaps only', async (t) => {
    const vm = {
      apiVersion: 'kubevirt.io/v1',
      kind: 'VirtualMachine',
      metadata: { name: 'web' },
      spec: { running: true, template: { spec: { domain: { devices: {} } } } },
    }
    const files = {
      'a.yaml': encryptSops([vm], { keys: [key], fields: (field) => field === 'spec' }),
      'b.yaml.age': encryptAge(machine, [key]),
    }
    const view = await viewOf(files, { opener: await openerWith(t) })
    assert.deepEqual(
      view
        .errors()
        .filter(({ code }) => code !== 'DuplicateObject')
        .map(({ code, path }) => `${path} ${code}`),
      ['a.yaml EncryptedKind', 'b.yaml.age EncryptedKind'],
    )
    assert.ok(view.isUnknownKey('VirtualMachine/default/web'))
  })

  it('that open to an invalid object are told without what they hold', async (t) => {
    const bad = { ...secret(), data: { password: plain }, kindly: plain }
    for (const file of [
      encryptSops([bad], { keys: [key], fields: (field) => ['data', 'kindly'].includes(field) }),
      encryptAge(JSON.stringify(bad), [key]),
    ]) {
      const view = await viewOf({ 'seed.yaml': file }, { opener: await openerWith(t) })
      assert.ok(view.isUnknownKey(seedKey))
      assert.ok(view.errors().length > 0)
      assert.ok(!JSON.stringify(view.errors()).includes(plain.slice(0, 8)))
    }
  })

  it('open later, when the key comes', async (t) => {
    const dir = await folder(t)
    const opener = createBlobOpener(await createUnsealer({ ageKeys: [dir] }, 'salt'))
    const engine = createDesired({ opener })
    const input = listing({ 'vm.yaml': machine, 'seed.yaml': sopsFile() })
    await engine.update(input)
    assert.equal(await engine.reopen(input.read), undefined)
    await writeFile(join(dir, 'key'), key.identity, { mode: 0o600 })
    const update = await engine.reopen(input.read)
    assert.deepEqual([...(update?.changed ?? [])].sort(), [seedKey, 'VirtualMachine/default/web'])
    assert.deepEqual(update?.view.errors(), [])
    assert.equal(update?.view.get(seedKey)?.sealed?.values()?.['userdata'], base64(plain))
    assert.equal(await engine.reopen(input.read), undefined)
  })

  it('are recalled for others while they are in use, and never opened for them', async (t) => {
    const opener = createBlobOpener(await createUnsealer({ ageKeys: [await keyFolder(t, [key])] }, 'salt'))
    const [known, fresh] = [sopsFile(), sopsFile()]
    const tracked = createDesired({ opener })
    await tracked.update(listing({ 'seed.yaml': known }))
    const request = { opener: { recall: opener.recall, keysChanged: opener.keysChanged } }
    const same = (await viewOf({ 'seed.yaml': known }, request)).get(seedKey)
    const other = (await viewOf({ 'seed.yaml': fresh }, request)).get(seedKey)
    assert.equal(same?.sealed?.digest, tracked.view()?.get(seedKey)?.sealed?.digest)
    assert.match(other?.sealed?.digest ?? '', /^unread:/)
    assert.equal(other?.sealed?.values(), undefined)
  })

  it('that only bear age’s name are told', async () => {
    assert.deepEqual(errors(await viewOf({ 'a.yaml.age': JSON.stringify(secret()) })), ['a.yaml.age:1 warning NotEncrypted '])
  })
})
