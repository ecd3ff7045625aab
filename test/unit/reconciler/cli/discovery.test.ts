import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { apiGroupList, apiResourceList } from '../../../../reconciler/api/discovery.ts'
import type { Client } from '../../../../reconciler/cli/client.ts'
import { discover, findResources, resourcePath } from '../../../../reconciler/cli/discovery.ts'

/** What our own API answers, without a server. */
const client = {
  call: async (path: string) => {
    const [, root, first = '', second = ''] = path.split('/')
    if (root === 'api') return apiResourceList('', first)
    return first === '' ? apiGroupList() : apiResourceList(first, second)
  },
} as unknown as Client

suite('finding resource types', () => {
  test('takes the preferred version of a type that several versions have', async () => {
    const [policy] = findResources(await discover(client), 'nncp')
    assert.equal(policy?.version, 'v1')
  })

  test('finds a type that only another version of its group has', async () => {
    const [enactment] = findResources(await discover(client), 'nnce')
    assert.equal(
      enactment === undefined ? '' : resourcePath(enactment, undefined, 'node.br1'),
      '/apis/nmstate.io/v1beta1/nodenetworkconfigurationenactments/node.br1',
    )
  })

  test('has each type once and no subresource', async () => {
    const names = (await discover(client)).map(({ group, plural }) => `${group}/${plural}`)
    assert.deepEqual(names, [...new Set(names)])
    assert.ok(names.every((name) => name.split('/').length === 2))
  })
})
