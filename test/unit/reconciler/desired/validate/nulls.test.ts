import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { dropNulls } from '../../../../../reconciler/desired/validate/nulls.ts'
import { at, guestOf, virtualMachine } from './fixtures.ts'

describe('dropNulls', () => {
  it('returns the same object where there is no null', () => {
    const vm = virtualMachine()
    assert.equal(dropNulls('VirtualMachine', vm), vm)
  })

  it('takes out fields and leaves the original alone', () => {
    const vm = virtualMachine((draft) => {
      guestOf(draft)['affinity'] = null
      at(guestOf(draft), 'domain', 'devices', 'disks', 0)['serial'] = null
    })
    const dropped = dropNulls('VirtualMachine', vm)
    assert.equal(Object.hasOwn(guestOf(dropped), 'affinity'), false)
    assert.equal(Object.hasOwn(at(guestOf(dropped), 'domain', 'devices', 'disks', 0), 'serial'), false)
    assert.equal(guestOf(vm)['affinity'], null)
  })

  it('keeps nulls in maps and lists, which are mistakes', () => {
    const vm = virtualMachine((draft) => {
      at(draft, 'metadata', 'labels')['app'] = null
      guestOf(draft)['networks'] = [null]
    })
    const dropped = dropNulls('VirtualMachine', vm)
    assert.equal(at(dropped, 'metadata', 'labels')['app'], null)
    assert.deepEqual(guestOf(dropped)['networks'], [null])
  })
})
