import { kindInfo } from '../../../schemas/kinds.ts'
import { objectKey } from '../../lib/object-key.ts'
import type { ObjectKey } from '../../lib/object-key.ts'
import { defaultNamespace } from '../defaults/default-object.ts'
import type { GuessedIdentity } from '../parse/identity.ts'
import { defaultLimits } from '../parse/limits.ts'
import type { ParseLimits } from '../parse/limits.ts'
import { parseManifest } from '../parse/parse-manifest.ts'
import type { ParsedDocument, ParsedManifest } from '../parse/parse-manifest.ts'
import type { Problem } from '../parse/problem.ts'
import { tooLarge } from '../parse/text.ts'
import { judgeShut } from '../sealed/judge-sealed.ts'
import { isAgeFile, isSopsDocument } from '../sealed/recognise.ts'
import { judgeItem } from './judge-item.ts'
import type { JudgedItem } from './judge-item.ts'
import { itemsOf } from './manifest-items.ts'
import type { InvalidClaim, JudgedBlob, JudgedObject } from './types.ts'

/** Problems kept of one blob: more tell nobody anything. */
const mostProblems = 500

/**
 * All that one blob declares, and all that is wrong in it: parsed, validated, converted, defaulted, expanded. Depends on the bytes
 * alone. Never throws for what the bytes hold.
 */
export function judgeBlob(bytes: Uint8Array, limits: ParseLimits = defaultLimits): JudgedBlob {
  if (isAgeFile(bytes)) return ageBlob
  const parsed = parseManifest(bytes, limits)
  return judgeDocuments(parsed, limits, (document) => judgeShut(document, limits))
}

const ageBlob: JudgedBlob = {
  objects: [],
  invalid: [],
  guesses: [],
  problems: [
    {
      severity: 'warning',
      code: 'Encrypted',
      message: 'This file is encrypted as a whole (age), so what it declares cannot be told without the key.',
      line: 1,
      column: 1,
    },
  ],
  broken: true,
  sealed: 'age',
}

/** All that the documents of one blob declare; those that are encrypted are judged by `judgeSealed`. */
export function judgeDocuments(
  parsed: ParsedManifest,
  limits: ParseLimits,
  judgeSealed: (document: ParsedDocument, index: number) => JudgedItem,
): JudgedBlob {
  const objects: JudgedObject[] = []
  const invalid: InvalidClaim[] = []
  const problems: Problem[] = [...parsed.problems]
  let broken = parsed.broken
  let sealed = 0
  const add = (judged: JudgedItem): void => {
    objects.push(...judged.objects)
    invalid.push(...judged.invalid)
    problems.push(...judged.problems)
    broken ||= judged.broken
  }
  for (const document of parsed.documents) {
    if (isSopsDocument(document.value)) {
      add(judgeSealed(document, sealed))
      sealed += 1
      continue
    }
    const { items, problems: listProblems } = itemsOf(document, limits)
    problems.push(...listProblems)
    broken ||= listProblems.some((problem) => problem.severity === 'error')
    for (const item of items) add(judgeItem(item))
  }
  const guesses = parsed.guesses.flatMap(guessedKey)
  return { objects, invalid, guesses, problems: problems.slice(0, mostProblems), broken, ...(sealed === 0 ? {} : { sealed: 'sops' }) }
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
