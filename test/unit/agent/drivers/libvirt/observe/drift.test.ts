import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { definitionDrift, reported } from '../../../../../../agent/drivers/libvirt/observe/drift.ts'
import { parseXml } from '../../../../../../agent/drivers/libvirt/xml.ts'

const domain = (features: number, devices: string) =>
  parseXml(
    `<domain><cpu>${Array.from({ length: features }, (_, at) => `<feature policy='require' name='f${at}'/>`).join('')}</cpu><devices><emulator>x</emulator>${devices}</devices></domain>`,
  )
const tagged = `<interface type='bridge'><mac address='02:00:00:00:00:09'/><source bridge='br0'/><vlan><tag id='42'/></vlan><model type='virtio'/></interface>`

describe('what is reported of the differences of a machine', () => {
  it('is all that a new NIC has, behind many others', () => {
    const { drift, driftOmitted } = reported(definitionDrift(domain(0, ''), domain(23, tagged)))
    assert.deepEqual(drift.find(({ path }) => path.endsWith('/vlan/tag/@id'))?.actual, '42')
    assert.equal(driftOmitted, undefined)
  })

  it('is cut where it is too much, and tells how much is not in it', () => {
    const all = definitionDrift(domain(0, ''), domain(150, tagged))
    const { drift, driftOmitted = 0 } = reported(all)
    assert.ok(driftOmitted > 0 && drift.length < all.length)
    assert.equal(drift.length + driftOmitted, all.length)
  })
})
