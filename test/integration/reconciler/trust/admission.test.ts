import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { createAdmission, type Admission } from '../../../../reconciler/admission.ts'
import { openSource } from '../../../../reconciler/source/open-source.ts'
import type { Source } from '../../../../reconciler/source/types.ts'
import type { TrustOptions } from '../../../../reconciler/trust/trust.ts'
import { atEnd } from '../../../at-end.ts'
import { Fixture } from '../source/fixture.ts'
import { gpgHome } from './gpg-keys.ts'
import { allowedSigners, signBySsh, sshKey } from './ssh-keys.ts'

type World = { readonly fixture: Fixture; readonly source: Source; readonly admission: (trust: TrustOptions) => Admission }

async function world(t: TestContext, ref = 'main'): Promise<World> {
  const fixture = new Fixture()
  atEnd(t, () => fixture.close())
  fixture.commit({ 'a.yaml': 'unsigned, before anybody asked for signatures' })
  const source = await openSource({ url: fixture.bare, ref, storeDir: join(fixture.dir, 'store'), wholeHistory: true })
  atEnd(t, async () => await source.close())
  const kept = new Map<string, string>()
  const settings = { get: (name: string) => kept.get(name), put: (name: string, value: string) => void kept.set(name, value) }
  return { fixture, source, admission: (trust) => createAdmission({ source, trust, settings }) }
}

describe('admission by SSH signatures', () => {
  it('lets in what a trusted key signed, and says who', async (t) => {
    const { fixture, source, admission } = await world(t)
    const key = sshKey(fixture, 'author')
    const gate = admission({ mode: 'head', keys: { allowedSigners: allowedSigners(fixture, { 'author@example.org': key }) } })
    signBySsh(fixture, key)
    fixture.commit({ 'a.yaml': 'signed' })
    const signer = await gate.admit(await source.fetch())
    assert.equal(signer?.name, 'author@example.org')
    assert.match(signer?.fingerprint ?? '', /^SHA256:/)
  })

  it('refuses an unsigned commit, another key, and a commit that was altered', async (t) => {
    const { fixture, source, admission } = await world(t)
    const [author, stranger] = [sshKey(fixture, 'author'), sshKey(fixture, 'stranger')]
    const gate = admission({ mode: 'head', keys: { allowedSigners: allowedSigners(fixture, { 'author@example.org': author }) } })
    await assert.rejects(gate.admit(await source.fetch()), { code: 'UntrustedCommit', message: /\(unsigned\)/ })
    signBySsh(fixture, stranger)
    fixture.commit({ 'a.yaml': 'signed by stranger' })
    await assert.rejects(gate.admit(await source.fetch()), { code: 'UntrustedCommit', message: /no trusted key/ })
    signBySsh(fixture, author)
    const signed = fixture.commit({ 'a.yaml': 'signed by author' })
    const forged = fixture.git('cat-file', 'commit', signed).replace('change a.yaml', 'change b.yaml')
    const id = fixture.input(`${forged}\n`, 'hash-object', '-t', 'commit', '-w', '--stdin')
    fixture.git('push', '-q', '--force', fixture.bare, `${id}:refs/heads/main`)
    await assert.rejects(gate.admit(await source.fetch()), { code: 'UntrustedCommit' })
  })

  it('looks at every commit where that is asked for, and has the forge sign merges only', async (t) => {
    const { fixture, source, admission } = await world(t)
    const [author, forge] = [sshKey(fixture, 'author'), sshKey(fixture, 'forge')]
    const keys = { allowedSigners: allowedSigners(fixture, { 'author@example.org': author }) }
    const forgeFile = join(fixture.dir, 'forge_signers')
    writeFileSync(forgeFile, `forge@example.org ${readFileSync(`${forge}.pub`, 'utf8')}`)
    const gate = admission({ mode: 'every-commit', keys, forge: { allowedSigners: forgeFile } })
    signBySsh(fixture, author)
    fixture.commit({ 'a.yaml': 'first' })
    await gate.admit(await source.fetch())
    fixture.git('checkout', '-q', '-b', 'more')
    fixture.commit({ 'b.yaml': 'b' }, 'more')
    fixture.git('checkout', '-q', 'main')
    signBySsh(fixture, forge)
    fixture.git('merge', '-q', '--no-ff', '-m', 'Merge pull request #1', 'more')
    fixture.push()
    assert.equal((await gate.admit(await source.fetch()))?.name, 'forge@example.org')
    fixture.commit({ 'c.yaml': 'the forge writes by itself' })
    await assert.rejects(gate.admit(await source.fetch()), { code: 'UntrustedCommit' })
    fixture.git('reset', '-q', '--hard', 'HEAD^')
    fixture.git('config', 'commit.gpgSign', 'false')
    fixture.commit({ 'd.yaml': 'unsigned between' })
    signBySsh(fixture, author)
    fixture.commit({ 'e.yaml': 'signed head' })
    await assert.rejects(gate.admit(await source.fetch()), { code: 'UntrustedCommit', message: /^1 of 2 new commits/ })
  })

  it('refuses an older signed commit pushed again, until it is allowed', async (t) => {
    const { fixture, source, admission } = await world(t)
    const key = sshKey(fixture, 'author')
    const gate = admission({ mode: 'head', keys: { allowedSigners: allowedSigners(fixture, { 'author@example.org': key }) } })
    signBySsh(fixture, key)
    const older = fixture.commit({ 'a.yaml': 'with the hole' })
    await gate.admit(await source.fetch())
    fixture.commit({ 'a.yaml': 'mended' })
    await gate.admit(await source.fetch())
    fixture.git('push', '-q', '--force', fixture.bare, `${older}:refs/heads/main`)
    const replayed = await source.fetch()
    await assert.rejects(gate.admit(replayed), { code: 'HistoryRewritten', message: /older than/ })
    gate.allow(older)
    assert.equal((await gate.admit(replayed))?.name, 'author@example.org')
    fixture.push()
    await gate.admit(await source.fetch())
    fixture.git('push', '-q', '--force', fixture.bare, `${older}:refs/heads/main`)
    await assert.rejects(gate.admit(await source.fetch()), { code: 'HistoryRewritten' }, 'the word was for once')
  })

  it('refuses a key whose time had ended when the commit was made', async (t) => {
    const { fixture, source, admission } = await world(t)
    const key = sshKey(fixture, 'author')
    const file = allowedSigners(fixture, { 'author@example.org': key }, 'valid-before="20200101" ')
    signBySsh(fixture, key)
    fixture.commit({ 'a.yaml': 'signed' })
    await assert.rejects(admission({ mode: 'head', keys: { allowedSigners: file } }).admit(await source.fetch()), {
      code: 'UntrustedCommit',
    })
  })

  it('says so when the keys cannot be read', async (t) => {
    const { fixture, source, admission } = await world(t)
    signBySsh(fixture, sshKey(fixture, 'author'))
    fixture.commit({ 'a.yaml': 'signed' })
    const gate = admission({ mode: 'head', keys: { allowedSigners: join(fixture.dir, 'missing') } })
    await assert.rejects(gate.admit(await source.fetch()), { code: 'KeysUnreadable' })
  })
})

