import { judgeBlob, judgeDocuments } from '../judge/judge-blob.ts'
import type { JudgedBlob, JudgedObject } from '../judge/types.ts'
import { defaultLimits } from '../parse/limits.ts'
import type { ParseLimits } from '../parse/limits.ts'
import { parseManifest } from '../parse/parse-manifest.ts'
import type { Problem } from '../parse/problem.ts'
import { judgeOpened, judgeVeiled } from './judge-sealed.ts'
import { encryptedKind, isAgeFile, isSealable } from './recognise.ts'
import type { Unsealed, Unsealer, UnsealFault } from './unsealer.ts'

/** Says what encrypted blobs hold. */
export type BlobOpener = {
  /** The verdict on an opened blob that is still in use somewhere; opens nothing. */
  recall(id: string): JudgedBlob | undefined
  /** Opens a blob. Absent where keys must not be used. */
  readonly open?: (id: string, bytes: Uint8Array) => Promise<JudgedBlob>
  /** True where keys came or went since the last call, or what kept files shut may have passed. */
  keysChanged(): Promise<boolean>
}

/** An opener with the operator's keys. It keeps no verdict: those that nobody uses any more are forgotten with their values. */
export function createBlobOpener(unsealer: Unsealer, limits: ParseLimits = defaultLimits): Required<BlobOpener> {
  const opened = new Map<string, WeakRef<JudgedBlob>>()
  const forget = new FinalizationRegistry((id: string) => {
    if (opened.get(id)?.deref() === undefined) opened.delete(id)
  })
  return {
    recall: (id) => opened.get(id)?.deref(),
    open: async (id, bytes) => {
      const blob = await openBlob(bytes, unsealer, limits)
      if (blob.locked !== true) {
        opened.set(id, new WeakRef(blob))
        forget.register(blob, id)
      }
      return blob
    },
    keysChanged: async () => await unsealer.keysChanged(),
  }
}

async function openBlob(bytes: Uint8Array, unsealer: Unsealer, limits: ParseLimits): Promise<JudgedBlob> {
  if (isAgeFile(bytes)) return await openAgeFile(bytes, unsealer, limits)
  const unsealed = await unsealer.sops(bytes)
  const faults = unsealed.some(({ fault }) => fault !== undefined)
  const blob = judgeDocuments(parseManifest(bytes, limits), limits, (document, index) =>
    judgeOpened(document, unsealed[index] ?? unsealed.at(-1) ?? unopened, { limits, digest: unsealer.digest }),
  )
  return faults ? { ...blob, locked: true } : blob
}

const unopened: Unsealed = { fault: { code: 'EncryptedFileDamaged', message: 'The encrypted file cannot be read.' } }

async function openAgeFile(bytes: Uint8Array, unsealer: Unsealer, limits: ParseLimits): Promise<JudgedBlob> {
  const text = await unsealer.age(bytes)
  if (text.fault !== undefined) return { ...nothing, problems: [problemOf(text.fault)], sealed: 'age', locked: true }
  // Limits of their own have texts to compare with of their own: what was opened is not kept for the files after it.
  const inner = judgeBlob(text.bytes, { ...limits })
  if (inner.sealed !== undefined) return { ...nothing, problems: [problemOf(nested)], sealed: 'age' }
  const refusals = inner.objects.filter(({ kind }) => !isSealable(kind)).map(refusal)
  const objects = inner.objects.filter(({ kind }) => isSealable(kind))
  const judged = judgeVeiled(atStart({ ...inner, objects }), unsealer.digest)
  return {
    ...judged,
    guesses: inner.guesses,
    problems: [...judged.problems, ...refusals],
    invalid: [
      ...judged.invalid,
      ...refusals.flatMap(({ object, line, column }) => (object === undefined ? [] : [{ key: object, line, column }])),
    ],
    broken: judged.broken || refusals.length > 0,
    sealed: 'age',
  }
}

/** Places inside the text of an age file tell nobody anything: the file itself is the place. */
function atStart(blob: JudgedBlob): JudgedBlob {
  const start = { line: 1, column: 1 }
  return {
    ...blob,
    objects: blob.objects.map((object) => ({ ...object, ...start })),
    invalid: blob.invalid.map((claim) => ({ ...claim, ...start })),
    problems: blob.problems.map((problem) => ({ ...problem, ...start })),
  }
}

const nothing: JudgedBlob = { objects: [], invalid: [], guesses: [], problems: [], broken: true }

const nested: UnsealFault = {
  code: 'UnsupportedEncryption',
  message: 'What this age file holds is encrypted again.',
  action: 'Encrypt it once.',
}

function refusal({ key, kind }: JudgedObject): Problem {
  return { ...encryptedKind(kind), object: key, line: 1, column: 1 }
}

function problemOf({ code, message, action }: UnsealFault): Problem {
  return { severity: 'error', code, message, ...(action === undefined ? {} : { action }), line: 1, column: 1 }
}
