import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { age } from '../../../../reconciler/api/age.ts'
import { listPage } from '../../../../reconciler/api/list.ts'
import { representationOf, wantsAggregatedDiscovery } from '../../../../reconciler/api/negotiate.ts'
import { openapiDocument, openapiIndex } from '../../../../reconciler/api/openapi.ts'
import { parseRequestPath } from '../../../../reconciler/api/request-path.ts'
import { decodeReview } from '../../../../reconciler/api/review-protobuf.ts'
import { createCollection } from '../../../../reconciler/status/collection.ts'
import type { ApiObject } from '../../../../reconciler/status/api-object.ts'

function vm(name: string, namespace = 'default', resourceVersion = '1'): ApiObject {
  return {
    apiVersion: 'kubevirt.io/v1',
    kind: 'VirtualMachine',
    metadata: { name, namespace, uid: name, resourceVersion, creationTimestamp: 't' },
  }
}

test('reads paths as Kubernetes does', () => {
  assert.deepEqual(parseRequestPath('/api/v1/namespaces/shop'), { group: '', version: 'v1', resource: 'namespaces', name: 'shop' })
  assert.deepEqual(parseRequestPath('/apis/kubevirt.io/v1/namespaces/shop/virtualmachines/web/status'), {
    group: 'kubevirt.io',
    version: 'v1',
    namespace: 'shop',
    resource: 'virtualmachines',
    name: 'web',
    subresource: 'status',
  })
  assert.equal(parseRequestPath('/apis/kubevirt.io/v1'), undefined)
  assert.equal(parseRequestPath('/apis/kubevirt.io/v1/%E0%A4%A'), undefined)
})

test('never throws on any path', () => {
  fc.assert(fc.property(fc.string(), (path) => void parseRequestPath(`/apis/${path}`)))
})

test('chooses the first representation that it can make', () => {
  const table = 'application/json;as=Table;v=v1;g=meta.k8s.io'
  assert.equal(representationOf(`${table},application/json`), 'table')
  assert.equal(representationOf(`application/json;as=Table;v=v1beta1;g=meta.k8s.io,${table}`), 'table')
  assert.equal(representationOf('application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1'), 'metadata')
  assert.equal(representationOf('application/vnd.kubernetes.protobuf,application/json'), 'object')
  assert.throws(() => representationOf('text/html'), { status: 406 })
  assert.equal(wantsAggregatedDiscovery('application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList'), true)
  assert.equal(wantsAggregatedDiscovery('application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList'), false)
})

test('writes ages as kubectl does', () => {
  const now = new Date('2026-01-10T00:00:00Z')
  const ago = (seconds: number) => age(new Date(now.getTime() - seconds * 1000).toISOString(), now)
  const expected: [number, string][] = [
    [45, '45s'],
    [119, '119s'],
    [190, '3m10s'],
    [3600, '60m'],
    [5 * 3600 + 720, '5h12m'],
    [30 * 3600, '30h'],
    [3 * 86_400 + 7200, '3d2h'],
    [20 * 86_400, '20d'],
    [3 * 365 * 86_400, '3y'],
    [-5, '0s'],
  ]
  assert.deepEqual(
    expected.map(([seconds]) => ago(seconds)),
    expected.map(([, text]) => text),
  )
  assert.equal(age(undefined, now), '<unknown>')
})

test('pages give every object once, in order, with the resourceVersion of the first page', () => {
  const objects = createCollection({ version: 100 })
  for (let index = 0; index < 25; index += 1) objects.put(vm(`vm-${index}`, `ns-${index % 3}`), { silent: true })
  const names: string[] = []
  let token: string | undefined
  do {
    const page = listPage(objects, { kind: 'VirtualMachine', limit: 4, ...(token === undefined ? {} : { token }) })
    assert.equal(page.metadata['resourceVersion'], '100')
    names.push(...page.items.map((item) => `${item.metadata.namespace ?? ''}/${item.metadata.name}`))
    token = page.metadata['continue'] as string | undefined
    objects.nextVersion()
  } while (token !== undefined)
  assert.equal(names.length, 25)
  assert.deepEqual(names, [...new Set(names)].sort())
  assert.throws(() => listPage(objects, { kind: 'VirtualMachine', token: 'bm9uc2Vuc2U' }), { status: 400 })
})

test('a history that was cut says so, and one that was not gives just what came after', () => {
  const objects = createCollection({ version: 0, history: 4 })
  for (let index = 1; index <= 10; index += 1) objects.put(vm('a', 'default', String(objects.nextVersion())))
  assert.equal(objects.since('VirtualMachine', 1), undefined)
  assert.deepEqual(
    objects.since('VirtualMachine', 8)?.map((event) => event.resourceVersion),
    [9, 10],
  )
  assert.equal(objects.since('VirtualMachine', 11), undefined)
})

test('reads the review that kubectl sends as protobuf, and survives any bytes', () => {
  const text = (field: number, value: string) => Buffer.concat([Buffer.from([(field << 3) | 2, value.length]), Buffer.from(value)])
  const nested = (field: number, value: Buffer) => Buffer.concat([Buffer.from([(field << 3) | 2, value.length]), value])
  const attributes = Buffer.concat([text(1, 'default'), text(2, 'get'), text(3, 'kubevirt.io'), text(5, 'virtualmachines')])
  const raw = nested(2, nested(1, attributes))
  const body = Buffer.concat([Buffer.from('k8s\0'), nested(1, text(1, 'v1')), nested(2, raw)])
  assert.deepEqual(decodeReview(body), {
    spec: { resourceAttributes: { namespace: 'default', verb: 'get', group: 'kubevirt.io', resource: 'virtualmachines' } },
  })
  fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => void decodeReview(Buffer.concat([Buffer.from('k8s\0'), bytes]))))
})

test('every reference in the OpenAPI documents leads somewhere', () => {
  const { paths } = openapiIndex() as { paths: Record<string, unknown> }
  for (const name of Object.keys(paths)) {
    const text = openapiDocument(name) ?? ''
    const { components } = JSON.parse(text) as { components: { schemas: Record<string, unknown> } }
    for (const [, target] of text.matchAll(/"\$ref":"#\/components\/schemas\/([^"]+)"/g))
      assert.ok(target !== undefined && Object.hasOwn(components.schemas, target), `${name}: ${target}`)
  }
  assert.equal(openapiDocument('apis/none/v1'), undefined)
})
