import assert from 'node:assert/strict'
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { sweepUnfinished, writePrivateFile } from '../../../../reconciler/lib/private-file.ts'
import { atEnd } from '../../../at-end.ts'

test('what a kill left half written goes, and nothing else', async (t) => {
  const dir = await mkdtemp(join(tmpdir(), 'gitvirt-private-'))
  atEnd(t, () => rm(dir, { recursive: true, force: true }))
  await writePrivateFile(join(dir, 'one.json'), '{}')
  for (const name of ['one.json.0123456789ab.tmp', 'two.json.new', 'three.json', 'kept.tmp.json']) await writeFile(join(dir, name), '')
  await sweepUnfinished(dir)
  assert.deepEqual((await readdir(dir)).sort(), ['kept.tmp.json', 'one.json', 'three.json'])
  await sweepUnfinished(join(dir, 'missing'))
})
