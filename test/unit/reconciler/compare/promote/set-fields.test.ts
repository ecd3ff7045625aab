import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setFields } from '../../../../../reconciler/compare/promote/set-fields.ts'
import { parsePath } from '../../../../../reconciler/plan/diff/path.ts'
import { readBack } from '../../../../../reconciler/plan/read-back.ts'
import type { ObservedMachine } from '../../../../../schemas/generated/observation.ts'

const key = 'VirtualMachine/default/db'
const text = `# The database.
apiVersion: kubevirt.io/v1
kind: VirtualMachine
metadata:
  name: db
spec:
  runStrategy: Always
  template:
    spec:
      domain:
        memory:
          guest: 1Gi # as measured
        devices:
          disks:
            - name: root
              disk: { bus: virtio }
            - name: data
              disk: { bus: virtio }
      volumes:
        - name: root
          emptyDisk: { capacity: 1Gi }
        - name: data
          emptyDisk: { capacity: 1Gi }
`
const at = (path: string) => parsePath(`spec.template.spec.${path}`)

test('fields are set in place: comments and layout stay', () => {
  const { text: edited, left } = setFields(text, { key }, [
    { path: at('domain.memory.guest'), value: '2Gi' },
    { path: at('domain.cpu.sockets'), value: 2 },
  ])
  assert.deepEqual(left, [])
  const withMemory = text.replace('1Gi # as measured', '2Gi # as measured')
  assert.equal(
    edited
      .split('\n')
      .filter((line) => !withMemory.split('\n').includes(line))
      .join('\n')
      .trim(),
    'cpu:\n          sockets: 2',
  )
})

test('a disk goes together with its volume', () => {
  const { text: edited, written } = setFields(text, { key }, [{ path: at('domain.devices.disks[data]') }, { path: at('volumes[data]') }])
  assert.equal(written.length, 2)
  assert.doesNotMatch(edited, /name: data/)
})

test('an edit after which the file would not be valid is left out, and the others are made', () => {
  const {
    text: edited,
    written,
    left,
  } = setFields(text, { key }, [
    { path: at('domain.memory.guest'), value: 'much' },
    { path: at('domain.cpu.sockets'), value: 2 },
  ])
  assert.deepEqual([written.length, left.map(({ value }) => value)], [1, ['much']])
  assert.match(edited, /guest: 1Gi # as measured/)
})

test('a clock that was set to a time zone by hand changes its own line only, also where UTC is all that it had', () => {
  const clocked = text
    .replace('    domain:\n', '    domain:\n        clock:\n          utc: {} # so far\n')
    .replace('  name: db\n', '  labels: {"team": "db", wide: "as it is"}\n  name: db\n')
  const spec = { domain: { clock: { utc: {} }, devices: {} } }
  const drift = [
    { path: 'domain/clock/@offset', expected: 'utc', actual: 'timezone' },
    { path: 'domain/clock/@timezone', actual: 'Europe/Berlin' },
  ]
  const seen = { applied: { template: { spec } }, drift, volumes: [], interfaces: [] } as unknown as ObservedMachine
  const { text: edited, left } = setFields(clocked, { key }, readBack(seen).fields)
  assert.deepEqual(left, [])
  assert.equal(edited, clocked.replace('utc: {} # so far', 'timezone: Europe/Berlin'))
})
