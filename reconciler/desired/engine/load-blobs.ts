import type { BlobCache } from '../cache.ts'
import { blobOfText, blobText } from '../judge/blob-text.ts'
import { judgeBlob } from '../judge/judge-blob.ts'
import { relocate } from '../judge/relocate.ts'
import type { JudgedBlob } from '../judge/types.ts'
import type { Judges, OpenJudges } from '../judges.ts'
import type { ParseLimits } from '../parse/limits.ts'
import type { MadeFrom, ReadBlobs } from '../types.ts'

/** Blobs per round trip to the cache: enough to make its transactions cheap, few enough to keep memory flat. */
const batchSize = 500
/** Blobs from which starting threads pays. */
const manyBlobs = 500
/** Blobs per message to a thread. */
const messageSize = 50

export type LoadOptions = {
  readonly cache: BlobCache | undefined
  readonly limits: ParseLimits
  readonly read: ReadBlobs
  readonly openJudges?: OpenJudges | undefined
}

type Judged = { readonly id: string; readonly blob: JudgedBlob; readonly text?: string }
type Read = { readonly id: string; readonly bytes: Uint8Array; readonly made?: MadeFrom }

/**
 * What each blob says: from the cache where it is there, else read and judged, and put there. Blobs that the reader leaves out are
 * left out. Holds the bytes of few blobs at a time.
 */
export async function loadBlobs(ids: readonly string[], options: LoadOptions): Promise<Map<string, JudgedBlob>> {
  const blobs = new Map<string, JudgedBlob>()
  for (let at = 0; at < ids.length; at += batchSize) fromCache(ids.slice(at, at + batchSize), options, blobs)
  const missing = blobs.size === 0 ? ids : ids.filter((id) => !blobs.has(id))
  if (missing.length === 0) return blobs
  let fresh: [string, string][] = []
  for await (const { id, blob, text } of judgeAll(missing, options)) {
    blobs.set(id, blob)
    if (options.cache === undefined) continue
    fresh.push([id, text ?? blobText(blob)])
    if (fresh.length < batchSize) continue
    options.cache.put(fresh)
    fresh = []
  }
  if (fresh.length > 0) options.cache?.put(fresh)
  return blobs
}

async function* judgeAll(ids: readonly string[], options: LoadOptions): AsyncGenerator<Judged> {
  if (options.openJudges === undefined || ids.length < manyBlobs) {
    for await (const read of options.read(ids)) yield judgeHere(read, options)
    return
  }
  const judges = options.openJudges(options.limits)
  try {
    yield* judgeApart(ids, options, judges)
  } finally {
    await judges.close()
  }
}

function judgeHere({ id, bytes, made }: Read, { limits, cache }: LoadOptions): Judged {
  const judged = judgeBlob(bytes, limits)
  const blob = made === undefined ? judged : relocate(judged, made)
  if (cache === undefined) return { id, blob }
  const text = blobText(blob)
  return { id, blob: blobOfText(text) ?? blob, text }
}

/** Hands batches out, as many as keep the threads busy; what comes beyond is judged here meanwhile. Answers come in any order. */
async function* judgeApart(ids: readonly string[], options: LoadOptions, judges: Judges): AsyncGenerator<Judged> {
  const underWay = new Set<Promise<void>>()
  let answered: Judged[] = []
  let batch: Read[] = []
  const send = (): void => {
    const answer = judgeBatch(batch, options, judges).then((judged) => {
      answered.push(...judged)
      underWay.delete(answer)
    })
    // Awaited at the end; until then a failure must not count as unhandled.
    answer.catch(() => undefined)
    underWay.add(answer)
  }
  for await (const read of options.read(ids)) {
    batch.push(read)
    if (batch.length < messageSize) continue
    if (underWay.size < judges.parallel) send()
    else yield* batch.map((one) => judgeHere(one, options))
    batch = []
    yield* answered
    answered = []
  }
  yield* batch.map((one) => judgeHere(one, options))
  await Promise.all(underWay)
  yield* answered
}

/** One batch by a thread; by this one where the thread's answer fails. */
async function judgeBatch(batch: readonly Read[], options: LoadOptions, judges: Judges): Promise<readonly Judged[]> {
  const texts = await judges.judge(batch.map(({ bytes }) => bytes)).catch((): readonly string[] => [])
  return batch.map((read, index) => {
    // Made texts are few, and are judged where their places are known.
    const text = read.made === undefined ? texts[index] : undefined
    const blob = text === undefined ? undefined : blobOfText(text)
    return blob === undefined || text === undefined ? judgeHere(read, options) : { id: read.id, blob, text }
  })
}

/** A damaged entry counts as absent: the blob is read and judged anew. */
function fromCache(ids: readonly string[], { cache }: LoadOptions, blobs: Map<string, JudgedBlob>): void {
  if (cache === undefined) return
  for (const [id, text] of cache.get(ids)) {
    const blob = blobOfText(text)
    if (blob !== undefined) blobs.set(id, blob)
  }
}
