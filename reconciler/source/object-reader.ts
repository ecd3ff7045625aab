import { CatFile } from './cat-file.ts'
import type { ObjectReader } from './engine.ts'

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
    close: async () => void (await Promise.all([headers.close(), contents.close()])),
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
