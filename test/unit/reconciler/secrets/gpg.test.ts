import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { chmod, mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { run } from '../../../../reconciler/lib/exec.ts'
import { createUnsealer } from '../../../../reconciler/secrets/create-unsealer.ts'
import { atEnd } from '../../../at-end.ts'
import { encryptSops } from '../../../fakes/sops-encoder.ts'
import { folder, secret } from './keys.ts'

type Home = { readonly dir: string; readonly fingerprint: string }

/** A GnuPG home with a key of its own, whose agent ends with the test. */
async function gpgHome(t: TestContext): Promise<Home> {
  const dir = join(await folder(t), 'g')
  await mkdir(dir, { mode: 0o700 })
  atEnd(t, async () => await run('gpgconf', ['--homedir', dir, '--kill', 'all']))
  const args = ['--homedir', dir, '--batch', '--passphrase', '', '--quick-generate-key', 'fleet@example.org', 'default', 'default', 'never']
  await run('gpg', args)
  const { stdout } = await run('gpg', ['--homedir', dir, '--batch', '--with-colons', '--list-keys'])
  return { dir, fingerprint: /^fpr:+([0-9A-F]+):/m.exec(stdout)?.[1] ?? '' }
}

async function encryptFor({ dir, fingerprint }: Home, manifest: object): Promise<string> {
  const key = randomBytes(32)
  const args = ['--homedir', dir, '--batch', '--armor', '--trust-model', 'always', '--recipient', fingerprint, '--encrypt']
  const { stdout } = await run('gpg', args, { input: key })
  return encryptSops([manifest], { keys: [], dataKey: key, metadata: { pgp: [{ fp: fingerprint, enc: stdout }] } })
}

describe('SOPS files for PGP keys', () => {
  it('open with a key of the operator’s GnuPG folder, and tell for whom they are without', async (t) => {
    const home = await gpgHome(t)
    const text = Buffer.from(await encryptFor(home, secret()))
    const unsealer = await createUnsealer({ ageKeys: [], gnupgHome: home.dir }, 'salt')
    assert.deepEqual(await unsealer.sops(text), [{ manifest: secret() }])
    const keyless = await createUnsealer({ ageKeys: [] }, 'salt')
    const [first] = await keyless.sops(text)
    assert.equal(first?.fault?.code, 'NoDecryptionKey')
    assert.match(first?.fault?.message ?? '', new RegExp(`PGP ${home.fingerprint}`))
  })

  it('say so where the folder has another key, and where gpg is not there', async (t) => {
    const [home, empty] = [await gpgHome(t), await folder(t)]
    await chmod(empty, 0o700)
    atEnd(t, async () => await run('gpgconf', ['--homedir', empty, '--kill', 'all']))
    const text = Buffer.from(await encryptFor(home, secret()))
    const other = await createUnsealer({ ageKeys: [], gnupgHome: empty }, 'salt')
    assert.equal((await other.sops(text))[0]?.fault?.code, 'NoDecryptionKey')
    const path = process.env['PATH']
    atEnd(t, () => (process.env['PATH'] = path))
    process.env['PATH'] = empty
    const gone = await createUnsealer({ ageKeys: [], gnupgHome: home.dir }, 'salt')
    assert.equal((await gone.sops(text))[0]?.fault?.code, 'GpgMissing')
    process.env['PATH'] = path
  })

  it('that a silent gpg keeps shut are tried again, after rests that grow, and no file waits for it meanwhile', async (t) => {
    const [home, bin] = [await gpgHome(t), await folder(t)]
    const text = Buffer.from(await encryptFor(home, secret()))
    const path = process.env['PATH'] ?? ''
    atEnd(t, () => (process.env['PATH'] = path))
    const real = (await run('sh', ['-c', 'command -v gpg'])).stdout.trim()
    await writeFile(join(bin, 'gpg'), `#!/bin/sh\nif [ -e ${bin}/silent ]; then exec sleep 60; fi\nexec ${real} "$@"\n`, { mode: 0o755 })
    await writeFile(join(bin, 'silent'), '')
    process.env['PATH'] = `${bin}:${path}`
    let now = 0
    const unsealer = await createUnsealer({ ageKeys: [], gnupgHome: home.dir, gpgTimeout: 300 }, 'salt', () => now)
    const code = async (): Promise<string | undefined> => (await unsealer.sops(text))[0]?.fault?.code
    const worthIt = async (at: number): Promise<boolean> => {
      now = at
      return await unsealer.keysChanged()
    }
    assert.deepEqual([await code(), await worthIt(29_000), await worthIt(30_000)], ['GpgTimedOut', false, true])
    assert.deepEqual([await code(), await worthIt(89_000), await code()], ['GpgTimedOut', false, 'GpgTimedOut'])
    await rm(join(bin, 'silent'))
    // It is not even asked before its rest is over.
    assert.equal(await code(), 'GpgTimedOut')
    assert.equal(await worthIt(90_000), true)
    assert.deepEqual(await unsealer.sops(text), [{ manifest: secret() }])
    assert.equal(await worthIt(1_000_000), false)
  })
})
