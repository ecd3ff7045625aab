/* Generated from schemas/ by `npm run generate`. Do not edit. */
import type { Labels } from './meta.ts'
import type { ObjectMeta } from './meta.ts'
import type { Quantity } from './meta.ts'
/**
 * A disk and where its content comes from.
 */
export interface DataVolume {
  /**
   * The version of the API that this object is written in.
   */
  apiVersion: 'cdi.kubevirt.io/v1beta1'
  /**
   * What this object is.
   */
  kind: 'DataVolume'
  metadata: ObjectMeta
  spec: DataVolumeSpec
  /**
   * What was observed of the disk; written by gitvirt, not read from Git.
   */
  status?: {
    [k: string]: unknown
  } | null
}
/**
 * This interface was referenced by `DataVolume`'s JSON-Schema
 * via the `definition` "DataVolumeSpec".
 */
export interface DataVolumeSpec {
  /**
   * Stages of an import that follows a machine which still runs.
   */
  checkpoints?: DataVolumeCheckpoint[]
  /**
   * kubevirt is a disk image, archive a tar file. Default: kubevirt.
   */
  contentType?: 'kubevirt' | 'archive'
  /**
   * True: the last of the checkpoints ends the import.
   */
  finalCheckpoint?: boolean
  /**
   * True: all space of the disk is set aside at once.
   */
  preallocation?: boolean
  /**
   * Importance of the importing pod.
   */
  priorityClassName?: string
  pvc?: PersistentVolumeClaimSpec
  /**
   * Service account of the importing pod.
   */
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
  /**
   * Snapshot that this stage ends at.
   */
  current: string
  /**
   * Snapshot that this stage starts from.
   */
  previous: string
}
/**
 * This interface was referenced by `DataVolume`'s JSON-Schema
 * via the `definition` "PersistentVolumeClaimSpec".
 */
export interface PersistentVolumeClaimSpec {
  /**
   * Who may use the disk at once. Exactly one mode.
   */
  accessModes?: ('ReadOnlyMany' | 'ReadWriteMany' | 'ReadWriteOnce' | 'ReadWriteOncePod')[]
  dataSource?: TypedLocalObjectReference
  dataSourceRef?: TypedObjectReference
  resources?: VolumeResourceRequirements
  selector?: LabelSelector
  /**
   * Storage class that holds the disk. Default: the default class.
   */
  storageClassName?: string
  /**
   * Class of settings that the storage driver knows.
   */
  volumeAttributesClassName?: string
  /**
   * Filesystem keeps an image file, Block a device.
   */
  volumeMode?: 'Block' | 'Filesystem' | 'FromStorageProfile'
  /**
   * Volume that is chosen by name.
   */
  volumeName?: string
}
/**
 * This interface was referenced by `DataVolume`'s JSON-Schema
 * via the `definition` "TypedLocalObjectReference".
 */
export interface TypedLocalObjectReference {
  /**
   * API group of the object.
   */
  apiGroup?: string
  /**
   * Kind of the object.
   */
  kind: string
  /**
   * Name of the object.
   */
  name: string
}
/**
 * This interface was referenced by `DataVolume`'s JSON-Schema
 * via the `definition` "TypedObjectReference".
 */
export interface TypedObjectReference {
  /**
   * API group of the object.
   */
  apiGroup?: string
  /**
   * Kind of the object.
   */
  kind: string
  /**
   * Name of the object.
   */
  name: string
  /**
   * Namespace of the object.
   */
  namespace?: string
}
/**
 * This interface was referenced by `DataVolume`'s JSON-Schema
 * via the `definition` "VolumeResourceRequirements".
 */
export interface VolumeResourceRequirements {
  /**
   * Largest size; it changes nothing for a disk.
   */
  limits?: {
    [k: string]: Quantity
  }
  /**
   * Size of the disk, as storage: 10Gi.
   */
  requests?: {
    [k: string]: Quantity
  }
}
/**
 * This interface was referenced by `DataVolume`'s JSON-Schema
 * via the `definition` "LabelSelector".
 */
export interface LabelSelector {
  /**
   * Requirements on labels, all of them.
   */
  matchExpressions?: LabelSelectorRequirement[]
  matchLabels?: Labels
}
/**
 * This interface was referenced by `DataVolume`'s JSON-Schema
 * via the `definition` "LabelSelectorRequirement".
 */
export interface LabelSelectorRequirement {
  /**
   * Label that is looked at.
   */
  key: string
  /**
   * How the value is compared.
   */
  operator: 'In' | 'NotIn' | 'Exists' | 'DoesNotExist'
  /**
   * Values to compare with; none for Exists and DoesNotExist.
   */
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
  /**
   * Secret with the key of a service account.
   */
  secretRef?: string
  /**
   * Address of the image, gs://bucket/object.
   */
  url: string
}
/**
 * This interface was referenced by `DataVolume`'s JSON-Schema
 * via the `definition` "DataVolumeSourceHTTP".
 */
