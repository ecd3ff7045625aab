/* Generated from schemas/ by `npm run generate`. Do not edit. */
import type { Labels } from './meta.ts'
import type { ObjectMeta } from './meta.ts'
import type { Quantity } from './meta.ts'
export interface DataVolume {
  apiVersion: 'cdi.kubevirt.io/v1beta1'
  kind: 'DataVolume'
  metadata: ObjectMeta
  spec: DataVolumeSpec
  status?: {
    [k: string]: unknown
  } | null
}
/**
 * This interface was referenced by `DataVolume`'s JSON-Schema
 * via the `definition` "DataVolumeSpec".
 */
export interface DataVolumeSpec {
  checkpoints?: DataVolumeCheckpoint[]
  contentType?: 'kubevirt' | 'archive'
  finalCheckpoint?: boolean
  preallocation?: boolean
  priorityClassName?: string
  pvc?: PersistentVolumeClaimSpec
  serviceAccountName?: string
  source?: DataVolumeSource
  sourceRef?: DataVolumeSourceRef
  storage?: StorageSpec
}
/**
 * This interface was referenced by `DataVolume`'s JSON-Schema
 * via the `definition` "DataVolumeCheckpoint".
 */
export interface DataVolumeCheckpoint {
  current: string
  previous: string
}
/**
 * This interface was referenced by `DataVolume`'s JSON-Schema
 * via the `definition` "PersistentVolumeClaimSpec".
 */
export interface PersistentVolumeClaimSpec {
  accessModes?: ('ReadOnlyMany' | 'ReadWriteMany' | 'ReadWriteOnce' | 'ReadWriteOncePod')[]
  dataSource?: TypedLocalObjectReference
  dataSourceRef?: TypedObjectReference
  resources?: VolumeResourceRequirements
  selector?: LabelSelector
  storageClassName?: string
  volumeAttributesClassName?: string
  volumeMode?: 'Block' | 'Filesystem' | 'FromStorageProfile'
  volumeName?: string
}
/**
 * This interface was referenced by `DataVolume`'s JSON-Schema
 * via the `definition` "TypedLocalObjectReference".
 */
export interface TypedLocalObjectReference {
  apiGroup?: string
  kind: string
  name: string
}
/**
 * This interface was referenced by `DataVolume`'s JSON-Schema
 * via the `definition` "TypedObjectReference".
 */
export interface TypedObjectReference {
  apiGroup?: string
  kind: string
  name: string
  namespace?: string
}
/**
 * This interface was referenced by `DataVolume`'s JSON-Schema
 * via the `definition` "VolumeResourceRequirements".
 */
export interface VolumeResourceRequirements {
  limits?: {
    [k: string]: Quantity
  }
  requests?: {
    [k: string]: Quantity
  }
}
/**
 * This interface was referenced by `DataVolume`'s JSON-Schema
 * via the `definition` "LabelSelector".
 */
export interface LabelSelector {
  matchExpressions?: LabelSelectorRequirement[]
  matchLabels?: Labels
}
/**
 * This interface was referenced by `DataVolume`'s JSON-Schema
 * via the `definition` "LabelSelectorRequirement".
 */
export interface LabelSelectorRequirement {
  key: string
  operator: 'In' | 'NotIn' | 'Exists' | 'DoesNotExist'
  values?: string[]
}
/**
 * This interface was referenced by `DataVolume`'s JSON-Schema
 * via the `definition` "DataVolumeSource".
 */
export interface DataVolumeSource {
  blank?: DataVolumeBlankImage
  gcs?: DataVolumeSourceGCS
  http?: DataVolumeSourceHTTP
  imageio?: DataVolumeSourceImageIO
  pvc?: DataVolumeSourcePVC
  registry?: DataVolumeSourceRegistry
  s3?: DataVolumeSourceS3
  snapshot?: DataVolumeSourceSnapshot
  upload?: DataVolumeSourceUpload
  vddk?: DataVolumeSourceVDDK
}
/**
 * This interface was referenced by `DataVolume`'s JSON-Schema
 * via the `definition` "DataVolumeBlankImage".
 */
