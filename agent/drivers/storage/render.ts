import { createHash } from 'node:crypto'
import { dirname, join, resolve } from 'node:path'
import { create } from 'xmlbuilder2'
import { digestOf } from '../../../reconciler/lib/digest.ts'
import { GitvirtError } from '../../../reconciler/lib/errors.ts'
import type { DataVolumeSourceHTTP } from '../../../schemas/generated/data-volume.ts'
import type { PoolSpec, VolumeSpec } from '../../../schemas/generated/plan.ts'

/** Where one volume's files are. All are on the pool's file system, so that a rename is atomic. */
export type VolumePaths = {
  readonly folder: string
  /** The finished image. */
  readonly image: string
  /** Everything unfinished: `.part` while it is downloaded, `.unpacked`, `.making`. */
  readonly partial: string
  readonly unpacked: string
  readonly making: string
  readonly quarantine: string
  readonly cache: string
}

/** What has to be done to make the image. */
export type ImageWork = { readonly kind: 'blank' } | { readonly kind: 'http'; readonly source: DataVolumeSourceHTTP }

/** Folder of ours inside a pool. */
export const ownFolder = '.gitvirt'
const filePrefix = 'gitvirt_'
const kubernetesName = /^[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?$/
const poolNamePattern = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,127}$/

/**
 * The file name of a volume without its suffix. `_` cannot stand in a namespace or name, so no two volumes share one;
 * the prefix is our mark on the file.
 * @throws GitvirtError `InvalidName`
 */
export function volumeBase(namespace: string, name: string): string {
  for (const part of [namespace, name]) {
    if (!kubernetesName.test(part)) {
      throw new GitvirtError({ code: 'InvalidName', message: `"${part}" is not a DNS name.`, terminal: true })
    }
  }
  const base = `${filePrefix}${namespace}_${name}`
  // File names end at 255 bytes; ours get a suffix.
  if (base.length <= 200) return base
  return `${base.slice(0, 160)}_${createHash('sha256').update(base).digest('hex').slice(0, 32)}`
}

/**
 * The pool's folder. Where the StorageClass names none it is `<parent of the agent's state folder>/pools/<pool>`:
 * the state folder itself is closed to QEMU's user.
 * @throws GitvirtError `InvalidPool`
 */
export function poolFolder(pool: PoolSpec, stateDir: string): string {
  if (!poolNamePattern.test(pool.name)) throw invalidPool(pool, 'its name is not usable')
  if (pool.path === '') return join(dirname(stateDir), 'pools', pool.name)
  if (!pool.path.startsWith('/') || /[\n\r\0]/.test(pool.path) || pool.path.split('/').includes('..'))
    throw invalidPool(pool, 'its path is not absolute')
  // libvirt writes folders without a trailing slash.
  return resolve(pool.path)
}

/** Where a pool keeps downloads. */
export function cacheFolder(folder: string): string {
  return join(folder, ownFolder, 'cache')
}

export function volumePaths(folder: string, base: string, format: PoolSpec['format']): VolumePaths {
  const own = join(folder, ownFolder)
  return {
    folder,
    image: join(folder, `${base}.${format}`),
    partial: join(own, 'partial', `${base}.part`),
    unpacked: join(own, 'partial', `${base}.unpacked`),
    making: join(own, 'partial', `${base}.making`),
    quarantine: join(own, 'quarantine'),
    cache: cacheFolder(folder),
  }
}

/**
 * What the source asks for. A source that this host cannot serve fails for good, with its name.
 * @throws GitvirtError `UnsupportedSource`, `UnsupportedContentType`, `UnsupportedVolumeMode`
 */
export function imageWork(volume: VolumeSpec): ImageWork {
  const { spec } = volume
  if ((spec.contentType ?? 'kubevirt') !== 'kubevirt') {
    throw unsupported(volume, {
      code: 'UnsupportedContentType',
      what: `contentType "${spec.contentType ?? ''}"`,
      action: 'Use contentType kubevirt.',
    })
  }
  const mode = (spec.pvc ?? spec.storage)?.volumeMode
  if (mode === 'Block') {
    throw unsupported(volume, {
      code: 'UnsupportedVolumeMode',
      what: 'volumeMode Block in a directory pool',
      action: 'Use volumeMode Filesystem.',
    })
  }
  if ((spec.checkpoints?.length ?? 0) > 0) {
    throw unsupported(volume, {
      code: 'UnsupportedSource',
      what: 'checkpoints (multi-stage import)',
      action: 'Use a source without checkpoints.',
    })
  }
  if (spec.source?.blank !== undefined) return { kind: 'blank' }
  if (spec.source?.http !== undefined) return { kind: 'http', source: spec.source.http }
  const kind = spec.source === undefined ? 'sourceRef' : (Object.keys(spec.source)[0] ?? 'none')
  throw unsupported(volume, { code: 'UnsupportedSource', what: `the source "${kind}"`, action: 'Use source http or blank.' })
}

/** libvirt's id of our pool; it is derived from the name, so that it is our mark on the pool. */
export function poolUuid(name: string): string {
  const hex = createHash('sha256').update(`gitvirt pool ${name}`).digest('hex')
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20, 32)}`
}

/** Source: https://libvirt.org/formatstorage.html, storage pool of type dir. */
export function poolXml(name: string, folder: string): string {
  const document = create().ele('pool', { type: 'dir' })
  document.ele('name').txt(name)
  document.ele('uuid').txt(poolUuid(name))
  document.ele('target').ele('path').txt(folder)
  return document.doc().end({ headless: true })
}

function unsupported(volume: VolumeSpec, why: { readonly code: string; readonly what: string; readonly action: string }): GitvirtError {
  return new GitvirtError({
    code: why.code,
    message: `This host cannot serve ${why.what}.`,
    action: why.action,
    object: volume.key,
    terminal: true,
  })
}

function invalidPool(pool: PoolSpec, why: string): GitvirtError {
  return new GitvirtError({
    code: 'InvalidPool',
    message: `The pool "${pool.name}" cannot be used: ${why}.`,
    action: 'Mend the StorageClass.',
    terminal: true,
  })
}

/** Digest of what makes the image, so without what only describes the disk: labels, annotations, owner and place in Git. Pure. */
export function contentDigest(volume: VolumeSpec): string {
  const { labels: _, annotations: __, ownerKey: ___, origin: ____, ...content } = volume
  return digestOf(content)
}
