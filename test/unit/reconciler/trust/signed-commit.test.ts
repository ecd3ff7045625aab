import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { assert as holds, property, uint8Array } from 'fast-check'
import { readAnyCommit, readSignedCommit } from '../../../../reconciler/trust/signed-commit.ts'

const head = `tree ${'a'.repeat(40)}\nparent ${'b'.repeat(40)}\nauthor Author <author@example.org> 1700000000 +0000\ncommitter Author <author@example.org> 1700000001 +0100\n`
const armor = ['-----BEGIN SSH SIGNATURE-----', 'U1NIU0lH', '-----END SSH SIGNATURE-----']
const header = `gpgsig ${armor.join('\n ')}\n`
const read = (text: string): ReturnType<typeof readSignedCommit> => readSignedCommit('c'.repeat(40), Buffer.from(text))

describe('a signed commit', () => {
  it('is its text without the signature, and the signature', () => {
    const { payload, signature, parents, committedAt } = read(`${head}${header}\nSubject\n\ngpgsig in the message stays\n`)
    assert.equal(payload.toString(), `${head}\nSubject\n\ngpgsig in the message stays\n`)
    assert.deepEqual(signature, { kind: 'ssh', armored: `${armor.join('\n')}\n` })
    assert.deepEqual(parents, ['b'.repeat(40)])
    assert.equal(committedAt, 1_700_000_001)
  })

  it('may be unsigned', () => {
    const { payload, signature } = read(`${head}\nSubject\n`)
    assert.equal(payload.toString(), `${head}\nSubject\n`)
    assert.equal(signature, undefined)
  })

  it('is refused with two signatures, and with one of an unknown kind', () => {
    assert.throws(() => read(`${head}${header}${header}\nSubject\n`), { code: 'InvalidCommit' })
    assert.throws(() => read(`${head}gpgsig -----BEGIN SIGNED MESSAGE-----\n abc\n\nSubject\n`), { code: 'UntrustedCommit' })
  })

  it('counts as unsigned where that must stop nothing, with the reason', () => {
    const any = (text: string): ReturnType<typeof readAnyCommit> => readAnyCommit('c'.repeat(40), Buffer.from(text))
    const twice = any(`${head}${header}${header}\nSubject\n`)
    assert.deepEqual([twice.signature, twice.unreadable], [undefined, 'it carries more than one signature'])
    const unknown = any(`${head}gpgsig -----BEGIN SIGNED MESSAGE-----\n abc\n\nSubject\n`)
    assert.deepEqual([unknown.signature, unknown.unreadable], [undefined, 'it is signed in a way that is not known here'])
    assert.deepEqual(any(`${head}${header}\nSubject\n`), read(`${head}${header}\nSubject\n`))
  })

  it('keeps every byte that is not the signature, whatever stands in it', () => {
    holds(
      property(uint8Array({ maxLength: 200 }), (message) => {
        const body = Buffer.concat([Buffer.from('\n'), message])
        const signed = Buffer.concat([Buffer.from(`${head}${header}`), body])
        assert.deepEqual(readSignedCommit('c', signed).payload, Buffer.concat([Buffer.from(head), body]))
      }),
    )
  })

  it('never throws anything else for bytes of any kind', () => {
    holds(
      property(uint8Array({ maxLength: 300 }), (bytes) => {
        try {
          readSignedCommit('c', bytes)
        } catch (error) {
          assert.ok(error instanceof Error && 'code' in error)
        }
      }),
    )
  })
})
