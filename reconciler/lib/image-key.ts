import { hash } from 'node:crypto'
import type { DataVolumeSourceHTTP } from '../../schemas/generated/data-volume.ts'
import { canonicalJson } from './digest.ts'

/**
 * A name for the download of an image, by which agents keep it. Whoever asks with other credentials, or trusts another server, gets an
 * entry of their own, so that a copy never stands in for a permission, nor an unverified download for a verified one.
 */
export function imageKey(source: DataVolumeSourceHTTP, namespace: string): string {
  const { url, checksum, secretRef, secretExtraHeaders, extraHeaders, certConfigMap } = source
  const insecure = source.insecureSkipVerify === true ? true : undefined
  const access = { secretRef, secretExtraHeaders, extraHeaders, certConfigMap, insecure }
  const isOwn = Object.values(access).some((value) => value !== undefined)
  const identity = { url, checksum, ...access, namespace: isOwn ? namespace : undefined }
  return hash('sha256', canonicalJson(identity)).slice(0, 32)
}
