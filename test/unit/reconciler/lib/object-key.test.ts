import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { describeError, GitvirtError } from '../../../../reconciler/lib/errors.ts'
import { keyText, parseKey } from '../../../../reconciler/lib/object-key.ts'

describe('parseKey', () => {
  it('gives the parts, empty where there are none', () => {
    assert.deepEqual(parseKey('VirtualMachine/default/demo'), { kind: 'VirtualMachine', namespace: 'default', name: 'demo' })
    assert.deepEqual(parseKey('Node//host1'), { kind: 'Node', namespace: '', name: 'host1' })
    assert.deepEqual(parseKey('Node'), { kind: 'Node', namespace: '', name: '' })
    assert.deepEqual(parseKey('a/b/c/d'), { kind: 'a', namespace: 'b', name: 'c' })
  })
})

describe('keyText', () => {
  it('leaves the namespace out where there is none', () => {
    assert.equal(keyText('StorageClass//local'), 'StorageClass/local')
    assert.equal(keyText('VirtualMachine/default/demo'), 'VirtualMachine/default/demo')
  })

  it('names the object of an error', () => {
    const error = new GitvirtError({ code: 'X', message: 'It failed.', object: 'Node//host1', at: 'nodes.yaml:3:1' })
    assert.equal(describeError(error), 'nodes.yaml:3:1 Node/host1: It failed.')
  })
})
