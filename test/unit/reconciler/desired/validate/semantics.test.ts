import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { validateObject } from '../../../../../reconciler/desired/validate/validate-object.ts'
import { at, dataVolume, guestOf, virtualMachine, type AnyObject } from './fixtures.ts'

type Case = readonly [outcome: string, change: (vm: AnyObject) => void, expected: readonly string[]]

const guest = 'spec.template.spec'
const domain = `${guest}.domain`

const cases: readonly Case[] = [
  ['refuses running beside runStrategy', (vm) => (at(vm, 'spec')['running'] = true), ['ConflictingFields spec.running']],
  ['asks for a run strategy', (vm) => delete at(vm, 'spec')['runStrategy'], ['MissingField spec.runStrategy']],
  ['takes the deprecated running', (vm) => (vm['spec'] = { ...at(vm, 'spec'), runStrategy: undefined, running: false }), []],
  ['refuses generateName', (vm) => (vm['metadata'] = { generateName: 'web-' }), ['MissingField metadata.name']],
  ['asks for memory', (vm) => delete at(guestOf(vm), 'domain')['memory'], [`MissingField ${domain}.memory.guest`]],
  [
    'takes memory from requests',
    (vm) => Object.assign(at(guestOf(vm), 'domain'), { memory: undefined, resources: { requests: { memory: '64M' } } }),
    [],
  ],
  [
    'refuses memory beside an instance type',
    (vm) => (at(vm, 'spec')['instancetype'] = { name: 'small' }),
    [`ConflictingFields ${domain}.memory.guest`],
  ],
  [
    'refuses memory above its limit',
    (vm) => (at(guestOf(vm), 'domain')['resources'] = { limits: { memory: '1Gi' } }),
    [`InvalidValue ${domain}.memory.guest`],
  ],
  [
    'refuses a request above its limit',
    (vm) => (at(guestOf(vm), 'domain')['resources'] = { requests: { cpu: 2 }, limits: { cpu: '1500m' } }),
    [`InvalidValue ${domain}.resources.requests.cpu`],
  ],
  [
    'refuses memory that does not fill its pages',
    (vm) => (at(guestOf(vm), 'domain')['memory'] = { guest: '3Gi', hugepages: { pageSize: '2Gi' } }),
    [`InvalidValue ${domain}.memory.guest`],
  ],
  [
    'refuses two disks of one name',
    (vm) => (at(guestOf(vm), 'domain', 'devices')['disks'] = [{ name: 'root' }, { name: 'root' }]),
    [`DuplicateName ${domain}.devices.disks[1].name`],
  ],
  [
    'refuses a disk without a volume',
    (vm) => (at(guestOf(vm), 'domain', 'devices', 'disks', 0)['name'] = 'data'),
    [`MissingReference ${domain}.devices.disks[0].name`],
  ],
  ['takes a volume without a disk', (vm) => (at(guestOf(vm), 'domain', 'devices')['disks'] = []), []],
  ['takes an empty CD-ROM drive', (vm) => (at(guestOf(vm), 'domain', 'devices', 'disks', 1)['name'] = 'tray'), []],
  [
    'refuses a disk that is a CD-ROM too',
    (vm) => (at(guestOf(vm), 'domain', 'devices', 'disks', 0)['cdrom'] = {}),
    [`ConflictingFields ${domain}.devices.disks[0].cdrom`],
  ],
  [
    'refuses a LUN on cloud-init data',
    (vm) => (at(guestOf(vm), 'domain', 'devices')['disks'] = [{ name: 'seed', lun: {} }]),
    [`ConflictingFields ${domain}.devices.disks[0].lun`],
  ],
  [
    'refuses a boot order that is taken',
    (vm) => (at(guestOf(vm), 'domain', 'devices', 'interfaces', 0)['bootOrder'] = 1),
    [`DuplicateName ${domain}.devices.interfaces[0].bootOrder`],
  ],
  [
    'refuses a boot order of zero',
    (vm) => (at(guestOf(vm), 'domain', 'devices', 'disks', 0)['bootOrder'] = 0),
    [`InvalidValue ${domain}.devices.disks[0].bootOrder`],
  ],
  [
    'refuses a volume with two sources',
    (vm) => (at(guestOf(vm), 'volumes', 0)['emptyDisk'] = { capacity: '1Gi' }),
    [`ConflictingFields ${guest}.volumes[0].emptyDisk`],
  ],
  [
    'refuses a volume without a source',
    (vm) => (guestOf(vm)['volumes'] = [{ name: 'root' }, at(guestOf(vm), 'volumes', 1)]),
    [`MissingField ${guest}.volumes[0]`],
  ],
  [
    'refuses user data given twice',
    (vm) => (at(guestOf(vm), 'volumes', 1, 'cloudInitNoCloud')['secretRef'] = { name: 'user' }),
    [`ConflictingFields ${guest}.volumes[1].cloudInitNoCloud.secretRef`],
  ],
  [
    'refuses cloud-init without data',
    (vm) => (at(guestOf(vm), 'volumes', 1)['cloudInitNoCloud'] = {}),
    [`MissingField ${guest}.volumes[1].cloudInitNoCloud`],
  ],
  [
    'refuses a hostDisk that climbs',
    (vm) =>
      (guestOf(vm)['volumes'] = [{ name: 'root', hostDisk: { path: '/data/../etc/shadow', type: 'Disk' } }, at(guestOf(vm), 'volumes', 1)]),
    [`InvalidValue ${guest}.volumes[0].hostDisk.path`],
  ],
  [
    'refuses an interface without its network and a network without its interface',
    (vm) => (at(guestOf(vm), 'networks', 0)['name'] = 'lan'),
    [`MissingReference ${domain}.devices.interfaces[0].name`, `MissingReference ${guest}.networks[0].name`],
  ],
  [
    'refuses an interface without a binding',
    (vm) => delete at(guestOf(vm), 'domain', 'devices', 'interfaces', 0)['masquerade'],
    [`MissingField ${domain}.devices.interfaces[0]`],
  ],
  [
    'refuses masquerade on a bridge network',
    (vm) => (guestOf(vm)['networks'] = [{ name: 'default', multus: { networkName: 'br1' } }]),
    [`ConflictingFields ${domain}.devices.interfaces[0].masquerade`],
  ],
  [
    'says that an empty pod is not there',
    (vm) => (guestOf(vm)['networks'] = [{ name: 'default', pod: null }]),
    [`ConflictingFields ${domain}.devices.interfaces[0].masquerade`, `MissingField ${guest}.networks[0].pod`],
  ],
  [
    'refuses Secure Boot without SMM',
    (vm) => (at(guestOf(vm), 'domain')['firmware'] = { bootloader: { efi: {} } }),
    [`ConflictingFields ${domain}.firmware.bootloader.efi`],
  ],
  ['takes EFI without Secure Boot', (vm) => (at(guestOf(vm), 'domain')['firmware'] = { bootloader: { efi: { secureBoot: false } } }), []],
  [
    'refuses a probe with two handlers',
    (vm) => (guestOf(vm)['livenessProbe'] = { guestAgentPing: {}, tcpSocket: { port: 22 } }),
    [`ConflictingFields ${guest}.livenessProbe.guestAgentPing`],
  ],
  [
    'refuses a disk template that no volume uses',
    (vm) => (at(vm, 'spec')['dataVolumeTemplates'] = [{ metadata: { name: 'other' }, spec: blank('1Gi') }]),
    ['MissingReference spec.dataVolumeTemplates[0].metadata.name'],
  ],
  [
    'checks the disk of a template',
    (vm) => (at(vm, 'spec')['dataVolumeTemplates'] = [{ metadata: { name: 'web-root' }, spec: blank('1Ki') }]),
    ['InvalidValue spec.dataVolumeTemplates[0].spec.storage.resources.requests.storage'],
  ],
]