describe('admission of tags', () => {
  type TagWorld = Omit<World, 'source'> & { readonly tracked: Source; readonly gate: Admission; readonly author: string }

  /** The tag v1 is tracked, of a commit that nobody signed. */
  async function tagWorld(t: TestContext): Promise<TagWorld> {
    const { source: tracked, fixture, admission } = await world(t, 'refs/tags/v1')
    const author = sshKey(fixture, 'author')
    const gate = admission({ mode: 'head', keys: { allowedSigners: allowedSigners(fixture, { 'author@example.org': author }) } })
    return { fixture, admission, tracked, gate, author }
  }

  function tag(fixture: Fixture, key: string | undefined, name = 'v1', pushedAs = name): void {
    if (key === undefined) fixture.git('-c', 'tag.gpgSign=false', 'tag', '-f', '-a', '-m', 'release', name)
    else fixture.git('-c', 'gpg.format=ssh', '-c', `user.signingKey=${key}`, 'tag', '-f', '-s', '-m', 'release', name)
    fixture.git('push', '-q', '--force', fixture.bare, `refs/tags/${name}:refs/tags/${pushedAs}`)
  }

  it('goes by the signature of the tag, whoever made the commit', async (t) => {
    const { fixture, tracked, gate, author } = await tagWorld(t)
    tag(fixture, author)
    const signer = await gate.admit(await tracked.fetch())
    assert.deepEqual([signer?.name, signer?.kind], ['author@example.org', 'ssh'])
  })

  it('refuses a tag that is unsigned, of another key, altered, or of another name', async (t) => {
    const { fixture, tracked, gate, author } = await tagWorld(t)
    tag(fixture, undefined)
    await assert.rejects(gate.admit(await tracked.fetch()), {
      code: 'UntrustedTag',
      message: /v1 cannot be trusted: it is annotated, but not signed/,
    })
    tag(fixture, sshKey(fixture, 'stranger'))
    await assert.rejects(gate.admit(await tracked.fetch()), { code: 'UntrustedTag', message: /no trusted key/ })
    tag(fixture, author)
    const altered = fixture.git('cat-file', 'tag', 'v1').replace('release', 'other')
    const id = fixture.input(`${altered}\n`, 'hash-object', '-t', 'tag', '-w', '--stdin')
    fixture.git('push', '-q', '--force', fixture.bare, `${id}:refs/tags/v1`)
    await assert.rejects(gate.admit(await tracked.fetch()), { code: 'UntrustedTag', message: /altered since/ })
    tag(fixture, author, 'v0', 'v1')
    await assert.rejects(gate.admit(await tracked.fetch()), {
      code: 'UntrustedTag',
      message: /made as the tag v0, and pushed under another name/,
    })
  })

  it('refuses the same commit once its tag is made anew without a signature', async (t) => {
    const { fixture, tracked, gate, author } = await tagWorld(t)
    tag(fixture, author)
    await gate.admit(await tracked.fetch())
    tag(fixture, undefined)
    await assert.rejects(gate.admit(await tracked.fetch()), { code: 'UntrustedTag' })
  })

  it('takes a tag that is but a name for its commit, which must be signed', async (t) => {
    const { fixture, tracked, gate, author } = await tagWorld(t)
    fixture.git('tag', '-f', 'v1')
    fixture.git('push', '-q', '--force', fixture.bare, 'refs/tags/v1')
    await assert.rejects(gate.admit(await tracked.fetch()), { code: 'UntrustedCommit' })
    signBySsh(fixture, author)
    fixture.commit({ 'a.yaml': 'signed' })
    fixture.git('tag', '-f', 'v1')
    fixture.git('push', '-q', '--force', fixture.bare, 'refs/tags/v1')
    assert.equal((await gate.admit(await tracked.fetch()))?.name, 'author@example.org')
  })

  it('refuses a signed tag that goes back, and asks for the commits too where every one must be signed', async (t) => {
    const { fixture, tracked, gate, author, admission } = await tagWorld(t)
    const older = fixture.head()
    fixture.commit({ 'a.yaml': 'newer' })
    tag(fixture, author)
    await gate.admit(await tracked.fetch())
    fixture.git('checkout', '-q', older)
    tag(fixture, author)
    await assert.rejects(gate.admit(await tracked.fetch()), { code: 'HistoryRewritten', message: /older than/ })
    fixture.git('checkout', '-q', 'main')
    fixture.commit({ 'a.yaml': 'newest' })
    tag(fixture, author)
    const strict = admission({ mode: 'every-commit', keys: { allowedSigners: join(fixture.dir, 'allowed_signers') } })
    await assert.rejects(strict.admit(await tracked.fetch()), { code: 'UntrustedCommit' })
  })
})

