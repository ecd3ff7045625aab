import assert from 'node:assert/strict'
import { it } from 'node:test'
import * as fc from 'fast-check'
import { imageWork, poolFolder, poolUuid, poolXml, volumeBase } from '../../../../../agent/drivers/storage/render.ts'
import type { VolumeSpec } from '../../../../../schemas/generated/plan.ts'

const name = fc.stringMatching(/^[a-z0-9]([a-z0-9.-]{0,80}[a-z0-9])?$/)

it('gives every volume a file name of its own that no folder can be left by', () => {
  fc.assert(
    fc.property(name, name, name, name, (a, b, c, d) => {
      const [left, right] = [volumeBase(a, b), volumeBase(c, d)]
      assert.equal(left === right, a === c && b === d)
      assert.match(left, /^gitvirt_[a-z0-9._-]{1,200}$/)
    }),
  )
})

it('refuses names that are not DNS names', () => {
  for (const bad of ['', '..', 'a/b', '-x', 'A', 'a_b', 'a\n', 'a'.repeat(300)]) {
    assert.throws(() => volumeBase('demo', bad), { code: 'InvalidName' }, JSON.stringify(bad))
  }
})

it('puts the default pool beside the state folder, where QEMU may go', () => {
  assert.equal(
    poolFolder({ name: 'default', type: 'dir', path: '', format: 'qcow2' }, '/var/lib/gitvirt/agent'),
    '/var/lib/gitvirt/pools/default',
  )
  assert.equal(poolFolder({ name: 'fast', type: 'dir', path: '/srv/fast/', format: 'raw' }, '/x/agent'), '/srv/fast')
})

it('refuses pools whose path or name could lead elsewhere', () => {
  for (const [poolName, path] of [
    ['../x', ''],
    ['--all', ''],
    ['a', 'relative'],
    ['a', '/srv/../etc'],
    ['a', '/srv\n'],
  ] as const) {
    assert.throws(
      () => poolFolder({ name: poolName, type: 'dir', path, format: 'raw' }, '/x/agent'),
      { code: 'InvalidPool' },
      `${poolName} ${path}`,
    )
  }
})

it('escapes what stands in the pool XML', () => {
  assert.equal(
    poolXml('a', '/srv/<&>'),
    `<pool type="dir"><name>a</name><uuid>${poolUuid('a')}</uuid><target><path>/srv/&lt;&amp;&gt;</path></target></pool>`,
  )
})

it('names what this host cannot serve', () => {
  const work = (spec: VolumeSpec['spec']) => () => imageWork({ spec, key: 'DataVolume/d/x' } as VolumeSpec)
  assert.deepEqual(work({ source: { blank: {} } })(), { kind: 'blank' })
  assert.throws(work({ source: { http: { url: 'http://x' } }, contentType: 'archive' }), { code: 'UnsupportedContentType', terminal: true })
  assert.throws(work({ source: { s3: { url: 's3://x' } } }), { code: 'UnsupportedSource', message: /s3/ })
  assert.throws(work({ sourceRef: { kind: 'DataSource', name: 'x' } }), { code: 'UnsupportedSource', message: /sourceRef/ })
  assert.throws(work({ source: { blank: {} }, pvc: { volumeMode: 'Block' } }), { code: 'UnsupportedVolumeMode' })
})
