import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import * as fc from 'fast-check'
import { childPlace, rootPlace, type SchemaPlace } from '../../../../../reconciler/desired/validate/schema-tree.ts'
import type { Pointer } from '../../../../../reconciler/desired/validate/types.ts'
import { validateObject } from '../../../../../reconciler/desired/validate/validate-object.ts'
import type { AnyObject } from './fixtures.ts'

const label = fc.stringMatching(/^[a-z]([a-z0-9-]{0,8}[a-z0-9])?$/)
const size = fc.integer({ min: 1, max: 512 }).map((count) => `${count}Gi`)

const source = fc.oneof(
  label.map((name) => ({ dataVolume: { name } })),
  label.map((claimName) => ({ persistentVolumeClaim: { claimName } })),
  size.map((capacity) => ({ emptyDisk: { capacity } })),
  fc.string().map((userData) => ({ cloudInitNoCloud: { userData: `#${userData}` } })),
  label.map((secretName) => ({ secret: { secretName } })),
)

const target = fc.oneof(
  fc.constantFrom('virtio', 'scsi', 'sata', 'usb').map((bus) => ({ disk: { bus } })),
  fc.constantFrom('scsi', 'sata').map((bus) => ({ cdrom: { bus } })),
)

const disk = fc.record({ name: label, source, target, cache: fc.constantFrom('none', 'writeback'), serial: label })
const nic = fc.record({ name: label, model: fc.constantFrom('virtio', 'e1000'), bridge: label })

/** Valid virtual machines of many shapes. */
const machines = fc
  .record({
    name: label,
    strategy: fc.constantFrom('Always', 'Halted', 'Manual', 'RerunOnFailure', 'Once'),
    memory: size,
    cores: fc.integer({ min: 1, max: 64 }),
    disks: fc.uniqueArray(disk, { selector: (entry) => entry.name, maxLength: 4 }),
    nics: fc.uniqueArray(nic, { selector: (entry) => entry.name, maxLength: 3 }),
    labels: fc.dictionary(label, label, { maxKeys: 3 }),
    grace: fc.nat({ max: 600 }),
  })
  .map(({ name, strategy, memory, cores, disks, nics, labels, grace }) => ({
    apiVersion: 'kubevirt.io/v1',
    kind: 'VirtualMachine',
    metadata: { name, labels },
    spec: {
      runStrategy: strategy,
      template: {
        metadata: { labels },
        spec: {
          terminationGracePeriodSeconds: grace,
          domain: {
            cpu: { cores },
            memory: { guest: memory },
            devices: {
              disks: disks.map((entry, index) => ({
                name: entry.name,
                cache: entry.cache,
                serial: entry.serial,
                bootOrder: index + 1,
                ...entry.target,
              })),
              interfaces: nics.map((entry) => ({ name: entry.name, model: entry.model, bridge: {} })),
            },
          },
          networks: nics.map((entry) => ({ name: entry.name, multus: { networkName: entry.bridge } })),
          volumes: disks.map((entry) => ({ name: entry.name, ...entry.source })),
        },
      },
    },
  }))

/** Every field of an object that the schema declares; keys of maps such as labels are free. */
function declaredFields(place: SchemaPlace, value: unknown, pointer: Pointer = []): Pointer[] {
  if (value === null || typeof value !== 'object') return []
  const found: Pointer[] = []
  for (const [key, child] of Object.entries(value)) {
    const part = Array.isArray(value) ? Number(key) : key
    const childAt = [...pointer, part]
    if (!Array.isArray(value) && place.node.properties !== undefined) found.push(childAt)
    const next = childPlace(place, part)
    if (next !== undefined) found.push(...declaredFields(next, child, childAt))
  }
  return found
}

function rename(root: object, pointer: Pointer, name: string): AnyObject {
  const copy = structuredClone(root) as AnyObject
  let parent = copy
  for (const part of pointer.slice(0, -1)) parent = parent[part] as AnyObject
  const old = String(pointer.at(-1))
  parent[name] = parent[old]
  delete parent[old]
  return copy
}

describe('validateObject', () => {
  it('accepts every generated virtual machine', () => {
    fc.assert(fc.property(machines, (vm) => assert.deepEqual(validateObject('VirtualMachine', vm), [])))
  })

  it('finds any renamed key at its place', () => {
    const root = rootPlace('VirtualMachine')
    assert.ok(root)
    fc.assert(
      fc.property(machines, fc.nat(), fc.constantFrom('x', 'Name', '-', '_2'), (vm, pick, suffix) => {
        const fields = declaredFields(root, vm)
        const pointer = fields[pick % fields.length] as Pointer
        const name = `${String(pointer.at(-1))}${suffix}`
        const wrong = [...pointer.slice(0, -1), name]
        const findings = validateObject('VirtualMachine', rename(vm, pointer, name))
        const unknown = findings.filter((finding) => finding.code === 'UnknownField')
        assert.deepEqual(
          unknown.map((finding) => finding.pointer),
          [wrong],
        )
      }),
    )
  })

  it('never throws, whatever it is given', () => {
    fc.assert(
      fc.property(
        fc.constantFrom('VirtualMachine', 'DataVolume', 'Secret', 'Node', 'StorageClass'),
        fc.object({ maxDepth: 6 }),
        (kind, object) => {
          validateObject(kind, { apiVersion: 'v1', metadata: object, spec: object, data: object })
          validateObject(kind, object)
        },
      ),
    )
  })
})
