import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { judgeBlob } from '../../../../../reconciler/desired/judge/judge-blob.ts'
import type { DataVolume } from '../../../../../schemas/generated/data-volume.ts'
import type { VirtualMachine } from '../../../../../schemas/generated/virtual-machine.ts'

const machineOf = (object: object | undefined): VirtualMachine => (object ?? assert.fail()) as VirtualMachine
const judge = (text: string) => judgeBlob(new TextEncoder().encode(text))

const minimal = `apiVersion: kubevirt.io/v1alpha3
kind: VirtualMachine
metadata:
  name: web
spec:
  running: true
  dataVolumeTemplates:
    - apiVersion: cdi.kubevirt.io/v1alpha1
      kind: DataVolume
      metadata:
        name: web-root
        creationTimestamp: null
      spec:
        source: {blank: {}}
        storage:
          storageClassName: fast
          resources: {requests: {storage: 1Gi}}
  template:
    spec:
      domain:
        resources:
          requests: {memory: 1G, cpu: 1500m}
        devices: {}
      volumes:
        - name: root
          dataVolume: {name: web-root}
        - name: init
          cloudInitNoCloud: {secretRef: {name: web-init}}
`

describe('judgeBlob', () => {
  it('converts, defaults and expands a virtual machine', () => {
    const { objects, problems, broken } = judge(minimal)
    assert.deepEqual(problems, [])
    assert.equal(broken, false)
    assert.deepEqual(
      objects.map(({ key }) => key),
      ['VirtualMachine/default/web', 'DataVolume/default/web-root'],
    )
    const vm = machineOf(objects[0]?.object)
    assert.equal(vm.apiVersion, 'kubevirt.io/v1')
    assert.equal(vm.metadata.namespace, 'default')
    assert.equal(vm.spec.runStrategy, 'Always')
    assert.equal('running' in vm.spec, false)
    const spec = vm.spec.template.spec
    assert.equal(spec?.terminationGracePeriodSeconds, 30)
    assert.deepEqual(spec?.domain.machine, { type: 'q35' })
    assert.deepEqual(spec?.domain.cpu, { model: 'host-model', cores: 1, sockets: 2, threads: 1 })
    assert.deepEqual(spec?.domain.memory, { guest: '1G' })
    assert.deepEqual(spec?.domain.devices.disks, [
      { name: 'root', disk: { bus: 'sata' } },
      { name: 'init', disk: { bus: 'sata' } },
    ])
    assert.deepEqual(spec?.networks, [{ name: 'default', pod: {} }])
    assert.deepEqual(spec?.domain.devices.interfaces, [{ name: 'default', bridge: {}, model: 'virtio' }])
  })

  it('makes the template’s volume an object of its own, with owner, defaults and references', () => {
    const [vm, volume] = judge(minimal).objects
    assert.equal(volume?.ownerKey, 'VirtualMachine/default/web')
    const { spec, metadata, apiVersion } = (volume ?? assert.fail()).object as unknown as DataVolume
    assert.equal(apiVersion, 'cdi.kubevirt.io/v1beta1')
    assert.deepEqual(metadata, { name: 'web-root', namespace: 'default' })
    assert.equal(spec.contentType, 'kubevirt')
    assert.deepEqual(spec.storage?.accessModes, ['ReadWriteOnce'])
    assert.equal(spec.storage?.volumeMode, 'Filesystem')
    assert.deepEqual(volume?.references, [
      { key: 'StorageClass//fast', field: 'spec.dataVolumeTemplates[0].spec.storage.storageClassName', line: 16, column: 11 },
    ])
    assert.deepEqual(
      vm?.references.map(({ key, line }) => `${key}:${line}`),
      ['DataVolume/default/web-root:26', 'Secret/default/web-init:28'],
    )
  })

  it('honours autoattachPodInterface: false and explicit values', () => {
    const { objects } = judge(
      minimal.replace('devices: {}', 'devices: {autoattachPodInterface: false, disks: [{name: root, disk: {bus: virtio}}]}'),
    )
    const spec = machineOf(objects[0]?.object).spec.template.spec
    assert.equal(spec?.networks, undefined)
    assert.deepEqual(spec?.domain.devices.disks?.[0], { name: 'root', disk: { bus: 'virtio' } })
  })

  it('translates an old network policy and tells so', () => {
    const [policy] = judge(
      'apiVersion: nmstate.io/v1alpha1\nkind: NodeNetworkConfigurationPolicy\nmetadata: {name: b}\nspec:\n  desiredState:\n    interfaces:\n      - {name: bond1, type: bond, state: up, link-aggregation: {mode: balance-alb, slaves: [eth2]}}\n',
    ).objects
    assert.equal(policy?.object['apiVersion'], 'nmstate.io/v1')
    assert.match(policy?.notes?.[0] ?? '', /slaves/)
    assert.match(JSON.stringify(policy?.object), /"port":\["eth2"\]/)
  })

  it('opens Lists and tells the place of each item', () => {
    const item = (name: string) => `  - {apiVersion: v1, kind: ConfigMap, metadata: {name: ${name}}}\n`
    const { objects } = judge(`apiVersion: v1\nkind: List\nitems:\n${item('a')}${item('b')}`)
    assert.deepEqual(
      objects.map(({ key, line, column }) => [key, line, column]),
      [
        ['ConfigMap/default/a', 4, 5],
        ['ConfigMap/default/b', 5, 5],
      ],
    )
  })

  it('reports every fault of an object with its place, and claims its keys', () => {
    const { objects, problems, invalid, broken } = judge(
      minimal.replace('storageClassName: fast', 'storageClasName: fast').replace('      domain:\n', '      domian: {}\n      domain:\n'),
    )
    assert.deepEqual(objects, [])
    assert.equal(broken, true)
    assert.deepEqual(
      invalid.map(({ key }) => key),
      ['VirtualMachine/default/web', 'DataVolume/default/web-root'],
    )
    assert.deepEqual(problems.map(({ code, line, column }) => `${code}:${line}:${column}`).sort(), [
      'UnknownField:16:11',
      'UnknownField:20:7',
    ])
    assert.ok(problems.every(({ object, action }) => object === 'VirtualMachine/default/web' && action !== undefined))
  })

  it('advises on a volumeName that cannot be converted', () => {
    const { problems } = judge(minimal.replace('devices: {}', 'devices: {disks: [{name: root, disk: {bus: virtio, volumeName: root}}]}'))
    assert.match(problems[0]?.action ?? '', /the name of its volume/)
  })

  it('warns of kinds that are not run and of files that are no manifests, and goes on', () => {
    const { problems, broken, objects } = judge(
      'resources: [a.yaml]\n---\napiVersion: apps/v1\nkind: Deployment\nmetadata: {name: x}\n---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\n',
    )
    assert.deepEqual(
      problems.map(({ severity, code, line }) => `${severity} ${code} ${line}`),
      ['warning NotAManifest 1', 'warning UnsupportedKind 4'],
    )
    assert.equal(broken, false)
    assert.equal(objects.length, 1)
  })

  it('refuses misspelt kinds and versions that never were', () => {
    const codes = (text: string) => judge(text).problems.map(({ severity, code, action }) => `${severity} ${code} ${action}`)
    assert.deepEqual(codes('apiVersion: kubevirt.io/v1\nkind: VirtualMachin\n'), ['error UnknownKind Did you mean VirtualMachine?'])
    assert.match(codes('apiVersion: kubevirt.io/v9\nkind: VirtualMachine\n')[0] ?? '', /error UnsupportedVersion Write kubevirt.io\/v1/)
    assert.match(codes('apiVersion: v1\nkind: VirtualMachine\n')[0] ?? '', /error UnknownKind Write kubevirt.io\/v1/)
    assert.match(codes('kind: VirtualMachine\n')[0] ?? '', /error MissingField/)
  })

  it('is JSON data: a cache gives back exactly what was put in', () => {
    const blob = judge(minimal)
    assert.deepEqual(JSON.parse(JSON.stringify(blob)), blob)
  })
})
