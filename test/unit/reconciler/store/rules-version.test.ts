import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { codeVersion, manifestVersion, rulesVersion } from '../../../../reconciler/store/rules-version.ts'

let folder: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'gitvirt-rules-'))
})

afterEach(() => {
  rmSync(folder, { recursive: true, force: true })
})

describe('rulesVersion', () => {
  it('changes with every source, and with its name', () => {
    const version = (): string => rulesVersion({ folders: [folder] })
    writeFileSync(join(folder, 'a.ts'), 'export const a = 1')
    const first = version()
    assert.equal(version(), first)
    writeFileSync(join(folder, 'a.ts'), 'export const a = 2')
    const second = version()
    assert.notEqual(second, first)
    writeFileSync(join(folder, 'b.json'), '')
    const third = version()
    assert.notEqual(third, second)
    renameSync(join(folder, 'b.json'), join(folder, 'c.json'))
    assert.notEqual(version(), third)
  })

  it('changes with a source in a folder below, with the name of that folder, and with a file beside', () => {
    const file = join(folder, 'package.json')
    const version = (): string => rulesVersion({ folders: [join(folder, 'rules')], files: [file] })
    mkdirSync(join(folder, 'rules', 'one'), { recursive: true })
    writeFileSync(join(folder, 'rules', 'one', 'a.ts'), '1')
    writeFileSync(file, '{}')
    const versions = [version()]
    writeFileSync(join(folder, 'rules', 'one', 'a.ts'), '2')
    versions.push(version())
    renameSync(join(folder, 'rules', 'one'), join(folder, 'rules', 'two'))
    versions.push(version())
    writeFileSync(file, '{ "dependencies": {} }')
    versions.push(version())
    assert.equal(new Set(versions).size, 4)
  })

  it('does not change with what is no source', () => {
    const before = rulesVersion({ folders: [folder] })
    writeFileSync(join(folder, 'notes.md'), 'text')
    assert.equal(rulesVersion({ folders: [folder] }), before)
  })

  it('is one for the code and another for the rules of manifests', () => {
    assert.match(codeVersion(), /^[0-9a-f]{64}$/)
    assert.notEqual(codeVersion(), manifestVersion())
  })
})
