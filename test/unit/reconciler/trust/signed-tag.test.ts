import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { assert as holds, property, uint8Array } from 'fast-check'
import { GitvirtError } from '../../../../reconciler/lib/errors.ts'
import { readSignedTag } from '../../../../reconciler/trust/signed-tag.ts'

const head = `object ${'a'.repeat(40)}\ntype commit\ntag v1\ntagger Author <author@example.org> 1700000001 +0100\n`
const armor = '-----BEGIN SSH SIGNATURE-----\nU1NIU0lH\n-----END SSH SIGNATURE-----\n'
const read = (text: string): ReturnType<typeof readSignedTag> => readSignedTag('c'.repeat(40), Buffer.from(text))

describe('a signed tag', () => {
  it('is its text without the signature at the end, and the signature', () => {
    const { payload, signature, object, name, committedAt } = read(`${head}\nrelease\n${armor}`)
    assert.equal(payload.toString(), `${head}\nrelease\n`)
    assert.deepEqual([signature?.kind, signature?.armored], ['ssh', armor])
    assert.deepEqual([object, name, committedAt], ['a'.repeat(40), 'v1', 1_700_000_001])
  })

  it('has the last of several signatures, and what stands before it is signed', () => {
    const pgp = '-----BEGIN PGP SIGNATURE-----\n\nabc\n-----END PGP SIGNATURE-----\n'
    const { payload, signature } = read(`${head}\nrelease\n${armor}${pgp}`)
    assert.equal(payload.toString(), `${head}\nrelease\n${armor}`)
    assert.equal(signature?.kind, 'openpgp')
  })

  it('may be unsigned, and is refused with a signature of an unknown kind', () => {
    assert.equal(read(`${head}\nrelease -----BEGIN SSH SIGNATURE-----\n`).signature, undefined)
    assert.throws(() => read(`${head}\nrelease\n-----BEGIN SIGNED MESSAGE-----\nabc\n`), { code: 'UntrustedTag' })
  })

  it('is refused where it names no object, and never breaks the reader', () => {
    assert.throws(() => read(`type commit\ntag v1\n\nrelease\n`), { code: 'InvalidTag' })
    holds(
      property(uint8Array({ maxLength: 300 }), (bytes) => {
        assert.throws(() => readSignedTag('c'.repeat(40), bytes), GitvirtError)
      }),
    )
  })
})
