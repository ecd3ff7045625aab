import type { DataVolume, DataVolumeSpec } from '../../../schemas/generated/data-volume.ts'
import type { PoolSpec, VolumeSpec } from '../../../schemas/generated/plan.ts'
import type { DesiredObject } from '../../desired/types.ts'
import { parseKey } from '../../lib/object-key.ts'
import { mirrorUrl } from './images.ts'
import type { ResolvedPolicy } from './policy.ts'
import { hostAnnotations } from './reconciler-annotations.ts'
import { labelsOf } from './recorded-labels.ts'
import { bytesOf } from './template.ts'

/** Sizes are whole blocks of the largest common sector size, so that every image format and block layer takes them. */
const blockBytes = 4096
/** CDI's least size of a DataVolume. */
const leastBytes = 1024 * 1024

/** The size that a DataVolume asks for, in either form; undefined where it has none or it does not parse. */
export function requestedSize(spec: DataVolumeSpec): string | number | undefined {
  return (spec.storage ?? spec.pvc)?.resources?.requests?.['storage']
}

/**
 * Virtual size that the guest sees: the requested size, rounded up to whole blocks. The `storage` form adds nothing to it:
 * CDI's file system overhead makes the claim larger, which here concerns the pool, not the disk. Source: CDI's DataVolume
 * documentation.
 */
export function virtualSize(spec: DataVolumeSpec): number | undefined {
  const bytes = bytesOf(requestedSize(spec))
  return bytes === undefined || bytes < leastBytes ? undefined : Math.ceil(bytes / blockBytes) * blockBytes
}

export type VolumeResolution = { readonly pool: PoolSpec; readonly sizeBytes: number; readonly policy: ResolvedPolicy }

/** A DataVolume as the agent needs it. */
export function resolveVolume(desired: DesiredObject & { readonly kind: 'DataVolume' }, resolution: VolumeResolution): VolumeSpec {
  const { key, object } = desired
  const { namespace, name } = parseKey(key)
  const url = sourceUrl(object.spec)
  const mirrored = url === undefined ? undefined : mirrorUrl(url, resolution.policy.mirrors)
  return {
    key,
    namespace,
    name,
    spec: mirrored === undefined || mirrored === url ? object.spec : withUrl(object.spec, mirrored),
    sizeBytes: resolution.sizeBytes,
    pool: resolution.pool,
    ...labelsOf(object.metadata),
    annotations: annotationsOf(object),
    ...(desired.ownerKey === undefined ? {} : { ownerKey: desired.ownerKey }),
    ...(url === undefined || resolution.policy.allowedSources.length === 0
      ? {}
      : { allowedSources: [...resolution.policy.allowedSources] }),
    ...(url === undefined || mirrored === url ? {} : { sourceUrl: url }),
    origin: desired.origin,
  }
}

/** The address that a DataVolume is imported from. */
export function sourceUrl(spec: DataVolumeSpec): string | undefined {
  const source = spec.source
  return source?.http?.url ?? source?.s3?.url ?? source?.gcs?.url ?? source?.registry?.url ?? source?.imageio?.url
}

/** The same spec with another image address. */
export function withUrl(spec: DataVolumeSpec, url: string): DataVolumeSpec {
  const source = { ...spec.source }
  if (source.http !== undefined) source.http = { ...source.http, url }
  else if (source.s3 !== undefined) source.s3 = { ...source.s3, url }
  else if (source.gcs !== undefined) source.gcs = { ...source.gcs, url }
  else if (source.registry !== undefined) source.registry = { ...source.registry, url }
  else if (source.imageio !== undefined) source.imageio = { ...source.imageio, url }
  return { ...spec, source }
}

function annotationsOf(object: DataVolume): Record<string, string> {
  return hostAnnotations(object.metadata.annotations ?? {})
}
