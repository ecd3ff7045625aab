import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { parse } from 'yaml'
import { validateObject } from '../../../../../reconciler/desired/validate/validate-object.ts'
import { kindInfo } from '../../../../../schemas/kinds.ts'
import { unsupportedFields } from '../../../../../schemas/support.ts'
import { unservedKind } from '../../../../../schemas/unserved-kinds.ts'

type Manifest = { apiVersion: string; kind: string; metadata: { name: string }; spec: unknown }

const folder = join(import.meta.dirname, '../../../../../../shared/upstream')
const skip = existsSync(folder) ? false : 'the upstream examples are not beside this checkout'

/** What is said of each file: a kind that is not run, findings, and fields that are not honoured; nothing where it simply runs. */
const expected: Readonly<Record<string, readonly string[]>> = {
  'kubevirt/cluster-csmall.yaml': ['kind VirtualMachineClusterInstancetype'],
  'kubevirt/example-migration-policy.yaml': ['kind MigrationPolicy'],
  'kubevirt/non-preemtible.yaml': ['kind PriorityClass'],
  'kubevirt/preemtible.yaml': ['kind PriorityClass'],
  'kubevirt/vm-alpine-datavolume.yaml': ['blocks spec.dataVolumeTemplates[0].spec.source.registry'],
  'kubevirt/vm-cirros-clarge-virtio.yaml': [
    'ConflictingFields spec.template.spec.domain.memory.guest',
    'blocks spec.instancetype',
    'ignored spec.preference',
    'blocks spec.template.spec.volumes[0].containerDisk',
  ],
  'kubevirt/vm-cirros-clarge.yaml': [
    'ConflictingFields spec.template.spec.domain.memory.guest',
    'blocks spec.instancetype',
    'blocks spec.template.spec.volumes[0].containerDisk',
  ],
  'kubevirt/vm-cirros-csmall.yaml': [
    'ConflictingFields spec.template.spec.domain.memory.guest',
    'blocks spec.instancetype',
    'blocks spec.template.spec.volumes[0].containerDisk',
  ],
  'kubevirt/vm-cirros-with-sidecar-hook-configmap.yaml': [
    'ignored spec.template.metadata.annotations["hooks.kubevirt.io/hookSidecars"]',
    'blocks spec.template.spec.volumes[0].containerDisk',
  ],
  'kubevirt/vm-pool-cirros.yaml': ['kind VirtualMachinePool'],
  'kubevirt/vm-windows-clarge-windows.yaml': [
    'ConflictingFields spec.template.spec.domain.memory.guest',
    'blocks spec.instancetype',
    'ignored spec.preference',
  ],
  'kubevirt/vmi-arm.yaml': ['kind VirtualMachineInstance', 'blocks spec.template.spec.volumes[0].containerDisk'],
  'kubevirt/vmi-ephemeral.yaml': ['kind VirtualMachineInstance', 'blocks spec.template.spec.volumes[0].containerDisk'],
  'kubevirt/vmi-fedora.yaml': ['kind VirtualMachineInstance', 'blocks spec.template.spec.volumes[0].containerDisk'],
  'kubevirt/vmi-host-disk.yaml': ['kind VirtualMachineInstance'],
  'kubevirt/vmi-masquerade.yaml': [
    'kind VirtualMachineInstance',
    'ignored spec.template.spec.domain.devices.interfaces[0].ports',
    'blocks spec.template.spec.volumes[0].containerDisk',
  ],
  'kubevirt/vmi-multus-multiple-net.yaml': ['kind VirtualMachineInstance', 'blocks spec.template.spec.volumes[0].containerDisk'],
  'kubevirt/vmi-nocloud.yaml': ['kind VirtualMachineInstance', 'blocks spec.template.spec.volumes[0].containerDisk'],
  'kubevirt/vmi-pvc.yaml': ['kind VirtualMachineInstance'],
  'kubevirt/vmi-sata.yaml': ['kind VirtualMachineInstance', 'blocks spec.template.spec.volumes[0].containerDisk'],
  'kubevirt/vmi-sriov.yaml': [
    'kind VirtualMachineInstance',
    'blocks spec.template.spec.domain.devices.interfaces[1].sriov',
    'blocks spec.template.spec.volumes[0].containerDisk',
  ],
  'kubevirt/vmi-windows.yaml': ['kind VirtualMachineInstance'],
  'kubevirt/vmi-with-sidecar-hook.yaml': [
    'kind VirtualMachineInstance',
    'ignored spec.template.metadata.annotations["hooks.kubevirt.io/hookSidecars"]',
    'blocks spec.template.spec.volumes[0].containerDisk',
  ],
  'cdi/cert-configmap.yaml': [],
  'cdi/clone-datavolume.yaml': ['MissingField spec.storage', 'blocks spec.source.pvc'],
  'cdi/example-cdiconfig.yaml': ['kind CDIConfig'],
  'cdi/import-archive-datavolume.yaml': ['blocks spec.contentType'],
  'cdi/import-kubevirt-block-datavolume.yaml': ['blocks spec.storage.volumeMode'],
  'cdi/import-kubevirt-datavolume-gcs.yaml': ['blocks spec.source.gcs'],
  'cdi/import-kubevirt-datavolume-skip-tls.yaml': [],
  'cdi/registry-image-block-datavolume.yaml': ['blocks spec.source.registry', 'blocks spec.storage.volumeMode'],
  'cdi/upload-block-datavolume-token.yaml': ['kind UploadTokenRequest'],
  'cdi/upload-datavolume-token.yaml': ['kind UploadTokenRequest'],
  'cdi/vddk-args-annotation.yaml': [
    'ignored metadata.annotations["cdi.kubevirt.io/storage.pod.vddk.extraargs"]',
    'blocks spec.source.vddk',
  ],
  'cdi/vddk-args-field.yaml': ['blocks spec.source.vddk'],
  'cdi/vm-dv.yaml': [],
  'nmstate/bond.yaml': [],
  'nmstate/dhcp.yaml': [],
  'nmstate/dns.yaml': [],
  'nmstate/linux-bridge-vlan.yaml': [],
  'nmstate/lldp.yaml': [],
  'nmstate/ovs-bridge.yaml': [],
  'nmstate/route.yaml': [],
  'nmstate/vlan.yaml': [],
  'nmstate/worker-selector.yaml': [],
}