export interface DataVolumeBlankImage {}
/**
 * This interface was referenced by `DataVolume`'s JSON-Schema
 * via the `definition` "DataVolumeSourceGCS".
 */
export interface DataVolumeSourceGCS {
  secretRef?: string
  url: string
}
/**
 * This interface was referenced by `DataVolume`'s JSON-Schema
 * via the `definition` "DataVolumeSourceHTTP".
 */
export interface DataVolumeSourceHTTP {
  certConfigMap?: string
  checksum?: string
  extraHeaders?: string[]
  insecureSkipVerify?: boolean
  secretExtraHeaders?: string[]
  secretRef?: string
  url: string
}
/**
 * This interface was referenced by `DataVolume`'s JSON-Schema
 * via the `definition` "DataVolumeSourceImageIO".
 */
export interface DataVolumeSourceImageIO {
  certConfigMap?: string
  diskId: string
  insecureSkipVerify?: boolean
  secretRef?: string
  url: string
}
/**
 * This interface was referenced by `DataVolume`'s JSON-Schema
 * via the `definition` "DataVolumeSourcePVC".
 */
export interface DataVolumeSourcePVC {
  name: string
  namespace: string
}
/**
 * This interface was referenced by `DataVolume`'s JSON-Schema
 * via the `definition` "DataVolumeSourceRegistry".
 */
export interface DataVolumeSourceRegistry {
  certConfigMap?: string
  imageStream?: string
  platform?: PlatformOptions
  pullMethod?: 'pod' | 'node'
  secretRef?: string
  url?: string
}
/**
 * This interface was referenced by `DataVolume`'s JSON-Schema
 * via the `definition` "PlatformOptions".
 */
export interface PlatformOptions {
  architecture?: string
}
/**
 * This interface was referenced by `DataVolume`'s JSON-Schema
 * via the `definition` "DataVolumeSourceS3".
 */
export interface DataVolumeSourceS3 {
  certConfigMap?: string
  secretRef?: string
  url: string
}
/**
 * This interface was referenced by `DataVolume`'s JSON-Schema
 * via the `definition` "DataVolumeSourceSnapshot".
 */
export interface DataVolumeSourceSnapshot {
  name: string
  namespace: string
}
/**
 * This interface was referenced by `DataVolume`'s JSON-Schema
 * via the `definition` "DataVolumeSourceUpload".
 */
export interface DataVolumeSourceUpload {}
/**
 * This interface was referenced by `DataVolume`'s JSON-Schema
 * via the `definition` "DataVolumeSourceVDDK".
 */
export interface DataVolumeSourceVDDK {
  backingFile?: string
  certConfigMap?: string
  extraArgs?: string
  initImageURL?: string
  secretRef?: string
  thumbprint?: string
  url?: string
  uuid?: string
}
/**
 * This interface was referenced by `DataVolume`'s JSON-Schema
 * via the `definition` "DataVolumeSourceRef".
 */
export interface DataVolumeSourceRef {
  kind: 'DataSource'
  name: string
  namespace?: string
}
/**
 * This interface was referenced by `DataVolume`'s JSON-Schema
 * via the `definition` "StorageSpec".
 */
export interface StorageSpec {
  accessModes?: ('ReadOnlyMany' | 'ReadWriteMany' | 'ReadWriteOnce' | 'ReadWriteOncePod')[]
  dataSource?: TypedLocalObjectReference
  dataSourceRef?: TypedObjectReference
  resources?: VolumeResourceRequirements
  selector?: LabelSelector
  storageClassName?: string
  volumeMode?: 'Block' | 'Filesystem' | 'FromStorageProfile'
  volumeName?: string
}