function blank(size: string): AnyObject {
  return { source: { blank: {} }, storage: { resources: { requests: { storage: size } } } }
}

function told(kind: string, object: AnyObject): string[] {
  return validateObject(kind, object)
    .map((finding) => `${finding.code} ${finding.field}`)
    .toSorted()
}

describe('rules of a VirtualMachine', () => {
  for (const [outcome, change, expected] of cases) {
    it(outcome, () => {
      assert.deepEqual(
        told(
          'VirtualMachine',
          virtualMachine((vm) => {
            change(vm)
          }),
        ),
        expected.toSorted(),
      )
    })
  }
})

const size = { resources: { requests: { storage: '1Gi' } } }
const http = { http: { url: 'https://images.example.com/a.qcow2' } }

describe('rules of a DataVolume', () => {
  const rows: readonly (readonly [string, AnyObject, readonly string[]])[] = [
    ['takes storage with a source', { source: http, storage: size }, []],
    ['takes pvc with an access mode', { source: http, pvc: { accessModes: ['ReadWriteOnce'], ...size } }, []],
    ['asks for an access mode in pvc', { source: http, pvc: size }, ['MissingField spec.pvc.accessModes']],
    [
      'refuses pvc beside storage',
      { source: http, pvc: { accessModes: ['ReadWriteOnce'], ...size }, storage: size },
      ['ConflictingFields spec.storage'],
    ],
    ['asks for pvc or storage', { source: http }, ['MissingField spec']],
    ['asks for a source', { storage: size }, ['MissingField spec']],
    ['refuses two sources', { source: { ...http, blank: {} }, storage: size }, ['ConflictingFields spec.source.http']],
    ['asks for a size', { source: http, storage: {} }, ['MissingField spec.storage']],
    ['takes a clone without a size', { source: { pvc: { name: 'a', namespace: 'b' } }, storage: {} }, []],
    [
      'refuses less than one MiB',
      { source: http, storage: { resources: { requests: { storage: '1000Ki' } } } },
      ['InvalidValue spec.storage.resources.requests.storage'],
    ],
    [
      'refuses a malformed size',
      { source: http, storage: { resources: { requests: { storage: '10 GB' } } } },
      ['InvalidValue spec.storage.resources.requests.storage'],
    ],
    ['refuses a blank archive', { source: { blank: {} }, contentType: 'archive', storage: size }, ['ConflictingFields spec.contentType']],
    [
      'refuses a checksum of the wrong length',
      { source: { http: { url: 'http://a.example/x', checksum: 'sha256:abc' } }, storage: size },
      ['InvalidValue spec.source.http.checksum'],
    ],
    [
      'refuses an address that is not HTTP',
      { source: { http: { url: 'file:///etc/shadow' } }, storage: size },
      ['InvalidValue spec.source.http.url'],
    ],
  ]
  for (const [outcome, spec, expected] of rows) {
    it(outcome, () => assert.deepEqual(told('DataVolume', dataVolume(spec)), expected))
  }
})

