import { deepEqual, equal, ok } from 'node:assert/strict'
import { describe, it } from 'node:test'
import { loadBlobs } from '../../../../../reconciler/desired/engine/load-blobs.ts'
import { blobText } from '../../../../../reconciler/desired/judge/blob-text.ts'
import { judgeBlob } from '../../../../../reconciler/desired/judge/judge-blob.ts'
import type { JudgedBlob } from '../../../../../reconciler/desired/judge/types.ts'
import type { Judges } from '../../../../../reconciler/desired/judges.ts'
import { defaultLimits } from '../../../../../reconciler/desired/parse/limits.ts'

function blob(index: number): Uint8Array {
  return new TextEncoder().encode(`apiVersion: v1\nkind: Namespace\nmetadata:\n  name: n-${index}\n`)
}

async function* read(ids: readonly string[]): AsyncGenerator<{ id: string; bytes: Uint8Array }> {
  for (const id of ids) if (id !== '7') yield { id, bytes: blob(Number(id)) }
}

const ids = Array.from({ length: 620 }, (_, index) => String(index))
const expected = new Map(ids.filter((id) => id !== '7').map((id) => [id, judgeBlob(blob(Number(id)))]))

/** Judges that note how they were used; `answer` makes the text of one blob. */
function fakeJudges(answer: (bytes: Uint8Array) => Promise<string>): Judges & { batches: number; closed: number } {
  return {
    parallel: 3,
    batches: 0,
    closed: 0,
    async judge(blobs) {
      this.batches += 1
      return await Promise.all(blobs.map(answer))
    },
    async close() {
      this.closed += 1
    },
  }
}

const right = async (bytes: Uint8Array): Promise<string> => blobText(judgeBlob(bytes))

/** With every body at hand. */
function plain(blobs: ReadonlyMap<string, JudgedBlob>): Map<string, JudgedBlob> {
  return new Map(
    [...blobs].map(([id, one]) => [id, { ...one, objects: one.objects.map((object) => ({ ...object, object: object.object })) }]),
  )
}

describe('loadBlobs', () => {
  it('hands many blobs to the judges and ends them', async () => {
    const judges = fakeJudges(right)
    const cached = new Map<string, string>()
    const cache = {
      get: () => new Map<string, string>(),
      put: (entries: Iterable<readonly [string, string]>) => {
        for (const [id, text] of entries) cached.set(id, text)
      },
    }
    const blobs = await loadBlobs(ids, { cache, limits: defaultLimits, read, openJudges: () => judges })
    deepEqual(plain(blobs), expected)
    ok(judges.batches > 0)
    equal(judges.closed, 1)
    equal(cached.get('619'), blobText(judgeBlob(blob(619))))
  })

  it('judges itself what the threads have no room for', async () => {
    const held = Promise.withResolvers<undefined>()
    const judges = fakeJudges(async (bytes) => {
      await held.promise
      return await right(bytes)
    })
    const reading = async function* (): AsyncGenerator<{ id: string; bytes: Uint8Array }> {
      yield* read(ids)
      held.resolve(undefined)
    }
    deepEqual(plain(await loadBlobs(ids, { cache: undefined, limits: defaultLimits, read: reading, openJudges: () => judges })), expected)
    equal(judges.batches, judges.parallel)
  })

  it('judges everything itself where there is no other thread', async () => {
    const judges = { ...fakeJudges(right), parallel: 0 }
    deepEqual(plain(await loadBlobs(ids, { cache: undefined, limits: defaultLimits, read, openJudges: () => judges })), expected)
    equal(judges.batches, 0)
  })

  it('judges few blobs itself', async () => {
    const judges = fakeJudges(right)
    const blobs = await loadBlobs(ids.slice(0, 20), { cache: undefined, limits: defaultLimits, read, openJudges: () => judges })
    equal(blobs.size, 19)
    equal(judges.batches, 0)
  })

  it('judges itself what a thread failed to, or answered with nonsense', async () => {
    let calls = 0
    const judges = fakeJudges(async (bytes) => {
      calls += 1
      if (calls % 200 === 0) throw new Error('the thread ended')
      return calls % 3 === 0 ? '{"objects":' : await right(bytes)
    })
    deepEqual(plain(await loadBlobs(ids, { cache: undefined, limits: defaultLimits, read, openJudges: () => judges })), expected)
  })

  it('ends the judges when the reader fails', async () => {
    const judges = fakeJudges(right)
    const failing = async function* (): AsyncGenerator<{ id: string; bytes: Uint8Array }> {
      yield* read(ids.slice(100, 300))
      throw new Error('the repository is gone')
    }
    const outcome = await loadBlobs(ids, { cache: undefined, limits: defaultLimits, read: failing, openJudges: () => judges }).catch(String)
    equal(outcome, 'Error: the repository is gone')
    equal(judges.closed, 1)
  })
})
