import assert from 'node:assert/strict'
import { test } from 'node:test'
import { formatColumns, printable, tableCells, type Table } from '../../../../../reconciler/cli/output/table.ts'

const table: Table = {
  columnDefinitions: [{ name: 'Name' }, { name: 'Age' }, { name: 'Node', priority: 1 }],
  rows: [
    { cells: ['demo', '3m', 'h1'], object: { metadata: { namespace: 'default' } } },
    { cells: ['other', null, 'h2'], object: { metadata: { namespace: 'web' } } },
  ],
}

test('pads columns with three spaces and leaves none at the end', () => {
  assert.equal(
    formatColumns([
      ['NAME', 'AGE'],
      ['demo-long', '3m'],
      ['x', ''],
    ]),
    'NAME        AGE\ndemo-long   3m\nx',
  )
})

test('shows priority columns only when wide', () => {
  assert.deepEqual(tableCells(table), [
    ['NAME', 'AGE'],
    ['demo', '3m'],
    ['other', ''],
  ])
  assert.deepEqual(tableCells(table, { wide: true })[0], ['NAME', 'AGE', 'NODE'])
})

test('puts the namespace first and the kind before the name when asked', () => {
  const rows = tableCells(table, { withNamespace: true, namePrefix: 'virtualmachine.kubevirt.io' })
  assert.deepEqual(rows[0], ['NAMESPACE', 'NAME', 'AGE'])
  assert.deepEqual(rows[2], ['web', 'virtualmachine.kubevirt.io/other', ''])
})

test('lets no text from the server steer the terminal', () => {
  assert.equal(printable('a\u001b[2Jb\nc\u0007'), 'a\ufffd[2Jb c\ufffd')
})
