import type { IndexedObject, SideIndex } from './types.ts'

type Row = readonly [key: string, digest: string, path: string, line: number, column: number, blob?: string | null, owner?: string]
type Packed = Omit<SideIndex, 'objects'> & { readonly rows: readonly Row[] }

/** An index as text that is quick to read. */
export function packIndex({ objects, ...rest }: SideIndex): string {
  const rows = objects.map(({ key, digest, path, line, column, blob, ownerKey }): Row => {
    const place = [key, digest, path, line, column] as const
    if (ownerKey !== undefined) return [...place, blob ?? null, ownerKey]
    return blob === undefined ? place : [...place, blob]
  })
  return JSON.stringify({ ...rest, rows } satisfies Packed)
}

/** The reverse; undefined for a text that is absent or damaged. */
export function unpackIndex(text: string | undefined): SideIndex | undefined {
  try {
    const { rows, ...rest } = JSON.parse(text ?? 'null') as Packed
    return { ...rest, objects: rows.map(unpackRow) }
  } catch {
    return undefined
  }
}

function unpackRow([key, digest, path, line, column, blob, ownerKey]: Row): IndexedObject {
  return {
    key,
    digest,
    path,
    line,
    column,
    ...(typeof blob === 'string' ? { blob } : {}),
    ...(ownerKey === undefined ? {} : { ownerKey }),
  }
}
