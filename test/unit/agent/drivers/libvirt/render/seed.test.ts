import assert from 'node:assert/strict'
import { lstat, mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { writeIso } from '../../../../../../agent/drivers/libvirt/apply/iso.ts'
import { mediumOf } from '../../../../../../agent/drivers/libvirt/render/seed.ts'
import { run } from '../../../../../../reconciler/lib/exec.ts'
import { errorCode } from '../../../../../../reconciler/lib/errors.ts'
import type { Volume } from '../../../../../../schemas/generated/virtual-machine.ts'
import { machineWith } from '../machine.ts'

const base64 = (text: string): string => Buffer.from(text).toString('base64')
const data = {
  secrets: {
    'Secret/test/ci': { userdata: base64('#cloud-config\nsecret: yes\n') },
    'Secret/test/net': { networkdata: base64('version: 2\n') },
    'Secret/test/keys': { key1: base64('ssh-ed25519 AAAA one\n# no key\n') },
  },
  configMaps: { 'ConfigMap/test/conf': { 'app.conf': base64('a=1\n') } },
}
const textOf = (volume: Volume, name: string, change?: Parameters<typeof machineWith>[0]): string | undefined => {
  const content = mediumOf(machineWith(change), volume, data)?.files.get(name)
  return content === undefined ? undefined : Buffer.from(content).toString()
}

describe('mediumOf', () => {
  it('gives NoCloud a stable instance id and the host name', () => {
    const volume: Volume = { name: 'seed', cloudInitNoCloud: { userData: '#cloud-config\n' } }
    assert.equal(mediumOf(machineWith(), volume, data)?.label, 'cidata')
    assert.deepEqual(JSON.parse(textOf(volume, 'meta-data') ?? ''), {
      'instance-id': '11111111-1111-5111-8111-111111111111',
      'local-hostname': 'a',
    })
    assert.equal(textOf(volume, 'user-data'), '#cloud-config\n')
    assert.equal(textOf(volume, 'network-config'), undefined)
    assert.match(textOf(volume, 'meta-data', (spec) => (spec.hostname = 'named')) ?? '', /"named"/)
  })

  it('reads user data and network data from Secrets, and SSH keys', () => {
    const volume: Volume = { name: 'seed', cloudInitNoCloud: { secretRef: { name: 'ci' }, networkDataSecretRef: { name: 'net' } } }
    assert.match(textOf(volume, 'user-data') ?? '', /secret: yes/)
    assert.equal(textOf(volume, 'network-config'), 'version: 2\n')
    const withKeys = textOf(volume, 'meta-data', (spec) => {
      spec.accessCredentials = [{ sshPublicKey: { source: { secret: { secretName: 'keys' } }, propagationMethod: { noCloud: {} } } }]
    })
    assert.deepEqual((JSON.parse(withKeys ?? '') as Record<string, unknown>)['public-keys'], ['ssh-ed25519 AAAA one'])
  })

  it('lays a ConfigDrive out as cloud-init looks for it', () => {
    const volume: Volume = { name: 'seed', cloudInitConfigDrive: { userDataBase64: base64('hi'), networkData: '{}' } }
    const medium = mediumOf(machineWith(), volume, data)
    assert.equal(medium?.label, 'config-2')
    assert.deepEqual(
      [...(medium?.files.keys() ?? [])],
      ['openstack/latest/meta_data.json', 'openstack/latest/user_data', 'openstack/latest/network_data.json'],
    )
    assert.equal(textOf(volume, 'openstack/latest/user_data'), 'hi')
  })

  it('names a Secret that is missing, unless it is optional', () => {
    assert.throws(() => mediumOf(machineWith(), { name: 's', secret: { secretName: 'none' } }, data), { code: 'InputMissing' })
    assert.equal(mediumOf(machineWith(), { name: 's', secret: { secretName: 'none', optional: true } }, data)?.files.size, 0)
  })

  it('refuses data keys that lead out of the medium, bad base64, and too much', () => {
    const hostile = { ...data, configMaps: { 'ConfigMap/test/x': { '../evil': '' } } }
    assert.throws(() => mediumOf(machineWith(), { name: 'c', configMap: { name: 'x' } }, hostile), { code: 'InvalidMachine' })
    assert.throws(() => mediumOf(machineWith(), { name: 's', cloudInitNoCloud: { userDataBase64: '§' } }, data), { code: 'InvalidMachine' })
    assert.throws(() => mediumOf(machineWith(), { name: 's', cloudInitNoCloud: { userData: 'x'.repeat(5 << 20) } }, data), {
      code: 'InvalidMachine',
    })
  })

  it('has no medium for other volumes', () => {
    assert.equal(mediumOf(machineWith(), { name: 'root', dataVolume: { name: 'root' } }, data), undefined)
  })
})

describe('writeIso', () => {
  let folder: string
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'gv-iso-'))
  })
  afterEach(async () => await rm(folder, { recursive: true, force: true }))

  it('makes an image that a real tool reads, with mode 0600, and leaves nothing else', async (context) => {
    const medium = mediumOf(machineWith(), { name: 'seed', cloudInitNoCloud: { userData: '#cloud-config\nx: 1\n' } }, data)
    assert.ok(medium !== undefined)
    const path = join(folder, 'seed.iso')
    try {
      await writeIso(medium, path)
      await writeIso(medium, path)
      const { stdout } = await run('isoinfo', ['-i', path, '-R', '-x', '/user-data'])
      assert.equal(stdout, '#cloud-config\nx: 1\n')
      assert.match((await run('isoinfo', ['-d', '-i', path])).stdout, /Volume id: cidata/)
    } catch (error) {
      if (errorCode(error) !== 'CommandNotFound') throw error
      context.skip('neither genisoimage with isoinfo nor xorriso is installed')
      return
    }
    assert.equal((await lstat(path)).mode & 0o777, 0o600)
    assert.deepEqual(await readdir(folder), ['seed.iso'])
  })
})
