import { judgeBlob } from '../../desired/judge/judge-blob.ts'
import { splitDocuments } from '../../desired/parse/chunks.ts'
import type { ObjectKey } from '../../lib/object-key.ts'

/** The text of one document of a file, and where it stands. */
export type ObjectPart = {
  readonly text: string
  readonly start: number
  readonly end: number
  /** Objects of the same document. */ readonly others: number
}

/** The document of a file that declares an object itself; undefined where none does, or only a machine's template. */
export function objectPart(file: string, key: ObjectKey): ObjectPart | undefined {
  for (const { text, offset } of splitDocuments(file) ?? [{ text: file, offset: 0 }]) {
    const { objects, invalid } = judgeBlob(Buffer.from(text))
    const own = [...objects.filter(({ ownerKey }) => ownerKey === undefined), ...invalid].map((one) => one.key)
    if (own.includes(key)) return { text, start: offset, end: offset + text.length, others: own.length - 1 }
  }
  return undefined
}

/** One object's word in the files of a tree: its file and its document. */
export type PlacedPart = { readonly path: string; readonly file: string; readonly part: ObjectPart }

/** A file's new text; undefined where it goes. */
export type FileEdit = { readonly path: string; readonly text: string | undefined }

/**
 * What brings one object back to what it was, in the files as they are now, and nothing else: its document is put in the place of today's
 * one, added where it is gone, or taken out where it was not there.
 * @param now the object's place now; undefined where it is gone
 * @param then the same, in the state to go back to
 * @param file the text that stands now at the path where the object was
 */
export function restoreObject(now: PlacedPart | undefined, then: PlacedPart | undefined, file: string | undefined): FileEdit | undefined {
  if (now !== undefined) {
    const text = then === undefined ? cutOut(now) : putIn(now, then.part.text)
    return { path: now.path, text: text.trim() === '' ? undefined : text }
  }
  if (then === undefined) return undefined
  const added = then.part.text
  return { path: then.path, text: file === undefined ? body(added) : `${withEnd(file)}---\n${withEnd(body(added))}` }
}

const marker = /^---[ \t]*(?:#[^\n]*)?\r?\n/

function body(text: string): string {
  return text.replace(marker, '')
}

function withEnd(text: string): string {
  return text.endsWith('\n') ? text : `${text}\n`
}

function putIn({ file, part }: PlacedPart, text: string): string {
  const head = marker.exec(part.text)?.[0] ?? ''
  const rest = file.slice(part.end)
  const fresh = `${head}${body(text)}`
  return `${file.slice(0, part.start)}${rest === '' ? fresh : withEnd(fresh)}${rest}`
}

function cutOut({ file, part }: PlacedPart): string {
  const [before, after] = [file.slice(0, part.start), file.slice(part.end)]
  return before.trim() === '' ? `${before}${body(after)}` : `${before}${after}`
}
