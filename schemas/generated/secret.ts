/* Generated from schemas/ by `npm run generate`. Do not edit. */
import type { Base64 } from './meta.ts'
import type { ObjectMeta } from './meta.ts'
/**
 * Confidential data: passwords, keys, cloud-init user data. Whoever can read the repository can read what is written here.
 */
export interface Secret {
  /**
   * The version of the API that this object is written in.
   */
  apiVersion: 'v1'
  /**
   * What this object is.
   */
  kind: 'Secret'
  metadata: ObjectMeta
  /**
   * Entries as base64: name and content.
   */
  data?: {
    [k: string]: Base64
  }
  /**
   * Entries as plain text: name and content. They win over data of the same name.
   */
  stringData?: {
    [k: string]: string
  }
  /**
   * What the secret is for, such as Opaque or kubernetes.io/basic-auth. Informative.
   */
  type?: string
  /**
   * True: the content must not change any more.
   */
  immutable?: boolean
}
