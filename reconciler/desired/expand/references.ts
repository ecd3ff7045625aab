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

type Found = { readonly kind: string; readonly name: string; readonly path: Pointer; readonly optional?: boolean | undefined }

function toReferences(found: readonly Found[], namespace: string, base: Pointer): Reference[] {
  return found.map(({ kind, name, path, optional }) => {
    const key = objectKey(kind, kind === 'StorageClass' ? '' : namespace, name)
    return { key, pointer: [...base, ...path], optional: optional ?? false }
  })
}

/** A list of names in which those that are not given are none. */
class Names {
  readonly found: Found[] = []

  add(name: string | undefined, { kind, path, optional }: Omit<Found, 'name'>): void {
    if (name !== undefined && name !== '') this.found.push({ kind, name, path, optional })
  }
}

/** Secrets, ConfigMaps and DataVolumes that a VirtualMachine names, all in its own namespace. A claim is a DataVolume's here. */
export function machineReferences(vm: VirtualMachine, namespace: string): Reference[] {
  const spec = vm.spec.template.spec
  if (spec === undefined) return []
  const names = new Names()
  spec.volumes?.forEach((volume, index) => addVolume(names, volume, index))
  addInstance(names, spec)
  return toReferences(names.found, namespace, ['spec', 'template', 'spec'])
}

/** A name in a volume of one form, read and told by its path. */
type VolumeName = {
  readonly kind: string
  readonly path: Pointer
  readonly nameIn: (volume: Volume) => string | undefined
  readonly isOptional?: (volume: Volume) => boolean | undefined
}

/** What a volume of each form names. A Map, so that a volume's own keys can be looked up. */
const volumeForms: ReadonlyMap<string, readonly VolumeName[]> = new Map<string, readonly VolumeName[]>([
  ['dataVolume', [{ kind: 'DataVolume', path: ['dataVolume', 'name'], nameIn: ({ dataVolume }) => dataVolume?.name }]],
  [
    'persistentVolumeClaim',
    [
      {
        kind: 'DataVolume',
        path: ['persistentVolumeClaim', 'claimName'],
        nameIn: ({ persistentVolumeClaim }) => persistentVolumeClaim?.claimName,
      },
    ],
  ],
  [
    'ephemeral',
    [
      {
        kind: 'DataVolume',
        path: ['ephemeral', 'persistentVolumeClaim', 'claimName'],
        nameIn: ({ ephemeral }) => ephemeral?.persistentVolumeClaim?.claimName,
      },
    ],
  ],
  ['memoryDump', [{ kind: 'DataVolume', path: ['memoryDump', 'claimName'], nameIn: ({ memoryDump }) => memoryDump?.claimName }]],
  [
    'secret',
    [
      {
        kind: 'Secret',
        path: ['secret', 'secretName'],
        nameIn: ({ secret }) => secret?.secretName,
        isOptional: ({ secret }) => secret?.optional,
      },
    ],
  ],
  [
    'configMap',
    [
      {
        kind: 'ConfigMap',
        path: ['configMap', 'name'],
        nameIn: ({ configMap }) => configMap?.name,
        isOptional: ({ configMap }) => configMap?.optional,
      },
    ],
  ],
  [
    'sysprep',
    [
      { kind: 'ConfigMap', path: ['sysprep', 'configMap', 'name'], nameIn: ({ sysprep }) => sysprep?.configMap?.name },
      { kind: 'Secret', path: ['sysprep', 'secret', 'name'], nameIn: ({ sysprep }) => sysprep?.secret?.name },
    ],
  ],
  [
    'containerDisk',
    [{ kind: 'Secret', path: ['containerDisk', 'imagePullSecret'], nameIn: ({ containerDisk }) => containerDisk?.imagePullSecret }],
  ],
  ...(['cloudInitNoCloud', 'cloudInitConfigDrive'] as const).map((form): [string, readonly VolumeName[]] => [
    form,
    [
      { kind: 'Secret', path: [form, 'secretRef', 'name'], nameIn: (volume) => volume[form]?.secretRef?.name },
      { kind: 'Secret', path: [form, 'networkDataSecretRef', 'name'], nameIn: (volume) => volume[form]?.networkDataSecretRef?.name },
    ],
  ]),
])

/** By the volume's own keys: it has one form of many. */
function addVolume(names: Names, volume: Volume, index: number): void {
  for (const key of Object.keys(volume)) {
    for (const { kind, path, nameIn, isOptional } of volumeForms.get(key) ?? []) {
      const name = nameIn(volume)
      if (name !== undefined) names.add(name, { kind, path: ['volumes', index, ...path], optional: isOptional?.(volume) })
    }
  }
}

const kernelSecret = { kind: 'Secret', path: ['domain', 'firmware', 'kernelBoot', 'container', 'imagePullSecret'] }

function addInstance(names: Names, { domain, accessCredentials = [], utilityVolumes = [] }: VirtualMachineInstanceSpec): void {
  names.add(domain.firmware?.kernelBoot?.container?.imagePullSecret, kernelSecret)
  accessCredentials.forEach((entry, index) => {
    for (const form of ['sshPublicKey', 'userPassword'] as const) {
      const path = ['accessCredentials', index, form, 'source', 'secret', 'secretName']
      names.add(entry[form]?.source.secret?.secretName, { kind: 'Secret', path })
    }
  })
  utilityVolumes.forEach(({ claimName }, index) => {
    names.add(claimName, { kind: 'DataVolume', path: ['utilityVolumes', index, 'claimName'] })
  })
}

/** The built-in class works undeclared, and yet what is declared under its name is a reference. */
function addStorageClass(names: Names, name: string | undefined, form: 'storage' | 'pvc'): void {
  names.add(name, { kind: 'StorageClass', path: [form, 'storageClassName'], optional: name === builtInStorageClass })
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
    const [own, clone] = [new Names(), new Names()]
    addStorageClass(own, storage?.storageClassName, 'storage')
    addStorageClass(own, pvc?.storageClassName, 'pvc')
    for (const form of ['http', 'registry', 'imageio', 's3', 'vddk'] as const) {
      own.add(source[form]?.secretRef, { kind: 'Secret', path: ['source', form, 'secretRef'] })
      own.add(source[form]?.certConfigMap, { kind: 'ConfigMap', path: ['source', form, 'certConfigMap'] })
    }
    own.add(source.gcs?.secretRef, { kind: 'Secret', path: ['source', 'gcs', 'secretRef'] })
    source.http?.secretExtraHeaders?.forEach((name, index) => {
      own.add(name, { kind: 'Secret', path: ['source', 'http', 'secretExtraHeaders', index] })
    })
    clone.add(source.pvc?.name, { kind: 'DataVolume', path: ['source', 'pvc', 'name'] })
    return { own: own.found, clone: clone.found }
  },
)
