import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { describeError, GitvirtError } from '../../../../reconciler/lib/errors.ts'
import { keyText } from '../../../../reconciler/lib/object-key.ts'

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
