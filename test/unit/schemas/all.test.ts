import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { Ajv } from 'ajv'
import { parseAllDocuments } from 'yaml'
import all from '../../../schemas/all.json' with { type: 'json' }
import { kindSchemas, sharedSchemas } from '../../../schemas/documents.ts'
import { apiVersionOf, kinds, servedApiVersions } from '../../../schemas/kinds.ts'
import { unservedKinds } from '../../../schemas/unserved-kinds.ts'

const ajv = new Ajv({ strict: false, allErrors: true })
for (const schema of [...Object.values(kindSchemas()), ...sharedSchemas()]) ajv.addSchema(schema)
const validate = ajv.compile(all)

/** What an editor would underline: the place and the keyword of each fault. */
function faults(object: unknown): string[] {
  if (validate(object)) return []
  return (validate.errors ?? [])
    .filter(({ keyword }) => keyword !== 'if')
    .map(({ instancePath, keyword, params }) => `${instancePath} ${keyword} ${JSON.stringify(params)}`)
}

type Manifest = { readonly kind: string; readonly apiVersion: string } & Record<string, unknown>

const examples = join(import.meta.dirname, '../../../examples')
const manifests = globSync('**/*.yaml', { cwd: examples })
  .filter((file) => !file.endsWith('kustomization.yaml'))
  .flatMap((file) => parseAllDocuments(readFileSync(join(examples, file), 'utf8')))
  .map((document) => document.toJS() as Manifest | null)
  .filter((object): object is Manifest => object?.kind !== undefined)

/** What a kind without an example needs. */
const least: Readonly<Record<string, object>> = {
  DataVolume: { spec: { source: { blank: {} }, storage: { resources: { requests: { storage: '1Gi' } } } } },
  StorageClass: { provisioner: 'gitvirt.io/dir' },
}

/** A right manifest of each kind: the first example, or the least that there can be. */
const right = (kind: string): Manifest => {
  const info = kinds.find((one) => one.kind === kind) ?? assert.fail()
  const found = manifests.find((one) => one.kind === kind && !('sops' in one))
  return found ?? { apiVersion: apiVersionOf(info), kind, metadata: { name: 'a' }, ...least[kind] }
}

describe('the schema of all kinds', () => {
  it('takes every example', () => {
    assert.ok(manifests.length > 10)
    for (const manifest of manifests) assert.deepEqual(faults(manifest), [], manifest.kind)
  })

  for (const { kind } of kinds) {
    it(`judges a ${kind} by its own schema`, () => {
      assert.deepEqual(faults(right(kind)), [])
      assert.deepEqual(faults({ ...right(kind), wrong: 1 }), [' additionalProperties {"additionalProperty":"wrong"}'])
      assert.deepEqual(
        faults({ ...right(kind), metadata: { name: 5 } }).map((fault) => fault.split(' ')[0]),
        ['/metadata/name'],
      )
    })
  }

  it('tells a version that a kind does not have at its apiVersion, and takes every one that it has', () => {
    for (const info of kinds) {
      for (const apiVersion of servedApiVersions(info)) assert.deepEqual(faults({ ...right(info.kind), apiVersion }), [], apiVersion)
      for (const apiVersion of [apiVersionOf(info, 'v9'), info.group === '' ? 'kubevirt.io/v1' : 'v1']) {
        const found = faults({ ...right(info.kind), apiVersion })
        assert.ok(found.length > 0 && found.every((fault) => /^\/(?:apiVersion|kind) /.test(fault)), `${info.kind}: ${found.join()}`)
      }
    }
  })

  it('takes a Secret that sops encrypted, and nothing else with its field', () => {
    const encrypted = { ...right('Secret'), data: { password: 'ENC[AES256_GCM,data:1,iv:2,tag:3,type:str]' } }
    assert.deepEqual(faults({ ...encrypted, sops: { version: '3.9.0' } }), [])
    assert.notDeepEqual(faults(encrypted), [])
    assert.notDeepEqual(faults({ ...right('StorageClass'), sops: { version: '3.9.0' } }), [])
  })

  it('tells a kind that one of the groups does not have', () => {
    const [fault = ''] = faults({ ...right('VirtualMachine'), kind: 'VirtualMachin' })
    assert.match(fault, /^\/kind enum .*"VirtualMachine"/)
  })

  it('asks for kind and apiVersion where one of them stands', () => {
    assert.match(faults({ kind: 'Secret', metadata: { name: 'a' } }).join(), /dependencies .*apiVersion/)
    assert.match(faults({ apiVersion: 'v1', metadata: { name: 'a' } }).join(), /dependencies .*kind/)
  })

  it('passes over kinds of others, those that gitvirt does not run, and files that are no manifests', () => {
    for (const { kind, group } of unservedKinds)
      assert.deepEqual(faults({ apiVersion: group === '' ? 'v1' : `${group}/v1`, kind }), [], kind)
    assert.deepEqual(faults({ apiVersion: 'apps/v1', kind: 'Deployment', spec: {} }), [])
    assert.deepEqual(faults({ apiVersion: 'example.org/v1', kind: 'VirtualMachine', other: 1 }), [])
    assert.deepEqual(faults({ replicas: 3 }), [])
  })

  it('opens a List', () => {
    const items = [right('Namespace'), { ...right('ConfigMap'), wrong: 1 }]
    for (const head of [
      { apiVersion: 'v1', kind: 'List' },
      { apiVersion: 'v1', kind: 'ConfigMapList' },
    ]) {
      assert.deepEqual(faults({ ...head, items }), ['/items/1 additionalProperties {"additionalProperty":"wrong"}'])
    }
    assert.deepEqual(faults({ apiVersion: 'kubevirt.io/v1', kind: 'VirtualMachineList', items: [right('VirtualMachine')] }), [])
  })
})
