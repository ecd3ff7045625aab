import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { kindSchema } from '../../../schemas/documents.ts'
import { apiVersionOf, kindInfo, kinds, resolveKind, servedApiVersions, servedKinds } from '../../../schemas/kinds.ts'
import { unservedKind, unservedKinds } from '../../../schemas/unserved-kinds.ts'

describe('kinds', () => {
  it('have a schema whose apiVersion takes just the served versions', () => {
    for (const entry of kinds) {
      const properties = kindSchema(entry.kind)?.['properties'] as {
        apiVersion: { const?: string; enum?: string[] }
        kind: { const: string }
      }
      assert.deepEqual(properties.apiVersion.enum ?? [properties.apiVersion.const], servedApiVersions(entry), entry.kind)
      assert.equal(properties.kind.const, entry.kind)
      assert.equal(kindSchema(entry.kind)?.$id, `https://gitvirt.io/schemas/${entry.schema}`)
    }
  })

  it('are found by every name that people type', () => {
    for (const entry of servedKinds) {
      for (const typed of [
        entry.kind,
        entry.plural,
        entry.singular,
        ...entry.shortNames,
        `${entry.plural}.${entry.group}`.replace(/\.$/, ''),
      ]) {
        assert.equal(resolveKind(typed)?.kind, entry.kind, typed)
      }
    }
  })

  it('share no name', () => {
    const names = servedKinds.flatMap((entry) => [entry.plural, entry.singular, ...entry.shortNames])
    assert.equal(new Set(names).size, names.length)
  })

  it('tell the version of the core group without a group', () => {
    assert.equal(apiVersionOf(kindInfo('Node') ?? assert.fail()), 'v1')
    assert.equal(apiVersionOf(kindInfo('DataVolume') ?? assert.fail()), 'cdi.kubevirt.io/v1beta1')
  })

  it('are not found in another group', () => {
    assert.equal(resolveKind('vm.example.com'), undefined)
  })
})

describe('unservedKinds', () => {
  it('give each a reason of one sentence and are not declarable', () => {
    for (const { kind, group, reason } of unservedKinds) {
      assert.match(reason, /^[A-Za-z].{20,}\.$/, kind)
      assert.ok(!kinds.some((entry) => entry.kind === kind && entry.group === group), kind)
    }
  })

  it('are told by group and kind, of any version', () => {
    assert.ok(unservedKind('k8s.cni.cncf.io/v1', 'NetworkAttachmentDefinition'))
    assert.ok(unservedKind('v1', 'PersistentVolumeClaim'))
    assert.equal(unservedKind('example.com/v1', 'PersistentVolumeClaim'), undefined)
  })
})
