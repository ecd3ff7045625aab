import { crc32 } from 'node:zlib'
import type { JsonObject } from '../convert/json.ts'
import { judgedDigest } from './judged-digest.ts'
import type { JudgedBlob, JudgedObject } from './types.ts'

/** An object without its body, and how many characters the body's line has. */
type Head = Omit<JudgedObject, 'object'> & { readonly digest: string; readonly length: number }
type HeadedBlob = Omit<JudgedBlob, 'objects'> & { readonly objects: readonly Head[] }

/**
 * What a blob says, as one text that a cache can hold: a checksum of the rest in the first line, the blob with heads for its objects in the
 * second, and the body of each object in a line of its own. JSON has no line breaks of its own, so that heads are read without the bodies.
 */
export function blobText(blob: JudgedBlob): string {
  const bodies = blob.objects.map(({ object }) => JSON.stringify(object))
  const objects = blob.objects.map((judged, index): Head => {
    const { object: _body, ...head } = judged
    return { ...head, digest: judgedDigest(judged), length: bodies[index]?.length ?? 0 }
  })
  const text = [JSON.stringify({ ...blob, objects }), ...bodies].join('\n')
  return `${crc32(text)}\n${text}`
}

/** The blob of a text, its objects with bodies that are parsed when they are asked for; undefined where the text is damaged. */
export function blobOfText(whole: string): JudgedBlob | undefined {
  const start = whole.indexOf('\n') + 1
  const text = whole.slice(start)
  if (whole.slice(0, start) !== `${crc32(text)}\n`) return undefined
  const end = text.indexOf('\n')
  const { objects: heads, ...rest } = JSON.parse(end < 0 ? text : text.slice(0, end)) as HeadedBlob
  let at = end + 1
  const objects = heads.map((head) => {
    const body = text.slice(at, at + head.length)
    at += head.length + 1
    return new KeptObject(head, body)
  })
  return { ...rest, objects }
}

/** An object whose body is parsed when somebody asks, and forgotten when nobody holds it any more. */
class KeptObject implements JudgedObject {
  readonly key: JudgedObject['key']
  readonly kind: JudgedObject['kind']
  readonly digest: string
  readonly references: JudgedObject['references']
  readonly line: number
  readonly column: number
  declare readonly ownerKey?: NonNullable<JudgedObject['ownerKey']>
  declare readonly notes?: readonly string[]
  declare readonly honoured?: true
  declare readonly sealed?: true
  readonly #text: string
  #object: WeakRef<JsonObject> | undefined

  constructor(head: Head, text: string) {
    this.key = head.key
    this.kind = head.kind
    this.digest = head.digest
    this.references = head.references
    this.line = head.line
    this.column = head.column
    if (head.ownerKey !== undefined) this.ownerKey = head.ownerKey
    if (head.notes !== undefined) this.notes = head.notes
    if (head.honoured !== undefined) this.honoured = head.honoured
    if (head.sealed !== undefined) this.sealed = true
    this.#text = text
  }

  get object(): JsonObject {
    const known = this.#object?.deref()
    if (known !== undefined) return known
    const object = JSON.parse(this.#text) as JsonObject
    this.#object = new WeakRef(object)
    return object
  }
}