/** An instance as the template of a VirtualMachine, so that its fields are checked although its kind is not run. */
function asVirtualMachine(manifest: Manifest): Manifest {
  const { name, ...metadata } = manifest.metadata
  return {
    apiVersion: 'kubevirt.io/v1',
    kind: 'VirtualMachine',
    metadata: { name },
    spec: { runStrategy: 'Always', template: { metadata, spec: manifest.spec } },
  }
}

function verdict(manifest: Manifest): string[] {
  const said: string[] = []
  const unserved = unservedKind(manifest.apiVersion, manifest.kind)
  if (unserved !== undefined) {
    assert.match(unserved.reason, /\.$/)
    said.push(`kind ${manifest.kind}`)
  }
  const object = manifest.kind === 'VirtualMachineInstance' ? asVirtualMachine(manifest) : manifest
  if (kindInfo(object.kind)?.declarable !== true) return said
  for (const finding of validateObject(object.kind, object)) said.push(`${finding.code} ${finding.field}`)
  for (const field of unsupportedFields(object.kind, object)) said.push(`${field.effect} ${field.path}`)
  return said
}

describe('upstream examples', { skip }, () => {
  for (const project of ['kubevirt', 'cdi', 'nmstate']) {
    for (const file of skip === false ? readdirSync(join(folder, project)) : []) {
      const name = `${project}/${file}`
      it(`${name} validates or is reported precisely`, () => {
        assert.ok(expected[name] !== undefined, `say in the table what is expected of ${name}`)
        assert.deepEqual(verdict(parse(readFileSync(join(folder, name), 'utf8')) as Manifest), expected[name])
      })
    }
  }
})
