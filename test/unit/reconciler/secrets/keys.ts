import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import type { Unsealer } from '../../../../reconciler/desired/sealed/unsealer.ts'
import { createUnsealer } from '../../../../reconciler/secrets/create-unsealer.ts'
import { atEnd } from '../../../at-end.ts'
import type { AgeKey } from '../../../fakes/age-encoder.ts'

export const plain = 'correct horse battery staple'

export function secret(name = 'seed', value = plain): object {
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name, labels: { app: 'web' }, annotations: { note: 'yes' } },
    type: 'Opaque',
    stringData: { userdata: value, empty: '' },
  }
}

/** A folder that goes with the test. */
export async function folder(t: TestContext): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'gitvirt-keys-'))
  atEnd(t, async () => await rm(dir, { recursive: true, force: true }))
  return dir
}

/** Key files in a folder, each with one identity. */
export async function keyFolder(t: TestContext, keys: readonly AgeKey[]): Promise<string> {
  const dir = await folder(t)
  for (const [index, { identity }] of keys.entries()) await writeFile(join(dir, `key${index}`), `# a key\n${identity}\n`, { mode: 0o600 })
  return dir
}

export async function unsealerWith(t: TestContext, keys: readonly AgeKey[]): Promise<Unsealer> {
  return await createUnsealer({ ageKeys: [await keyFolder(t, keys)] }, 'salt')
}
