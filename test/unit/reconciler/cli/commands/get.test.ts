import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseTargets } from '../../../../../reconciler/cli/commands/get.ts'
import { findResources, qualifiedSingular, resourcePath, type Resource } from '../../../../../reconciler/cli/discovery.ts'

const vm: Resource = {
  group: 'kubevirt.io',
  version: 'v1',
  plural: 'virtualmachines',
  singular: 'virtualmachine',
  kind: 'VirtualMachine',
  shortNames: ['vm', 'vms'],
  categories: ['all'],
  namespaced: true,
}
const node: Resource = {
  group: '',
  version: 'v1',
  plural: 'nodes',
  singular: 'node',
  kind: 'Node',
  shortNames: ['no'],
  categories: [],
  namespaced: false,
}
const resources = [vm, node]

test('finds a type by plural, singular, kind, short name and with its group', () => {
  for (const word of ['virtualmachines', 'virtualmachine', 'VirtualMachine', 'vm', 'vm.kubevirt.io', 'all'])
    assert.deepEqual(findResources(resources, word), [vm])
})

test('names an unknown type in the words of kubectl', () => {
  assert.throws(() => findResources(resources, 'pods'), { message: `error: the server doesn't have a resource type "pods"` })
})

test('reads types with commas, names, and TYPE/NAME', () => {
  assert.deepEqual(parseTargets(resources, 'vm,nodes', []), [
    { resource: vm, names: [] },
    { resource: node, names: [] },
  ])
  assert.deepEqual(parseTargets(resources, 'vm', ['a', 'b']), [{ resource: vm, names: ['a', 'b'] }])
  assert.deepEqual(parseTargets(resources, 'vm/a', ['no/b']), [
    { resource: vm, names: ['a'] },
    { resource: node, names: ['b'] },
  ])
  assert.throws(() => parseTargets(resources, 'vm/', []), { code: 'InvalidArgument' })
})

test('makes the paths that an API server serves', () => {
  assert.equal(resourcePath(vm, 'default', 'a/b'), '/apis/kubevirt.io/v1/namespaces/default/virtualmachines/a%2Fb')
  assert.equal(resourcePath(vm, undefined), '/apis/kubevirt.io/v1/virtualmachines')
  assert.equal(resourcePath(node, 'default', 'h1'), '/api/v1/nodes/h1')
  assert.equal(qualifiedSingular(vm), 'virtualmachine.kubevirt.io')
  assert.equal(qualifiedSingular(node), 'node')
})
