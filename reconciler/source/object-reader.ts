import type { CatAnswer } from './batch-answers.ts'
import { CatFile } from './cat-file.ts'
import type { ObjectReader } from './engine.ts'
import { streamObjects } from './object-stream.ts'

const manyIds = 500

/** Reads a store by long-lived git processes, which `close` ends; a later call starts them again. */
export type StoreReader = ObjectReader & {
  /** Id of what a reference leads to; undefined where the store has no such name. */
  id(name: string): Promise<string | undefined>
  close(): Promise<void>
}

export function openReader(storeDir: string): StoreReader {
  const headers = new CatFile(storeDir, false)
  const contents = new CatFile(storeDir, true)
  return {
    id: async (name) => (await headers.request(name))?.id,
    sizes: async (ids) => await (ids.length > manyIds ? readManySizes(storeDir, ids) : readSizes(headers, ids)),
    object: async (id, maxBytes) => {
      const answer = await contents.request(id, maxBytes)
      return answer?.bytes === undefined ? undefined : { id: answer.id, type: answer.type, bytes: answer.bytes }
    },
    objects: (ids, maxBytes) => (ids.length > manyIds ? streamObjects(storeDir, ids, maxBytes) : readObjects(contents, ids, maxBytes)),
    close: async () => void (await Promise.all([headers.close(), contents.close()])),
  }
}

/** Requests that are under way at the same time. */
const readAhead = 64

async function* readObjects(contents: CatFile, ids: readonly string[], maxBytes: number): AsyncGenerator<readonly CatAnswer[]> {
  let waiting: Promise<readonly (CatAnswer | undefined)[]> = Promise.resolve([])
  // Asked for by the half of what may wait, so that many requests go in one write.
  for (let at = 0; at < ids.length + readAhead / 2; at += readAhead / 2) {
    const asked = Promise.all(ids.slice(at, at + readAhead / 2).map(async (id) => await contents.request(id, maxBytes)))
    // A reader that stops early must not turn a late failure into an unhandled one.
    asked.catch(() => undefined)
    yield (await waiting).filter((answer) => answer !== undefined)
    waiting = asked
  }
}

async function readSizes(headers: CatFile, ids: readonly string[]): Promise<Map<string, number>> {
  const answers = await Promise.all(ids.map(async (id) => await headers.request(id)))
  const sizes = new Map<string, number>()
  for (const answer of answers) if (answer !== undefined) sizes.set(answer.id, answer.size)
  return sizes
}

async function readManySizes(storeDir: string, ids: readonly string[]): Promise<Map<string, number>> {
  const bulk = new CatFile(storeDir, false, 'bulk')
  const sizes = readSizes(bulk, ids)
  await bulk.close()
  return await sizes
}
