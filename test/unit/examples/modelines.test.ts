import assert from 'node:assert/strict'
import { existsSync, globSync, readFileSync } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import { describe, it } from 'node:test'
import { parseAllDocuments } from 'yaml'
import { validateFiles } from '../../fakes/validate-files.ts'
import { kindInfo } from '../../../schemas/kinds.ts'

const examples = join(import.meta.dirname, '../../../examples')
const files = globSync('**/*.yaml', { cwd: examples }).sort()

describe('examples', () => {
  it('name the schema of their kind for editors', () => {
    assert.ok(files.length > 10)
    for (const file of files) {
      const text = readFileSync(join(examples, file), 'utf8')
      const documents = parseAllDocuments(text)
      assert.ok(Array.isArray(documents))
      const info = kindInfo(String(documents[0]?.get('kind')))
      if (info === undefined) continue
      const named = /^# yaml-language-server: \$schema=(\S+)\n/.exec(text)?.[1] ?? ''
      assert.equal(basename(named), info.schema, file)
      assert.ok(existsSync(resolve(examples, dirname(file), named)), `${file}: ${named}`)
    }
  })

  for (const folder of [
    'quickstart',
    'seeds',
    'encrypted',
    'environments/staging',
    'environments/prod',
    'overlays/base',
    'overlays/staging',
    'overlays/prod',
  ]) {
    it(`${folder} validates without errors`, async () => {
      const own = files.filter((file) => file.startsWith(`${folder}/`))
      const { findings } = await validateFiles(
        own.map((file) => ({ path: file.slice(folder.length + 1), bytes: readFileSync(join(examples, file)) })),
      )
      assert.deepEqual(
        findings.filter(({ severity }) => severity === 'error'),
        [],
      )
    })
  }
})