describe('admission by OpenPGP signatures', () => {
  for (const form of ['armored', 'binary'] as const) {
    it(`lets in what a trusted key signed and refuses others, with ${form} keys`, async (t) => {
      const { fixture, source, admission } = await world(t)
      const keys = gpgHome(t, fixture)
      for (const name of ['author', 'stranger']) keys.make(`${name}@example.org`)
      const keyring = keys.keyring(['author@example.org'], form)
      const gate = admission({ mode: 'head', keys: { keyring } })
      keys.sign('stranger@example.org')
      fixture.commit({ 'a.yaml': 'by stranger' })
      await assert.rejects(gate.admit(await source.fetch()), { code: 'UntrustedCommit' })
      keys.sign('author@example.org')
      fixture.commit({ 'a.yaml': 'by author' })
      const signer = await gate.admit(await source.fetch())
      assert.equal(signer?.name, 'author@example.org')
      assert.match(signer?.fingerprint ?? '', /^[0-9A-F]{40}$/)
      const tracked = await openSource({ url: fixture.bare, ref: 'refs/tags/v1', storeDir: join(fixture.dir, 'tags'), wholeHistory: true })
      atEnd(t, async () => await tracked.close())
      for (const name of ['author', 'stranger']) {
        fixture.git('tag', '-f', '-s', '-u', `${name}@example.org`, '-m', 'release', 'v1')
        fixture.git('push', '-q', '--force', fixture.bare, 'refs/tags/v1')
        const admitted = gate.admit(await tracked.fetch())
        if (name === 'author') assert.equal((await admitted)?.kind, 'openpgp')
        else await assert.rejects(admitted, { code: 'UntrustedTag' })
      }
    })
  }
})
