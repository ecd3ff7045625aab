import { digestOf } from '../../lib/digest.ts'
import type { JudgedObject } from './types.ts'

/** sha256 of an object's body: as it is kept with the object, else computed. */
export function judgedDigest(judged: Pick<JudgedObject, 'digest' | 'object'>): string {
  // Taken apart, a kept object would parse its body.
  return judged.digest ?? digestOf(judged.object)
}
