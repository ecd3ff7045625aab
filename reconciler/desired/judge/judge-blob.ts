import { kindInfo } from '../../../schemas/kinds.ts'
import { objectKey } from '../../lib/object-key.ts'
import type { ObjectKey } from '../../lib/object-key.ts'
import { defaultNamespace } from '../defaults/default-object.ts'
import type { GuessedIdentity } from '../parse/identity.ts'
import { defaultLimits } from '../parse/limits.ts'
import type { ParseLimits } from '../parse/limits.ts'
import { parseManifest } from '../parse/parse-manifest.ts'
import type { Problem } from '../parse/problem.ts'
import { tooLarge } from '../parse/text.ts'
import { judgeItem } from './judge-item.ts'
import { itemsOf } from './manifest-items.ts'
import type { InvalidClaim, JudgedBlob, JudgedObject } from './types.ts'

/** Problems kept of one blob: more tell nobody anything. */
const mostProblems = 500

/**
 * All that one blob declares, and all that is wrong in it: parsed, validated, converted, defaulted, expanded. Depends on the bytes
 * alone. Never throws for what the bytes hold.
 */
export function judgeBlob(bytes: Uint8Array, limits: ParseLimits = defaultLimits): JudgedBlob {
  const parsed = parseManifest(bytes, limits)
  const objects: JudgedObject[] = []
  const invalid: InvalidClaim[] = []
  const problems: Problem[] = [...parsed.problems]
  let broken = parsed.broken
  for (const document of parsed.documents) {
    const { items, problems: listProblems } = itemsOf(document, limits)
    problems.push(...listProblems)
    broken ||= listProblems.some((problem) => problem.severity === 'error')
    for (const item of items) {
      const judged = judgeItem(item)
      objects.push(...judged.objects)
      invalid.push(...judged.invalid)
      problems.push(...judged.problems)
      broken ||= judged.broken
    }
  }
  return { objects, invalid, guesses: parsed.guesses.flatMap(guessedKey), problems: problems.slice(0, mostProblems), broken }
}

/** What a blob says that has too many bytes to be read: nothing, but that. */
export function unreadBlob(bytes: number, limits: ParseLimits): JudgedBlob {
  return { objects: [], invalid: [], guesses: [], problems: [tooLarge(bytes, limits)], broken: true }
}

function guessedKey(guess: GuessedIdentity): ObjectKey[] {
  const info = kindInfo(guess.kind)
  if (info === undefined || !info.declarable) return []
  return [objectKey(info.kind, info.namespaced ? (guess.namespace ?? defaultNamespace) : '', guess.name)]
}
