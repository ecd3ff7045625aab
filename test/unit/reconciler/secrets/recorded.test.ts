import assert from 'node:assert/strict'
import { copyFile, chmod, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { parse } from 'yaml'
import { createBlobOpener } from '../../../../reconciler/desired/sealed/blob-opener.ts'
import { inputValues } from '../../../../reconciler/lib/input-values.ts'
import { createUnsealer } from '../../../../reconciler/secrets/create-unsealer.ts'
import { folder } from './keys.ts'

const recorded = join(import.meta.dirname, 'recorded')
const names = [
  'values.yaml',
  'whole.yaml',
  'unencrypted-regex.yaml',
  'mac-only-encrypted.yaml',
  'values.json',
  'binary.yaml.age',
  'armored.yaml.age',
]

async function opener(t: TestContext) {
  const key = join(await folder(t), 'key')
  await copyFile(join(recorded, 'key.txt'), key)
  await chmod(key, 0o600)
  return createBlobOpener(await createUnsealer({ ageKeys: [key] }, 'salt'))
}

describe('what sops 3.13.3 and age 1.3 wrote', () => {
  it('opens to what was given to them', async (t) => {
    const manifest = parse(await readFile(join(recorded, 'plain.yaml'), 'utf8')) as { kind: string; metadata: object }
    const { open } = await opener(t)
    for (const name of names) {
      const { objects, problems, broken } = await open(name, await readFile(join(recorded, name)))
      assert.deepEqual(
        problems.filter(({ severity }) => severity === 'error'),
        [],
        name,
      )
      assert.equal(broken, false)
      const [only] = objects
      assert.equal(only?.key, 'Secret/default/seed', name)
      assert.ok(only.sealed !== undefined && only.sealed !== true)
      assert.deepEqual(only.sealed.values(), inputValues(manifest), name)
    }
  })

  it('opens document by document, and stays shut where one was taken away', async (t) => {
    const { open } = await opener(t)
    const text = await readFile(join(recorded, 'documents.yaml'), 'utf8')
    const both = await open('documents.yaml', Buffer.from(text))
    assert.deepEqual(
      both.objects.map(({ key }) => key),
      ['Secret/default/seed', 'Secret/default/other'],
    )
    const [, second = ''] = text.split('\n---\n')
    const one = await open('second', Buffer.from(second))
    assert.deepEqual(
      one.problems.map(({ code }) => code),
      ['MacMismatch'],
    )
  })
})
