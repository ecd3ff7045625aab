import type { JudgedBlob } from '../judge/types.ts'
import type { BlobOpener } from '../sealed/blob-opener.ts'
import type { ReadBlobs } from '../types.ts'

/** Puts in place of encrypted blobs what the opener makes of them. One at a time, so that few contents are in memory twice. */
export async function openSealed(blobs: Map<string, JudgedBlob>, opener: BlobOpener | undefined, read: ReadBlobs): Promise<void> {
  if (opener === undefined) return
  const shut: string[] = []
  for (const [id, { sealed }] of blobs) {
    if (sealed === undefined) continue
    const known = opener.recall(id)
    if (known !== undefined) blobs.set(id, known)
    else shut.push(id)
  }
  if (opener.open === undefined || shut.length === 0) return
  for await (const { id, bytes } of read(shut)) if (bytes !== undefined) blobs.set(id, await opener.open(id, bytes))
}