describe('rules of the other kinds', () => {
  const storageClass = (parameters: AnyObject): AnyObject => ({
    apiVersion: 'storage.k8s.io/v1',
    kind: 'StorageClass',
    metadata: { name: 'fast' },
    provisioner: 'gitvirt.io/dir',
    parameters,
  })

  it('takes a folder and a format', () => {
    assert.deepEqual(told('StorageClass', storageClass({ path: '/srv/disks', format: 'raw' })), [])
  })

  it('refuses unknown parameters, relative folders and other formats', () => {
    assert.deepEqual(told('StorageClass', storageClass({ pth: '/a', path: '/a/../b', format: 'vmdk' })), [
      'InvalidValue parameters.format',
      'InvalidValue parameters.path',
      'UnknownField parameters.pth',
    ])
  })

  it('refuses a taint that is there twice', () => {
    const taint = { key: 'a', effect: 'NoSchedule' }
    const node = { apiVersion: 'v1', kind: 'Node', metadata: { name: 'h1' }, spec: { taints: [taint, taint] } }
    assert.deepEqual(told('Node', node), ['DuplicateName spec.taints[1]'])
  })

  it('refuses a key in data and binaryData', () => {
    const map = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'm' }, data: { a: 'x' }, binaryData: { a: 'eA==' } }
    assert.deepEqual(told('ConfigMap', map), ['DuplicateName binaryData.a'])
  })

  it('finds a misspelt section of a network policy', () => {
    const policy = {
      apiVersion: 'nmstate.io/v1alpha1',
      kind: 'NodeNetworkConfigurationPolicy',
      metadata: { name: 'bond' },
      spec: { desiredState: { interface: [] } },
    }
    const [finding] = validateObject('NodeNetworkConfigurationPolicy', policy)
    assert.equal(finding?.action, 'Did you mean "interfaces"?')
  })

  it('takes a namespace with nothing but a name', () => {
    assert.deepEqual(told('Namespace', { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'prod' } }), [])
  })
})
