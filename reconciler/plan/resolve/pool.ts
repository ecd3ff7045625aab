import type { PoolSpec } from '../../../schemas/generated/plan.ts'
import type { DesiredView, PlainObject } from '../../desired/types.ts'
import { objectKey } from '../../lib/object-key.ts'
import { builtInStorageClass } from '../../../schemas/provisioners.ts'

/** A pool, or why there is none. */
export type PoolResult = { readonly pool: PoolSpec } | { readonly problem: string; readonly action: string }

/** The provisioner that gitvirt carries out: a folder on the host as a libvirt pool of type dir. */
const directoryProvisioner = 'gitvirt.io/dir'

/**
 * The pool of an environment without StorageClasses. Images are raw: the fastest format to import and to run, thin all the same
 * because the files are sparse, cloned by reflink where the file system can, and a snapshot is a qcow2 overlay on the raw file.
 * qcow2 pays only for snapshots inside the image, or on file systems without sparse files; a StorageClass can ask for it.
 */
const builtInPool: PoolSpec = { name: builtInStorageClass, type: 'dir', path: '', format: 'raw' }

const virtDefault = 'storageclass.kubevirt.io/is-default-virt-class'
const clusterDefault = 'storageclass.kubernetes.io/is-default-class'

/**
 * The pool that a StorageClass name stands for. Without a name: the class marked as default for virtual machines, else the
 * cluster's default, else the built-in class `local`. Source: CDI's choice of a default storage class.
 */
export function resolvePool(desired: DesiredView, className: string | undefined): PoolResult {
  if (className === undefined) return poolOf(defaultClass(desired))
  const found = desired.get(objectKey('StorageClass', '', className))
  if (found?.kind === 'StorageClass') return poolOf(found.object)
  if (className === builtInPool.name) return { pool: builtInPool }
  return {
    problem: `StorageClass ${className} is not in Git.`,
    action: `Add a StorageClass ${className} with the provisioner ${directoryProvisioner}, or leave storageClassName out.`,
  }
}

function defaultClass(desired: DesiredView): PlainObject | undefined {
  const classes: PlainObject[] = []
  for (const key of desired.keysOf('StorageClass')) {
    const found = desired.get(key)
    if (found?.kind === 'StorageClass') classes.push(found.object)
  }
  classes.sort((one, other) => (one.metadata.name < other.metadata.name ? -1 : 1))
  const marked = (annotation: string): PlainObject | undefined => classes.find((one) => one.metadata.annotations?.[annotation] === 'true')
  return marked(virtDefault) ?? marked(clusterDefault)
}

function poolOf(storageClass: PlainObject | undefined): PoolResult {
  if (storageClass === undefined) return { pool: builtInPool }
  const { name } = storageClass.metadata
  if (storageClass['provisioner'] !== directoryProvisioner) {
    return {
      problem: `StorageClass ${name} has the provisioner ${String(storageClass['provisioner'])}, which no host here carries out.`,
      action: `Set its provisioner to ${directoryProvisioner}.`,
    }
  }
  const parameters = (storageClass['parameters'] ?? {}) as Record<string, unknown>
  const path = typeof parameters['path'] === 'string' ? parameters['path'] : ''
  return { pool: { name, type: 'dir', path, format: parameters['format'] === 'qcow2' ? 'qcow2' : 'raw' } }
}
