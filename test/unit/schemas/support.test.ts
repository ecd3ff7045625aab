import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { fieldsOf } from '../../../reconciler/desired/validate/schema-tree.ts'
import { kinds } from '../../../schemas/kinds.ts'
import { joinPath, type SupportRow } from '../../../schemas/support-table.ts'
import { supportTables, unsupportedFields } from '../../../schemas/support.ts'

/** True where a row speaks for the field: its own, or one above that says no to everything below it. */
function decided(rows: ReadonlyMap<string, SupportRow>, path: readonly string[]): boolean {
  if (rows.has(joinPath(path))) return true
  for (let length = path.length - 1; length > 0; length -= 1) {
    const above = rows.get(joinPath(path.slice(0, length)))
    if (above !== undefined && above.level !== 'yes' && above.values === undefined) return true
  }
  return false
}

describe('support tables', () => {
  for (const { kind } of kinds) {
    const table = supportTables[kind] ?? []
    const fields = [...fieldsOf(kind)].filter(({ path }) => path.at(-1) !== '[]' && path.at(-1) !== '*').map(({ path }) => path)

    it(`${kind}: every field of the schema is decided`, () => {
      const rows = new Map(table.map((row) => [joinPath(row.path), row]))
      assert.deepEqual(fields.filter((path) => !decided(rows, path)).map(joinPath), [])
    })

    it(`${kind}: every row speaks of a field that there is`, () => {
      const known = new Set(fields.map(joinPath))
      const strange = table.filter((row) => {
        const path = row.path.at(-1) === '[]' || row.path.at(-2) === 'annotations' ? row.path.slice(0, -1) : row.path
        return !known.has(joinPath(path))
      })
      assert.deepEqual(strange, [])
    })

    it(`${kind}: every row that is not honoured says why`, () => {
      for (const row of table) if (row.level !== 'yes') assert.match(row.reason, /.{15,}\.$/, joinPath(row.path))
    })
  }
})

describe('unsupportedFields', () => {
  const vm = (guest: object): object => ({
    kind: 'VirtualMachine',
    spec: { runStrategy: 'Always', template: { spec: { domain: {}, ...guest } } },
  })

  it('reports a field once, at the top of what is not done', () => {
    const [field, ...more] = unsupportedFields(
      'VirtualMachine',
      vm({ domain: { launchSecurity: { sev: { policy: { encryptedState: true } } } } }),
    )
    assert.equal(field?.path, 'spec.template.spec.domain.launchSecurity')
    assert.equal(field?.effect, 'blocks')
    assert.deepEqual(more, [])
  })

  it('reports an empty object, which asks for something', () => {
    const [field] = unsupportedFields('VirtualMachine', vm({ domain: { devices: { interfaces: [{ name: 'a', sriov: {} }] } } }))
    assert.equal(field?.path, 'spec.template.spec.domain.devices.interfaces[0].sriov')
    assert.deepEqual(field?.pointer, ['spec', 'template', 'spec', 'domain', 'devices', 'interfaces', 0, 'sriov'])
  })

  it('does not report what is false or empty, which asks for nothing', () => {
    const guest = { domain: { cpu: { dedicatedCpuPlacement: false }, devices: { gpus: [], autoattachVSOCK: null } }, dnsPolicy: '' }
    assert.deepEqual(unsupportedFields('VirtualMachine', vm(guest)), [])
  })

  it('reports single values of a field that is honoured otherwise', () => {
    assert.deepEqual(unsupportedFields('VirtualMachine', vm({ evictionStrategy: 'None' })), [])
    assert.equal(unsupportedFields('VirtualMachine', vm({ evictionStrategy: 'LiveMigrate' }))[0]?.effect, 'ignored')
  })

  it('does not report startStrategy: Paused, which is honoured', () => {
    assert.deepEqual(unsupportedFields('VirtualMachine', vm({ startStrategy: 'Paused' })), [])
  })

  it('reports annotations that upstream acts on', () => {
    const [field] = unsupportedFields('VirtualMachine', {
      spec: { template: { metadata: { annotations: { 'hooks.kubevirt.io/hookSidecars': '[]' } } } },
    })
    assert.equal(field?.path, 'spec.template.metadata.annotations["hooks.kubevirt.io/hookSidecars"]')
  })

  it('looks into the disks of a template', () => {
    const [field] = unsupportedFields('VirtualMachine', { spec: { dataVolumeTemplates: [{ spec: { source: { s3: { url: 'x' } } } }] } })
    assert.equal(field?.path, 'spec.dataVolumeTemplates[0].spec.source.s3')
  })

  it('knows nothing of other kinds', () => {
    assert.deepEqual(unsupportedFields('Pod', { spec: {} }), [])
  })
})
