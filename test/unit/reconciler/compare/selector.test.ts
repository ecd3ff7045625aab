import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseSelector } from '../../../../reconciler/compare/selector.ts'

const keys = ['VirtualMachine/a/web-1', 'VirtualMachine/b/db', 'DataVolume/a/web-1-root', 'Node//kvm1']

test('a selector takes kinds, names and namespaces with globs, several at once', () => {
  const selected = (text: string): string[] => keys.filter(parseSelector(text))
  assert.deepEqual(selected('vm'), keys.slice(0, 2))
  assert.deepEqual(selected('VirtualMachine/web-*'), keys.slice(0, 1))
  assert.deepEqual(selected('vm/b/*'), [keys[1]])
  assert.deepEqual(selected('dv,nodes/kvm1'), keys.slice(2))
  assert.deepEqual(selected('*/a/*'), [keys[0], keys[2]])
})

test('a selector of an unknown kind or shape is refused with what may be written', () => {
  for (const text of ['', 'pod', 'vm/', 'vm/a/b/c', 'vmi', 'vm,,dv']) {
    assert.throws(() => parseSelector(text), { code: 'InvalidSelector' }, text)
  }
})
