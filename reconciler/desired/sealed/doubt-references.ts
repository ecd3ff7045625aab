import { parseKey } from '../../lib/object-key.ts'
import type { ManifestError } from '../types.ts'
import { isSealable } from './recognise.ts'

const mostNamed = 3

/** While encrypted files are shut, a Secret that is declared nowhere else may be in one of them: that it is missing is not said. */
export function doubtReferences(errors: readonly ManifestError[], veiled: readonly string[]): readonly ManifestError[] {
  if (veiled.length === 0) return errors
  const more = veiled.length > mostNamed ? ` and ${veiled.length - mostNamed} more` : ''
  const where = `${veiled.slice(0, mostNamed).join(', ')}${more}`
  return errors.map((error) => {
    if (error.code !== 'MissingReference' || error.refersTo === undefined || !isSealable(parseKey(error.refersTo).kind)) return error
    return {
      ...error,
      severity: 'warning',
      code: 'ReferenceNotChecked',
      message: `${error.message.replace(/\.$/, '')} in clear; it may be in an encrypted file (${where}).`,
      action: 'Nothing to do where it is there; else declare it, or correct the name.',
    }
  })
}
