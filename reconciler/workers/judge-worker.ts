/** A thread that judges batches of blobs; see judge-pool.ts. */
import { parentPort, workerData } from 'node:worker_threads'
import { blobText } from '../desired/judge/blob-text.ts'
import { judgeBlob } from '../desired/judge/judge-blob.ts'
import type { ParseLimits } from '../desired/parse/limits.ts'

/** Blobs one after the other in one buffer, which costs one copy and no thread holds longer than it needs. */
export type JudgeRequest = { readonly batch: number; readonly bytes: Uint8Array; readonly ends: readonly number[] }
export type JudgeAnswer = { readonly batch: number; readonly texts: readonly string[] }

const limits = workerData as ParseLimits

parentPort?.on('message', ({ batch, bytes, ends }: JudgeRequest) => {
  let start = 0
  const texts = ends.map((end) => {
    const blob = bytes.subarray(start, end)
    start = end
    return blobText(judgeBlob(blob, limits))
  })
  const answer: JudgeAnswer = { batch, texts }
  parentPort?.postMessage(answer, [])
})
