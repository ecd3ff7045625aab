import assert from 'node:assert/strict'
import { chmod, mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { openKeyring } from '../../../../reconciler/secrets/keyring.ts'
import { ageKey } from '../../../fakes/age-encoder.ts'
import { keyFolder } from './keys.ts'

const [one, two] = [ageKey(), ageKey()]

describe('the keyring', () => {
  it('reads files and folders, and reads them anew when keys come and go', async (t) => {
    const dir = await keyFolder(t, [one])
    const keyring = openKeyring({ ageKeys: [dir] })
    const recipients = async (): Promise<string[]> => (await keyring.identities()).map(({ recipient }) => recipient)
    assert.deepEqual(await recipients(), [one.recipient])
    const before = await keyring.stamp()
    await writeFile(join(dir, 'new'), `${two.identity}\r\n`, { mode: 0o600 })
    assert.notEqual(await keyring.stamp(), before)
    assert.deepEqual(await recipients(), [one.recipient, two.recipient])
    await rm(join(dir, 'key0'))
    assert.deepEqual(await recipients(), [two.recipient])
  })

  it('refuses keys that others can read, that are none, and that are not there, without quoting them', async (t) => {
    const dir = await keyFolder(t, [one])
    const file = join(dir, 'key0')
    const refused = async (code: string): Promise<void> => {
      await assert.rejects(openKeyring({ ageKeys: [file] }).identities(), (error: Error & { code?: string }) => {
        assert.equal(error.code, code)
        assert.ok(!error.message.includes(one.identity.slice(20)))
        return error.message.includes(file)
      })
    }
    await chmod(file, 0o640)
    await refused('KeyFileExposed')
    await chmod(file, 0o600)
    await writeFile(file, one.identity.slice(0, -3))
    await refused('InvalidKeyFile')
    await rm(file)
    await refused('KeyFileUnreadable')
    await mkdir(file)
    assert.deepEqual(await openKeyring({ ageKeys: [file] }).identities(), [])
  })
})
