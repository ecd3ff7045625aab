import { deepFreeze, ofFrozen } from '../../lib/frozen.ts'
import type { DataVolume, DataVolumeSpec, PersistentVolumeClaimSpec, StorageSpec } from '../../../schemas/generated/data-volume.ts'

/**
 * Sets what CDI sets where a DataVolume is silent. Storage here is a file in a folder, so the storage profile's answers are fixed:
 * Filesystem, ReadWriteOnce. The size stays as written: the filesystem overhead that `storage` adds upstream pays for the
 * filesystem around the image there, and the guest sees the written size in both forms.
 * Takes a valid object of the newest version; returns a new one. Source: CDI's DataVolume and StorageProfile controllers.
 */
export function defaultDataVolume(volume: DataVolume): DataVolume {
  return { ...volume, spec: defaultDataVolumeSpec(volume.spec, volume.metadata.namespace ?? 'default') }
}

export function defaultDataVolumeSpec(spec: DataVolumeSpec, namespace: string): DataVolumeSpec {
  return spec.sourceRef === undefined ? specOfItself(spec) : defaultSpec(spec, namespace)
}

/** Of a spec that depends on nothing else; what is made of a shared one is shared as well. */
const specOfItself = ofFrozen((spec: DataVolumeSpec) => (Object.isFrozen(spec) ? deepFreeze(defaultSpec(spec, '')) : defaultSpec(spec, '')))

function defaultSpec(spec: DataVolumeSpec, namespace: string): DataVolumeSpec {
  const reference = spec.sourceRef
  return {
    ...spec,
    contentType: spec.contentType || 'kubevirt',
    ...(spec.storage === undefined ? {} : { storage: defaultClaim(spec.storage) }),
    ...(spec.pvc === undefined ? {} : { pvc: defaultClaim(spec.pvc) }),
    ...(reference === undefined ? {} : { sourceRef: { ...reference, namespace: reference.namespace ?? namespace } }),
  }
}

function defaultClaim<T extends StorageSpec | PersistentVolumeClaimSpec>(claim: T): T {
  const modes = claim.accessModes ?? []
  return { ...claim, accessModes: modes.length > 0 ? modes : ['ReadWriteOnce'], volumeMode: volumeModeOf(claim) }
}

function volumeModeOf({ volumeMode }: StorageSpec | PersistentVolumeClaimSpec): 'Block' | 'Filesystem' {
  return volumeMode === 'Block' ? 'Block' : 'Filesystem'
}
