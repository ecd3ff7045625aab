import assert from 'node:assert/strict'
import { writeFileSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { isRefused, readApproval, type ApprovalCheck } from '../../../../reconciler/trust/approval.ts'
import { atEnd } from '../../../at-end.ts'
import { Fixture } from '../source/fixture.ts'
import { gpgHome } from './gpg-keys.ts'
import { allowedSigners, signBySsh, sshKey } from './ssh-keys.ts'

const token = 'a'.repeat(64)
const week = 7 * 24 * 3_600_000

type World = { readonly fixture: Fixture; readonly key: string; readonly judge: (check?: Partial<ApprovalCheck>) => Promise<string> }

/** The head of the repository, judged: who approves what, or why not. */
function open(t: TestContext, options = ''): World {
  const fixture = new Fixture()
  atEnd(t, () => fixture.close())
  const key = sshKey(fixture, 'approver')
  const keys = { allowedSigners: allowedSigners(fixture, { 'approver@example.org': key }, options) }
  signBySsh(fixture, key)
  const judge: World['judge'] = async (check) => {
    const id = fixture.head()
    const bytes = Buffer.from(`${fixture.git('cat-file', 'commit', id)}\n`)
    const found = await readApproval(
      { id, bytes },
      { keys, trailer: 'Gitvirt-Approve', validMilliseconds: week, now: new Date(), ...check },
    )
    if (found === undefined) return 'nothing'
    return isRefused(found) ? found.why : `${found.signer.name} ${found.tokens.join()}`
  }
  return { fixture, key, judge }
}

function approve(fixture: Fixture, message = `Approve\n\nGitvirt-Approve: ${token}`): void {
  fixture.git('commit', '-q', '--allow-empty', '-m', message)
}

describe('the approval of a commit', () => {
  it('is its signer, and what its trailers name', async (t) => {
    const { fixture, judge } = open(t)
    approve(fixture)
    assert.equal(await judge(), `approver@example.org ${token}`)
    approve(fixture, 'Say nothing of the kind')
    assert.equal(await judge(), 'nothing')
  })

  it('ends with its key, whatever date the commit has', async (t) => {
    const { fixture, key, judge } = open(t, 'valid-before="20200101" ')
    approve(fixture)
    assert.match(await judge(), /no key of an approver that is good now/)
    const revoked = join(fixture.dir, 'revoked')
    writeFileSync(revoked, readFileSync(`${key}.pub`))
    const still = allowedSigners(fixture, { 'approver@example.org': key })
    assert.equal(await judge({ keys: { allowedSigners: still } }), `approver@example.org ${token}`)
    assert.match(await judge({ keys: { allowedSigners: still, revoked } }), /no key of an approver that is good now/)
    assert.match(await judge({ keys: {} }), /no key of an approver that is good now/)
  })

  it('says when keys that are revoked cannot be read, and lets nothing through', async (t) => {
    const { fixture, key, judge } = open(t)
    approve(fixture)
    const keys = { allowedSigners: allowedSigners(fixture, { 'approver@example.org': key }), revoked: join(fixture.dir, 'missing') }
    await assert.rejects(judge({ keys }), { code: 'KeysUnreadable' })
  })

  it('ends after its time, and does not begin before it', async (t) => {
    const { fixture, judge } = open(t)
    approve(fixture)
    assert.match(await judge({ now: new Date(Date.now() + week + 60_000) }), /which is too long ago/)
    assert.match(await judge({ now: new Date(Date.now() - 2 * 3_600_000) }), /lies ahead/)
  })

  for (const [what, value] of [
    ['too short', 'a'.repeat(12)],
    ['followed by words', `${token} and more`],
    ['of another alphabet', 'g'.repeat(64)],
  ] as const) {
    it(`is none where the digits are ${what}`, async (t) => {
      const { fixture, judge } = open(t)
      approve(fixture, `Approve\n\nGitvirt-Approve: ${value}`)
      assert.match(await judge(), /does not name a change by the 64 digits/)
    })
  }

  it('is none of a commit whose signature cannot be read, which stops nothing', async (t) => {
    const { fixture, judge } = open(t)
    approve(fixture)
    const [header = '', ...message] = fixture.git('cat-file', 'commit', 'HEAD').split('\n\n')
    const kept = header.replace(/\ngpgsig [^]*$/, '')
    const other = `${kept}\ngpgsig -----BEGIN SIGNED MESSAGE-----\n MIIB\n -----END SIGNED MESSAGE-----\n\n${message.join('\n\n')}\n`
    fixture.git('reset', '-q', '--soft', fixture.input(other, 'hash-object', '-t', 'commit', '-w', '--stdin'))
    assert.match(await judge(), /signed in a way that is not known here/)
  })

  it('is none of a commit that was altered after it was signed', async (t) => {
    const { fixture, judge } = open(t)
    approve(fixture)
    const forged = fixture.git('cat-file', 'commit', 'HEAD').replace(token, 'b'.repeat(64))
    const id = fixture.input(`${forged}\n`, 'hash-object', '-t', 'commit', '-w', '--stdin')
    fixture.git('reset', '-q', '--soft', id)
    assert.match(await judge(), /or it was altered since/)
  })

  it('is none of a commit that somebody else has taken over from its signer', async (t) => {
    const { fixture, judge } = open(t)
    fixture.commit({ 'a.yaml': 'x' })
    approve(fixture)
    const signed = fixture.head()
    fixture.git('checkout', '-q', '-b', 'other', 'HEAD^')
    fixture.commit({ 'b.yaml': 'x' }, 'other')
    signBySsh(fixture, sshKey(fixture, 'stranger'))
    fixture.git('cherry-pick', '--allow-empty', signed)
    assert.match(await judge(), /no key of an approver that is good now/)
    fixture.git('config', 'commit.gpgSign', 'false')
    fixture.git('reset', '-q', '--hard', 'HEAD^')
    fixture.git('cherry-pick', '--allow-empty', signed)
    assert.match(await judge(), /it is not signed/)
  })
})

describe('the approval of a commit by OpenPGP', () => {
  const email = 'approver@example.org'
  const refused = /no key of an approver that is good now made its signature/

  it('is its signer, as the key names itself', async (t) => {
    const { fixture, judge } = open(t)
    const keys = gpgHome(t, fixture)
    keys.make(email)
    keys.make('stranger@example.org')
    const keyring = keys.keyring([email])
    keys.sign(email)
    approve(fixture)
    assert.equal(await judge({ keys: { keyring } }), `${email} ${token}`)
    keys.sign('stranger@example.org')
    approve(fixture)
    assert.match(await judge({ keys: { keyring } }), refused)
  })

  it('ends with its key, whenever it was made', async (t) => {
    const { fixture, judge } = open(t)
    const keys = gpgHome(t, fixture)
    keys.make(email, { at: '20200101T000000', expires: '2020-01-03' })
    keys.sign(email, '20200102T000000')
    approve(fixture)
    assert.match(await judge({ keys: { keyring: keys.keyring([email]) } }), refused)
  })

  it('ends when its key is taken back', async (t) => {
    const { fixture, judge } = open(t)
    const keys = gpgHome(t, fixture)
    keys.make(email)
    keys.sign(email)
    approve(fixture)
    const keyring = keys.keyring([email])
    assert.equal(await judge({ keys: { keyring } }), `${email} ${token}`)
    keys.revoke(email)
    assert.match(await judge({ keys: { keyring: keys.keyring([email]) } }), refused)
  })
})
