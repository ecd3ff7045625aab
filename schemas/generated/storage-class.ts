/* Generated from schemas/ by `npm run generate`. Do not edit. */
import type { ObjectMeta } from './meta.ts'
/**
 * A class of storage: which libvirt pool holds the disks, and in which image format.
 */
export interface StorageClass {
  /**
   * The version of the API that this object is written in.
   */
  apiVersion: 'storage.k8s.io/v1'
  /**
   * What this object is.
   */
  kind: 'StorageClass'
  metadata: ObjectMeta
  /**
   * Who makes the volumes. gitvirt.io/dir keeps image files in a folder of the host.
   */
  provisioner: string
  /**
   * Settings of the provisioner. For gitvirt.io/dir: path, the absolute folder on the host, and format, raw or qcow2.
   */
  parameters?: {
    [k: string]: string
  }
  /**
   * What becomes of the data when its DataVolume is gone: Delete moves it to quarantine and later deletes it, Retain keeps it.
   */
  reclaimPolicy?: 'Delete' | 'Retain'
  /**
   * Immediate makes the volume at once; WaitForFirstConsumer waits until a virtual machine that uses it has a host.
   */
  volumeBindingMode?: 'Immediate' | 'WaitForFirstConsumer'
  /**
   * True: a larger size in Git grows the existing disk.
   */
  allowVolumeExpansion?: boolean
  /**
   * Options for mounting the file system that holds the volumes. A folder pool mounts nothing.
   */
  mountOptions?: string[]
  /**
   * Hosts on which the class may make volumes, by label.
   */
  allowedTopologies?: TopologySelectorTerm[]
}
/**
 * This interface was referenced by `StorageClass`'s JSON-Schema
 * via the `definition` "TopologySelectorTerm".
 */
export interface TopologySelectorTerm {
  /**
   * Requirements that a host has to meet, all of them.
   */
  matchLabelExpressions?: TopologySelectorLabelRequirement[]
}
/**
 * This interface was referenced by `StorageClass`'s JSON-Schema
 * via the `definition` "TopologySelectorLabelRequirement".
 */
export interface TopologySelectorLabelRequirement {
  /**
   * Label of the host.
   */
  key: string
  /**
   * Values of which the label must have one.
   */
  values: string[]
}
