import { availableParallelism } from 'node:os'
import { Worker } from 'node:worker_threads'
import type { Judges } from '../desired/judges.ts'
import type { ParseLimits } from '../desired/parse/limits.ts'
import { GitvirtError } from '../lib/errors.ts'
import type { JudgeAnswer, JudgeRequest } from './judge-worker.ts'

/** More threads than this wait for the one that hands out blobs. */
const mostThreads = 4

/** Batches for each thread: one that it judges and one that waits, so that it never does. */
const batchesEach = 2

type Waiting = { readonly worker: Worker; readonly resolve: (texts: readonly string[]) => void; readonly reject: (error: unknown) => void }

/** Starts threads, each with the rules of the desired state in it: one for each CPU but the caller's, at most four. */
export function openJudges(limits: ParseLimits, threads = Math.min(availableParallelism() - 1, mostThreads)): Judges {
  const pool = new JudgePool(Array.from({ length: threads }, () => startWorker(limits)))
  return { parallel: threads * batchesEach, judge: async (blobs) => await pool.judge(blobs), close: async () => await pool.close() }
}

function startWorker(limits: ParseLimits): Worker {
  return new Worker(new URL('./judge-worker.ts', import.meta.url), { workerData: limits })
}

class JudgePool {
  /** Those that have not ended. */
  readonly #workers: Set<Worker>
  readonly #waiting = new Map<number, Waiting>()
  #batches = 0

  constructor(workers: readonly Worker[]) {
    this.#workers = new Set(workers)
    for (const worker of workers) {
      worker.on('message', ({ batch, texts }: JudgeAnswer) => this.#take(batch)?.resolve(texts))
      worker.on('error', (error) => this.#fail(worker, error))
      worker.on('exit', () =>
        this.#fail(worker, new GitvirtError({ code: 'ThreadEnded', message: 'A thread that judged manifests ended.' })),
      )
    }
  }

  async judge(blobs: readonly Uint8Array[]): Promise<readonly string[]> {
    const batch = this.#batches
    this.#batches += 1
    const worker = [...this.#workers][batch % this.#workers.size]
    if (worker === undefined) throw new GitvirtError({ code: 'ThreadEnded', message: 'There is no thread to judge manifests.' })
    const request = pack(batch, blobs)
    return await new Promise((resolve, reject) => {
      this.#waiting.set(batch, { worker, resolve, reject })
      worker.postMessage(request, [request.bytes.buffer as ArrayBuffer])
    })
  }

  async close(): Promise<void> {
    await Promise.all([...this.#workers].map(async (worker) => await worker.terminate()))
  }

  #take(batch: number): Waiting | undefined {
    const waiting = this.#waiting.get(batch)
    this.#waiting.delete(batch)
    return waiting
  }

  #fail(worker: Worker, error: unknown): void {
    this.#workers.delete(worker)
    for (const [batch, waiting] of this.#waiting) if (waiting.worker === worker) this.#take(batch)?.reject(error)
  }
}

/** A buffer of its own: a small Buffer is a window on a shared one, which would be copied as a whole. */
function pack(batch: number, blobs: readonly Uint8Array[]): JudgeRequest {
  const bytes = new Uint8Array(blobs.reduce((sum, blob) => sum + blob.byteLength, 0))
  let end = 0
  const ends = blobs.map((blob) => {
    bytes.set(blob, end)
    end += blob.byteLength
    return end
  })
  return { batch, bytes, ends }
}
