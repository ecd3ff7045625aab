import type { ParseLimits } from './parse/limits.ts'

/** Judges blobs in other threads. Each text is the `blobText` of what `judgeBlob` returns, so that it goes into a cache as it is. */
export type Judges = {
  /** Batches that are worth having under way at the same time; the caller judges what comes beyond. 0: there is no other thread. */
  readonly parallel: number
  /** Texts in the order of the blobs. @throws whatever made a thread end; the blobs can be judged again */
  judge(blobs: readonly Uint8Array[]): Promise<readonly string[]>
  /** Ends the threads. */
  close(): Promise<void>
}

/** Starts them for one load of many blobs, so that they hold no memory between loads. */
export type OpenJudges = (limits: ParseLimits) => Judges
