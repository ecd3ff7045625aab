import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import { ageKey, armor, encryptAge } from '../../../fakes/age-encoder.ts'
import { plain, unsealerWith } from './keys.ts'

const key = ageKey()

async function faultOf(t: TestContext, bytes: Uint8Array, keys = [key]): Promise<string> {
  const opened = await (await unsealerWith(t, keys)).age(bytes)
  assert.ok(opened.fault, 'it opened')
  assert.ok(opened.fault.action !== undefined)
  return `${opened.fault.code}: ${opened.fault.message}`
}

describe('age files', () => {
  it('open to what was encrypted, binary and armored, of one chunk and of several', async (t) => {
    const unsealer = await unsealerWith(t, [ageKey(), key])
    for (const text of ['', plain, plain.repeat(6000)]) {
      const file = encryptAge(text, [ageKey(), key])
      for (const bytes of [file, Buffer.from(armor(file))]) {
        const opened = await unsealer.age(bytes)
        assert.equal(opened.fault, undefined)
        assert.equal(Buffer.from(opened.bytes).toString(), text)
      }
    }
  })

  it('stay shut without a key that fits', async (t) => {
    assert.match(await faultOf(t, encryptAge(plain, [key]), [ageKey()]), /^NoDecryptionKey: .*none of the 1 age keys/)
    assert.match(await faultOf(t, encryptAge(plain, [key]), []), /^NoDecryptionKey: .*no age key/)
  })

  it('stay shut where they were altered or cut short', async (t) => {
    const file = encryptAge(plain, [key])
    const flipped = Buffer.from(file)
    flipped[flipped.length - 1] = (flipped.at(-1) ?? 0) ^ 1
    const header = Buffer.from(file.toString('latin1').replace('-> X25519', '-> X\n\n-> X25519'), 'latin1')
    const cases = [flipped, file.subarray(0, file.length - 5), file.subarray(0, 30), Buffer.from(armor(file).slice(0, 120)), header]
    for (const bytes of cases) assert.match(await faultOf(t, bytes), /^EncryptedFileDamaged/)
  })

  it('are refused before anything is computed where a passphrase or too many recipients are asked for', async (t) => {
    const scrypt = encryptAge(plain, [], { stanzas: ['-> scrypt AAAAAAAAAAAAAAAAAAAAAA 40', 'A'.repeat(43)] })
    assert.match(await faultOf(t, scrypt), /^UnsupportedEncryption: .*passphrase/)
    const stanzas = Array.from({ length: 101 }, () => ['-> X25519 AAAA', 'AAAA']).flat()
    assert.match(await faultOf(t, encryptAge(plain, [key], { stanzas })), /^UnsupportedEncryption: .*102 recipients/)
  })
})
