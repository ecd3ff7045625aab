/* Generated from schemas/ by `npm run generate`. Do not edit. */
import type { Base64 } from './meta.ts'
import type { ObjectMeta } from './meta.ts'
/**
 * Plain configuration data: certificates for downloads, or files that a guest reads from a small disk.
 */
export interface ConfigMap {
  /**
   * The version of the API that this object is written in.
   */
  apiVersion: 'v1'
  /**
   * What this object is.
   */
  kind: 'ConfigMap'
  metadata: ObjectMeta
  /**
   * Files as text: name and content.
   */
  data?: {
    [k: string]: string
  }
  /**
   * Files as base64: name and content.
   */
  binaryData?: {
    [k: string]: Base64
  }
  /**
   * True: the content must not change any more.
   */
  immutable?: boolean
}
