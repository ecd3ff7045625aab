import { judgedDigest } from '../desired/judge/judged-digest.ts'
import type { JudgedBlob, JudgedObject } from '../desired/judge/types.ts'

/** An object of which the body is left out: the digest stands for it. */
type Bodiless = JudgedObject & { readonly digest: string }

/** What a blob declares without the bodies and references, as text: all that an index is made of. */
export function packBlob(blob: JudgedBlob): string {
  const objects = blob.objects.map((judged): Bodiless => ({ ...judged, digest: judgedDigest(judged), object: {}, references: [] }))
  return JSON.stringify({ ...blob, objects })
}

/** The reverse; undefined for a damaged text. */
export function unpackBlob(text: string): JudgedBlob | undefined {
  try {
    const blob = JSON.parse(text) as Partial<JudgedBlob> | null
    return Array.isArray(blob?.objects) && typeof blob.broken === 'boolean' ? (blob as JudgedBlob) : undefined
  } catch {
    return undefined
  }
}
