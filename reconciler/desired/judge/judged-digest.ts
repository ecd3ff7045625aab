import { digestOf } from '../../lib/digest.ts'
import type { JudgedObject } from './types.ts'

/** sha256 of an object's body: as it is kept with the object, else computed. */
export function judgedDigest({ digest, object }: Pick<JudgedObject, 'digest' | 'object'>): string {
  return digest ?? digestOf(object)
}