export interface DataVolumeSourceHTTP {
  /**
   * ConfigMap with the certificates of authorities that the server's certificate may come from.
   */
  certConfigMap?: string
  /**
   * Digest of the file as downloaded: sha256: and 64 hexadecimal digits, or md5, sha1, sha512.
   */
  checksum?: string
  /**
   * Further headers of the request, each as one line "Name: value".
   */
  extraHeaders?: string[]
  /**
   * True: the server's certificate is not checked.
   */
  insecureSkipVerify?: boolean
  /**
   * Secrets whose entries are further headers, kept out of Git and of logs.
   */
  secretExtraHeaders?: string[]
  /**
   * Secret with accessKeyId and secretKey, the user and password for the server.
   */
  secretRef?: string
  /**
   * Address of the image: qcow2, raw, vmdk, vhd, vhdx or vdi, plain or packed with gz, xz or zst.
   */
  url: string
}
/**
 * This interface was referenced by `DataVolume`'s JSON-Schema
 * via the `definition` "DataVolumeSourceImageIO".
 */
export interface DataVolumeSourceImageIO {
  /**
   * ConfigMap with the certificates of authorities that the engine's certificate may come from.
   */
  certConfigMap?: string
  /**
   * UUID of the disk.
   */
  diskId: string
  /**
   * True: the engine's certificate is not checked.
   */
  insecureSkipVerify?: boolean
  /**
   * Secret with accessKeyId and secretKey, the user and password for the engine.
   */
  secretRef?: string
  /**
   * Address of the engine's API.
   */
  url: string
}
/**
 * This interface was referenced by `DataVolume`'s JSON-Schema
 * via the `definition` "DataVolumeSourcePVC".
 */
export interface DataVolumeSourcePVC {
  /**
   * Name of the claim that is copied.
   */
  name: string
  /**
   * Namespace of the claim that is copied.
   */
  namespace: string
}
/**
 * This interface was referenced by `DataVolume`'s JSON-Schema
 * via the `definition` "DataVolumeSourceRegistry".
 */
export interface DataVolumeSourceRegistry {
  /**
   * ConfigMap with the certificates of authorities that the registry's certificate may come from.
   */
  certConfigMap?: string
  /**
   * Image stream of OpenShift that names the image.
   */
  imageStream?: string
  platform?: PlatformOptions
  /**
   * Whether a pod or the node fetches the image.
   */
  pullMethod?: 'pod' | 'node'
  /**
   * Secret with accessKeyId and secretKey, the user and password for the registry.
   */
  secretRef?: string
  /**
   * Address of the image, docker://host/name:tag or oci-archive:path.
   */
  url?: string
}
/**
 * This interface was referenced by `DataVolume`'s JSON-Schema
 * via the `definition` "PlatformOptions".
 */
export interface PlatformOptions {
  /**
   * CPU architecture of the image variant.
   */
  architecture?: string
}
/**
 * This interface was referenced by `DataVolume`'s JSON-Schema
 * via the `definition` "DataVolumeSourceS3".
 */
export interface DataVolumeSourceS3 {
  /**
   * ConfigMap with the certificates of authorities that the server's certificate may come from.
   */
  certConfigMap?: string
  /**
   * Secret with accessKeyId and secretKey.
   */
  secretRef?: string
  /**
   * Address of the object.
   */
  url: string
}
/**
 * This interface was referenced by `DataVolume`'s JSON-Schema
 * via the `definition` "DataVolumeSourceSnapshot".
 */
export interface DataVolumeSourceSnapshot {
  /**
   * Name of the snapshot that is copied.
   */
  name: string
  /**
   * Namespace of the snapshot that is copied.
   */
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
  /**
   * Path of the disk file in its datastore.
   */
  backingFile?: string
  /**
   * ConfigMap with the certificates of authorities that the server's certificate may come from.
   */
  certConfigMap?: string
  /**
   * ConfigMap with further arguments of the VDDK library.
   */
  extraArgs?: string
  /**
   * Container image that carries the VDDK library.
   */
  initImageURL?: string
  /**
   * Secret with accessKeyId and secretKey, the user and password for vCenter or ESXi.
   */
  secretRef?: string
  /**
   * SHA-1 fingerprint of the server's certificate.
   */
  thumbprint?: string
  /**
   * Address of vCenter or ESXi.
   */
  url?: string
  /**
   * UUID of the virtual machine at VMware.
   */
  uuid?: string
}
/**
 * This interface was referenced by `DataVolume`'s JSON-Schema
 * via the `definition` "DataVolumeSourceRef".
 */
export interface DataVolumeSourceRef {
  /**
   * DataSource, the only kind that can be referred to.
   */
  kind: 'DataSource'
  /**
   * Name of the DataSource.
   */
  name: string
  /**
   * Namespace of the DataSource. Default: the DataVolume's own.
   */
  namespace?: string
}
/**
 * This interface was referenced by `DataVolume`'s JSON-Schema
 * via the `definition` "StorageSpec".
 */
export interface StorageSpec {
  /**
   * Who may use the disk at once. Default: what the storage class can.
   */
  accessModes?: ('ReadOnlyMany' | 'ReadWriteMany' | 'ReadWriteOnce' | 'ReadWriteOncePod')[]
  dataSource?: TypedLocalObjectReference
  dataSourceRef?: TypedObjectReference
  resources?: VolumeResourceRequirements
  selector?: LabelSelector
  /**
   * Storage class that holds the disk. Default: the default class.
   */
  storageClassName?: string
  /**
   * Filesystem keeps an image file, Block a device. Default: what the storage class can.
   */
  volumeMode?: 'Block' | 'Filesystem' | 'FromStorageProfile'
  /**
   * Volume that is chosen by name.
   */
  volumeName?: string
}
