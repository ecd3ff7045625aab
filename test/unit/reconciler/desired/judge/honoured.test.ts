import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { judgeBlob } from '../../../../../reconciler/desired/judge/judge-blob.ts'
import type { JudgedObject } from '../../../../../reconciler/desired/judge/types.ts'
import { unsupportedFields } from '../../../../../schemas/support.ts'

const project = join(import.meta.dirname, '../../../../..')
const folders = [join(project, 'examples'), join(project, '../shared/upstream')].filter((folder) => existsSync(folder))

function* objectsOf(folder: string): Generator<JudgedObject & { readonly file: string }> {
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.yaml'))
  for (const file of names) for (const one of judgeBlob(readFileSync(join(folder, file))).objects) yield { ...one, file }
}

describe('an object that is judged as honoured', () => {
  it('has no field that is not carried out, before and after conversion and defaults', () => {
    const objects = folders.flatMap((folder) => [...objectsOf(folder)])
    const told = objects.filter(({ honoured }) => honoured !== true)
    const own = objects.filter(({ ownerKey }) => ownerKey === undefined)
    assert.ok(told.length > 0 && told.length < objects.length)
    for (const { file, key, kind, object, honoured } of objects)
      if (honoured === true) assert.deepEqual(unsupportedFields(kind, object), [], `${file}: ${key}`)
    for (const { file, key, kind, object, honoured } of own)
      assert.equal(honoured === true, unsupportedFields(kind, object).length === 0, `${file}: ${key}`)
  })
})
