import type { DataVolume } from '../../../schemas/generated/data-volume.ts'
import type { VirtualMachine, VirtualMachineInstanceSpec, Volume } from '../../../schemas/generated/virtual-machine.ts'
import { builtInStorageClass } from '../../../schemas/provisioners.ts'
import { objectKey } from '../../lib/object-key.ts'
import type { ObjectKey } from '../../lib/object-key.ts'
import type { Pointer } from '../parse/problem.ts'

/** One object that another one names. */
export type Reference = {
  readonly key: ObjectKey
  /** The field that names it. */
  readonly pointer: Pointer
  /** True: the object works without it. */
  readonly optional: boolean
}

type Found = { readonly kind: string; readonly name: string | undefined; readonly path: Pointer; readonly optional?: boolean | undefined }

function toReferences(found: readonly Found[], namespace: string, base: Pointer): Reference[] {
  const references: Reference[] = []
  for (const { kind, name, path, optional } of found) {
    if (name === undefined || name === '') continue
    const key = objectKey(kind, kind === 'StorageClass' ? '' : namespace, name)
    references.push({ key, pointer: [...base, ...path], optional: optional ?? false })
  }
  return references
}

/** Secrets, ConfigMaps and DataVolumes that a VirtualMachine names, all in its own namespace. A claim is a DataVolume's here. */
export function machineReferences(vm: VirtualMachine, namespace: string): Reference[] {
  const spec = vm.spec.template.spec
  if (spec === undefined) return []
  const base: Pointer = ['spec', 'template', 'spec']
  const fromVolumes = (spec.volumes ?? []).flatMap((volume, index) =>
    toReferences(volumeNames(volume), namespace, [...base, 'volumes', index]),
  )
  return [...fromVolumes, ...toReferences(instanceNames(spec), namespace, base)]
}

function volumeNames(volume: Volume): Found[] {
  const cloudInits = (['cloudInitNoCloud', 'cloudInitConfigDrive'] as const).flatMap((form): Found[] => [
    { kind: 'Secret', name: volume[form]?.secretRef?.name, path: [form, 'secretRef', 'name'] },
    { kind: 'Secret', name: volume[form]?.networkDataSecretRef?.name, path: [form, 'networkDataSecretRef', 'name'] },
  ])
  const ephemeral = volume.ephemeral?.persistentVolumeClaim
  return [
    { kind: 'DataVolume', name: volume.dataVolume?.name, path: ['dataVolume', 'name'] },
    { kind: 'DataVolume', name: volume.persistentVolumeClaim?.claimName, path: ['persistentVolumeClaim', 'claimName'] },
    { kind: 'DataVolume', name: ephemeral?.claimName, path: ['ephemeral', 'persistentVolumeClaim', 'claimName'] },
    { kind: 'DataVolume', name: volume.memoryDump?.claimName, path: ['memoryDump', 'claimName'] },
    { kind: 'Secret', name: volume.secret?.secretName, path: ['secret', 'secretName'], optional: volume.secret?.optional },
    { kind: 'ConfigMap', name: volume.configMap?.name, path: ['configMap', 'name'], optional: volume.configMap?.optional },
    { kind: 'ConfigMap', name: volume.sysprep?.configMap?.name, path: ['sysprep', 'configMap', 'name'] },
    { kind: 'Secret', name: volume.sysprep?.secret?.name, path: ['sysprep', 'secret', 'name'] },
    { kind: 'Secret', name: volume.containerDisk?.imagePullSecret, path: ['containerDisk', 'imagePullSecret'] },
    ...cloudInits,
  ]
}

function instanceNames(spec: VirtualMachineInstanceSpec): Found[] {
  const kernel = ['domain', 'firmware', 'kernelBoot', 'container', 'imagePullSecret']
  const credentials = (spec.accessCredentials ?? []).flatMap((entry, index) =>
    (['sshPublicKey', 'userPassword'] as const).map((form): Found => {
      const path = ['accessCredentials', index, form, 'source', 'secret', 'secretName']
      return { kind: 'Secret', name: entry[form]?.source.secret?.secretName, path }
    }),
  )
  const utilities = (spec.utilityVolumes ?? []).map((volume, index): Found => {
    return { kind: 'DataVolume', name: volume.claimName, path: ['utilityVolumes', index, 'claimName'] }
  })
  return [
    { kind: 'Secret', name: spec.domain.firmware?.kernelBoot?.container?.imagePullSecret, path: kernel },
    ...credentials,
    ...utilities,
  ]
}

/** The built-in class works undeclared, and yet what is declared under its name is a reference. */
function storageClass(name: string | undefined, form: 'storage' | 'pvc'): Found {
  return { kind: 'StorageClass', name, path: [form, 'storageClassName'], optional: name === builtInStorageClass }
}

/** The storage class, Secrets, ConfigMaps and the clone's source that a DataVolume names. `base` is where its spec stands. */
export function volumeReferences(volume: DataVolume, namespace: string, base: Pointer = ['spec']): Reference[] {
  const { source = {}, storage, pvc } = volume.spec
  const found: Found[] = [storageClass(storage?.storageClassName, 'storage'), storageClass(pvc?.storageClassName, 'pvc')]
  for (const form of ['http', 'registry', 'imageio', 's3', 'vddk'] as const) {
    found.push({ kind: 'Secret', name: source[form]?.secretRef, path: ['source', form, 'secretRef'] })
    found.push({ kind: 'ConfigMap', name: source[form]?.certConfigMap, path: ['source', form, 'certConfigMap'] })
  }
  found.push({ kind: 'Secret', name: source.gcs?.secretRef, path: ['source', 'gcs', 'secretRef'] })
  const headers = source.http?.secretExtraHeaders ?? []
  headers.forEach((name, index) => found.push({ kind: 'Secret', name, path: ['source', 'http', 'secretExtraHeaders', index] }))
  const clone = toReferences(
    [{ kind: 'DataVolume', name: source.pvc?.name, path: ['source', 'pvc', 'name'] }],
    source.pvc?.namespace || namespace,
    base,
  )
  return [...toReferences(found, namespace, base), ...clone]
}
