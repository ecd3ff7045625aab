import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { validateFiles } from '../../../fakes/validate-files.ts'

const upstream = join(import.meta.dirname, '../../../../../shared/upstream')

describe('the files of an environment', () => {
  it('give all findings in order, and the valid objects', async () => {
    const bytes = (text: string) => new TextEncoder().encode(text)
    const { findings, objects } = await validateFiles([
      { path: 'b.yaml', bytes: bytes('apiVersion: v1\nkind: ConfigMap\nmetadata: {name: ok}\n') },
      { path: 'c.yaml', bytes: bytes('a: [\n') },
      { path: 'a.yaml', bytes: bytes('apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\ndta: {}\n---\nkustomize: true\n') },
    ])
    assert.deepEqual(
      findings
        .map(({ path, line, code }) => `${path}:${line} ${code}`)
        .filter((text, index, all) => all.indexOf(text) === index)
        .slice(0, 2),
      ['a.yaml:4 UnknownField', 'a.yaml:6 NotAManifest'],
    )
    assert.ok(findings.some(({ path, code }) => path === 'c.yaml' && code === 'YamlSyntax'))
    assert.deepEqual(
      objects.map(({ key }) => key),
      ['ConfigMap/default/ok'],
    )
  })

  const files = globSync('*/*.yaml', { cwd: upstream }).sort()
  it(
    'are accepted where they are upstream’s examples, or told precisely what does not run',
    { skip: files.length === 0 && 'upstream’s examples are not beside the checkout' },
    async () => {
      for (const path of files) {
        const { findings, objects } = await validateFiles([{ path, bytes: readFileSync(join(upstream, path)) }])
        assert.ok(objects.length > 0 || findings.length > 0, path)
        for (const finding of findings) {
          assert.ok(finding.line >= 1 && finding.column >= 1 && finding.message.length > 10, path)
          assert.ok(
            !['YamlSyntax', 'UnknownField', 'UnknownKind', 'UnsupportedVersion'].includes(finding.code),
            `${path}: ${finding.message}`,
          )
          assert.ok(finding.action !== undefined, `${path}: ${finding.message}`)
        }
      }
    },
  )
})
