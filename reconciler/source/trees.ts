import { GitvirtError } from '../lib/errors.ts'
import type { ObjectReader } from './engine.ts'
import { findEntry } from './tree.ts'

const maxTreeBytes = 2 ** 26
const cacheBytes = 2 ** 25

/** Reads tree objects by id and keeps the last used ones, so that a diff against the last revision reads one side only. */
export class TreeReader {
  readonly #engine: Pick<ObjectReader, 'object'>
  readonly #cache = new Map<string, Buffer>()
  #cached = 0

  constructor(engine: Pick<ObjectReader, 'object'>) {
    this.#engine = engine
  }

  /** @throws GitvirtError `ObjectMissing`, also for a tree of more than 64 MiB. */
  async read(id: string): Promise<Buffer> {
    const known = this.#cache.get(id)
    if (known !== undefined) {
      this.#cache.delete(id)
      this.#cache.set(id, known)
      return known
    }
    const object = await this.#engine.object(id, maxTreeBytes)
    if (object?.type !== 'tree') throw missingObject('tree', id)
    this.#keep(id, object.bytes)
    return object.bytes
  }

  /**
   * The id of the folder at the sub-path, or undefined where there is none.
   * @param root id of the commit's tree
   */
  async folder(root: string, path: string): Promise<string | undefined> {
    let id = root
    for (const part of path === '' ? [] : path.split('/')) {
      const entry = findEntry(await this.read(id), part, id.length / 2)
      if (entry === undefined || !entry.isTree) return undefined
      id = entry.id
    }
    return id
  }

  #keep(id: string, bytes: Buffer): void {
    this.#cache.set(id, bytes)
    this.#cached += bytes.length
    for (const [oldest, old] of this.#cache) {
      if (this.#cached <= cacheBytes) return
      this.#cache.delete(oldest)
      this.#cached -= old.length
    }
  }
}

export function missingObject(type: string, id: string): GitvirtError {
  return new GitvirtError({
    code: 'ObjectMissing',
    message: `The object store does not hold the ${type} ${id}, or it is too large to read.`,
    action: 'Remove the object store, so that the repository is fetched again.',
  })
}
