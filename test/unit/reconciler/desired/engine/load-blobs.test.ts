import { deepEqual, equal } from 'node:assert/strict'
import { describe, it } from 'node:test'
import { loadBlobs } from '../../../../../reconciler/desired/engine/load-blobs.ts'
import { blobText } from '../../../../../reconciler/desired/judge/blob-text.ts'
import { judgeBlob } from '../../../../../reconciler/desired/judge/judge-blob.ts'
import { judgedDigest } from '../../../../../reconciler/desired/judge/judged-digest.ts'
import type { JudgedBlob, JudgedObject } from '../../../../../reconciler/desired/judge/types.ts'
import { defaultLimits } from '../../../../../reconciler/desired/parse/limits.ts'
import type { BlobContent } from '../../../../../reconciler/desired/types.ts'

function blob(index: number): Uint8Array {
  return new TextEncoder().encode(`apiVersion: v1\nkind: Namespace\nmetadata:\n  name: n-${index}\n`)
}

/** Reads all but blob 7, which is gone. */
async function* read(ids: readonly string[]): AsyncGenerator<BlobContent> {
  for (const id of ids) if (id !== '7') yield { id, bytes: blob(Number(id)) }
}

const ids = Array.from({ length: 620 }, (_, index) => String(index))
const expected = plain(new Map(ids.filter((id) => id !== '7').map((id) => [id, judgeBlob(blob(Number(id)))])))

/** With every body and digest at hand. */
function plain(blobs: ReadonlyMap<string, JudgedBlob>): Map<string, JudgedBlob> {
  const whole = (one: JudgedObject): JudgedObject => ({ ...one, object: one.object, digest: judgedDigest(one) })
  return new Map([...blobs].map(([id, one]) => [id, { ...one, objects: one.objects.map(whole) }]))
}

function mapCache(entries = new Map<string, string>()) {
  const asked: string[] = []
  const cache = {
    get: (wanted: readonly string[]) => {
      asked.push(...wanted)
      return new Map(wanted.flatMap((id) => (entries.has(id) ? [[id, entries.get(id) ?? ''] as const] : [])))
    },
    put: (fresh: Iterable<readonly [string, string]>) => {
      for (const [id, text] of fresh) entries.set(id, text)
    },
  }
  return { cache, entries, asked }
}

describe('loadBlobs', () => {
  it('judges what is read, and leaves out what is gone', async () => {
    deepEqual(plain(await loadBlobs(ids, { cache: undefined, limits: defaultLimits, read })), expected)
  })

  it('puts what it judged into the cache, and reads nothing of it again', async () => {
    const { cache, entries } = mapCache()
    deepEqual(plain(await loadBlobs(ids, { cache, limits: defaultLimits, read })), expected)
    equal(entries.get('619'), blobText(judgeBlob(blob(619))))
    const asked: string[] = []
    const noted = (wanted: readonly string[]): AsyncGenerator<BlobContent> => {
      asked.push(...wanted)
      return read(wanted)
    }
    deepEqual(plain(await loadBlobs(ids, { cache, limits: defaultLimits, read: noted })), expected)
    deepEqual(asked, ['7'])
  })

  it('judges a damaged entry of the cache anew', async () => {
    const { cache } = mapCache(new Map([['3', '{"objects":']]))
    deepEqual(plain(await loadBlobs(['3'], { cache, limits: defaultLimits, read })), new Map([['3', expected.get('3')]]))
  })

  it('tells of a blob that is too large to be read what it tells of one that was', async () => {
    const limits = { ...defaultLimits, maxBytes: 10 }
    const unread = async function* (): AsyncGenerator<BlobContent> {
      yield { id: '3', size: blob(3).byteLength }
    }
    const loaded = await loadBlobs(['3'], { cache: undefined, limits, read: unread })
    deepEqual(loaded, await loadBlobs(['3'], { cache: undefined, limits, read }))
    equal(loaded.get('3')?.problems[0]?.code, 'TooLarge')
  })

  it('fails as the reader does', async () => {
    const failing = async function* (): AsyncGenerator<BlobContent> {
      yield* read(ids.slice(100, 300))
      throw new Error('the repository is gone')
    }
    equal(await loadBlobs(ids, { cache: undefined, limits: defaultLimits, read: failing }).catch(String), 'Error: the repository is gone')
  })
})
