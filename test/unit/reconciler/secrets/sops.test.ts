import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import * as fc from 'fast-check'
import { ageKey, encryptAge, armor } from '../../../fakes/age-encoder.ts'
import { encryptSops, type SopsOptions } from '../../../fakes/sops-encoder.ts'
import { folder, plain, secret, unsealerWith } from './keys.ts'
import { createUnsealer } from '../../../../reconciler/secrets/create-unsealer.ts'

const key = ageKey()

async function open(t: TestContext, text: string, keys = [key]) {
  return await (await unsealerWith(t, keys)).sops(Buffer.from(text))
}

async function faultOf(t: TestContext, text: string, keys = [key]): Promise<{ code: string; message: string; action?: string }> {
  const [first] = await open(t, text, keys)
  assert.ok(first?.fault, 'it opened')
  assert.ok(!JSON.stringify(first.fault).includes(plain))
  assert.ok(first.fault.action !== undefined, 'a fault says what to do')
  return first.fault
}

function encrypted(manifests = [secret()], options: Partial<SopsOptions> = {}): string {
  return encryptSops(manifests, { keys: [key], ...options })
}

describe('SOPS files', () => {
  it('open to the manifest that was encrypted, values only or whole', async (t) => {
    const ways = [{}, { fields: () => true }, { macOnlyEncrypted: true }]
    for (const way of ways) {
      const text = encrypted([secret()], way)
      assert.ok(!text.includes(plain))
      assert.deepEqual(await open(t, text), [{ manifest: secret() }])
    }
  })

  it('open document by document, encrypted together or apart', async (t) => {
    const together = encrypted([secret('a'), secret('b')])
    const apart = `${together}---\n${encrypted([secret('c')])}---\napiVersion: v1\nkind: Namespace\nmetadata: {name: x}\n`
    assert.deepEqual(
      await open(t, apart),
      ['a', 'b', 'c'].map((name) => ({ manifest: secret(name) })),
    )
  })

  it('keep text, numbers and booleans as they were', async (t) => {
    const unsealer = await unsealerWith(t, [key])
    const values = fc.oneof(fc.string(), fc.string({ unit: 'grapheme' }), fc.boolean(), fc.integer())
    await fc.assert(
      fc.asyncProperty(fc.dictionary(fc.stringMatching(/^[a-z0-9]{1,9}$/), values, { noNullPrototype: true }), async (data) => {
        const manifest = { kind: 'Secret', data }
        const [first] = await unsealer.sops(Buffer.from(encryptSops([manifest], { keys: [key], fields: (field) => field === 'data' })))
        assert.deepEqual(first, { manifest })
      }),
      { numRuns: 20 },
    )
  })

  it('open with an old key and with a new one, and tell for whom they are where there is neither', async (t) => {
    const fresh = ageKey()
    const rotated = encrypted([secret()], { keys: [key, fresh] })
    for (const keys of [[key], [fresh], [ageKey(), fresh]]) assert.deepEqual(await open(t, rotated, keys), [{ manifest: secret() }])
    const { code, message } = await faultOf(t, rotated, [ageKey()])
    assert.equal(code, 'NoDecryptionKey')
    assert.match(message, new RegExp(`${key.recipient}.*${fresh.recipient}`))
    assert.equal((await faultOf(t, rotated, [])).code, 'NoDecryptionKey')
  })

  it('stay shut where one value was altered, cut, moved, added or taken away', async (t) => {
    const text = encrypted([{ ...secret(), stringData: { userdata: plain, other: 'x y' } }])
    const values = [...text.matchAll(/ENC\[[^\]]*\]/g)].map(([value]) => value)
    const [first = '', second = ''] = values
    const swapped = text.replace(first, 'FIRST').replace(second, first).replace('FIRST', second)
    const cases: [string, string][] = [
      ['EncryptedValueAltered', text.replace(/,data:(.)/, (_, char: string) => `,data:${char === 'A' ? 'B' : 'A'}`)],
      ['EncryptedValueAltered', text.replace(first, first.slice(0, -12))],
      ['EncryptedValueAltered', swapped],
      ['EncryptedValueAltered', text.replace('lastmodified: "2026', 'lastmodified: "2027')],
      ['EncryptedValueAltered', text.replace(/tag:[^,]+/, 'tag:AAAA')],
      ['MacMismatch', text.replace(`  other: ${second}\n`, '')],
      ['MacMismatch', text.replace(`other: ${second}`, 'other: in clear')],
      ['MacMismatch', text.replace('app: web', 'app: db')],
      ['MacMismatch', text.replace('sops:', 'immutable: true\nsops:')],
    ]
    for (const [code, altered] of cases) {
      assert.notEqual(altered, text)
      const fault = await faultOf(t, altered)
      assert.equal(fault.code, code, fault.message)
    }
  })

  it('stay shut where a value was changed in clear beside a MAC over encrypted values only', async (t) => {
    const text = encrypted([secret()], { macOnlyEncrypted: true })
    assert.deepEqual((await open(t, text.replace('app: web', 'app: db')))[0]?.fault, undefined)
    assert.equal((await faultOf(t, text.replace(/userdata: .*/, 'userdata: in clear'))).code, 'MacMismatch')
  })

  it('are refused where they ask for more than a reader should do', async (t) => {
    const many = Array.from({ length: 101 }, () => ({ recipient: key.recipient, enc: 'x' }))
    const cases: [SopsOptions['metadata'], RegExp][] = [
      [{ key_groups: [{ age: [] }], shamir_threshold: 2 }, /key groups/],
      [{ age: many }, /101 keys/],
      [{ mac: undefined }, /lack mac/],
      [{ age: [{ recipient: key.recipient, enc: armor(encryptAge('short', [key])) }] }, /5 bytes instead of 32/],
    ]
    for (const [metadata, message] of cases) {
      const fault = await faultOf(t, encrypted([secret()], metadata === undefined ? {} : { metadata }))
      assert.equal(fault.code, 'UnsupportedEncryption')
      assert.match(fault.message, message)
    }
    for (const text of ['a: &x 1\nb: *x\nsops: {mac: m, lastmodified: l}', 'a: !!binary aGk=\nsops: {mac: m, lastmodified: l}']) {
      assert.equal((await faultOf(t, text)).code, 'UnsupportedEncryption')
    }
  })

  it('are refused where they were joined from more files than a reader should open', async (t) => {
    const text = Array.from({ length: 101 }, (_, index) => `a: 1\nsops: {mac: m${index}, lastmodified: l}\n`).join('---\n')
    assert.match((await faultOf(t, text)).message, /joined from 101 encrypted files/)
  })

  it('for cloud keys name them and ask nobody', async (t) => {
    const text = encrypted([secret()], { keys: [], metadata: { kms: [{ arn: 'arn:x', enc: 'x' }], hc_vault: [{ enc: 'y' }] } })
    assert.match((await faultOf(t, text)).message, /encrypted for kms, hc_vault/)
  })

  it('have digests that follow the contents and need the salt', async (t) => {
    const one = await unsealerWith(t, [key])
    const other = await createUnsealer({ ageKeys: [await folder(t)] }, 'another salt')
    const manifest = secret() as Parameters<typeof one.digest>[0]
    const changed = secret('seed', 'another') as typeof manifest
    assert.equal(one.digest(manifest), one.digest(structuredClone(manifest)))
    assert.notEqual(one.digest(manifest), one.digest(changed))
    assert.notEqual(one.digest(manifest), other.digest(manifest))
  })
})
