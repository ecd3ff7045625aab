import type { DataVolume } from '../../../schemas/generated/data-volume.ts'
import type { VirtualMachine, VirtualMachineInstanceSpec, Volume } from '../../../schemas/generated/virtual-machine.ts'
import { builtInStorageClass } from '../../../schemas/provisioners.ts'
import { ofFrozen } from '../../lib/frozen.ts'
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

/** What a volume of each form names. A Map, so that a volume's own keys can be looked up. */
const volumeForms: ReadonlyMap<string, (volume: Volume) => readonly Found[]> = new Map([
  ['dataVolume', ({ dataVolume }) => [{ kind: 'DataVolume', name: dataVolume?.name, path: ['dataVolume', 'name'] }]],
  [
    'persistentVolumeClaim',
    ({ persistentVolumeClaim: claim }) => [{ kind: 'DataVolume', name: claim?.claimName, path: ['persistentVolumeClaim', 'claimName'] }],
  ],
  [
    'ephemeral',
    ({ ephemeral }) => {
      const name = ephemeral?.persistentVolumeClaim?.claimName
      return [{ kind: 'DataVolume', name, path: ['ephemeral', 'persistentVolumeClaim', 'claimName'] }]
    },
  ],
  ['memoryDump', ({ memoryDump }) => [{ kind: 'DataVolume', name: memoryDump?.claimName, path: ['memoryDump', 'claimName'] }]],
  ['secret', ({ secret }) => [{ kind: 'Secret', name: secret?.secretName, path: ['secret', 'secretName'], optional: secret?.optional }]],
  [
    'configMap',
    ({ configMap }) => [{ kind: 'ConfigMap', name: configMap?.name, path: ['configMap', 'name'], optional: configMap?.optional }],
  ],
  [
    'sysprep',
    ({ sysprep }) => [
      { kind: 'ConfigMap', name: sysprep?.configMap?.name, path: ['sysprep', 'configMap', 'name'] },
      { kind: 'Secret', name: sysprep?.secret?.name, path: ['sysprep', 'secret', 'name'] },
    ],
  ],
  [
    'containerDisk',
    ({ containerDisk }) => [{ kind: 'Secret', name: containerDisk?.imagePullSecret, path: ['containerDisk', 'imagePullSecret'] }],
  ],
  ...(['cloudInitNoCloud', 'cloudInitConfigDrive'] as const).map(
    (form) => [form, (volume: Volume) => cloudInitNames(volume, form)] as const,
  ),
])

function cloudInitNames(volume: Volume, form: 'cloudInitNoCloud' | 'cloudInitConfigDrive'): Found[] {
  return [
    { kind: 'Secret', name: volume[form]?.secretRef?.name, path: [form, 'secretRef', 'name'] },
    { kind: 'Secret', name: volume[form]?.networkDataSecretRef?.name, path: [form, 'networkDataSecretRef', 'name'] },
  ]
}

/** By the volume's own keys: it has one form of many. */
function volumeNames(volume: Volume): Found[] {
  return Object.keys(volume).flatMap((key) => volumeForms.get(key)?.(volume) ?? [])
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
  const { own, clone } = namesOf(volume.spec)
  const cloneNamespace = volume.spec.source?.pvc?.namespace || namespace
  return [...toReferences(own, namespace, base), ...toReferences(clone, cloneNamespace, base)]
}

/** The names in a spec that is shared by many volumes are looked for once. */
const namesOf = ofFrozen(
  ({ source = {}, storage, pvc }: DataVolume['spec']): { readonly own: readonly Found[]; readonly clone: readonly Found[] } => {
    const found: Found[] = [storageClass(storage?.storageClassName, 'storage'), storageClass(pvc?.storageClassName, 'pvc')]
    for (const form of ['http', 'registry', 'imageio', 's3', 'vddk'] as const) {
      if (source[form] === undefined) continue
      found.push({ kind: 'Secret', name: source[form].secretRef, path: ['source', form, 'secretRef'] })
      found.push({ kind: 'ConfigMap', name: source[form].certConfigMap, path: ['source', form, 'certConfigMap'] })
    }
    found.push({ kind: 'Secret', name: source.gcs?.secretRef, path: ['source', 'gcs', 'secretRef'] })
    const headers = source.http?.secretExtraHeaders ?? []
    headers.forEach((name, index) => found.push({ kind: 'Secret', name, path: ['source', 'http', 'secretExtraHeaders', index] }))
    return {
      own: found.filter(isNamed),
      clone: [{ kind: 'DataVolume', name: source.pvc?.name, path: ['source', 'pvc', 'name'] }].filter(isNamed),
    }
  },
)

function isNamed({ name }: Found): boolean {
  return name !== undefined && name !== ''
}
