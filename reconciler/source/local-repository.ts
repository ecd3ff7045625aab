import { createGitEngine } from './git-engine.ts'
import { listFolder, type WalkContext } from './listing.ts'
import { findGitDir } from './local-tree.ts'
import { defaultCaps, parseRemote } from './options.ts'
import { missingObject, TreeReader } from './trees.ts'
import type { Listing } from './types.ts'

/** A repository on this machine, read as it is: nothing is fetched, written or checked out. */
export type LocalRepository = {
  /** All manifests below a tree; their paths are relative to it. */
  list(tree: string): Promise<Listing>
  read(ids: readonly string[]): AsyncIterable<{ readonly id: string; readonly bytes: Uint8Array }>
  close(): Promise<void>
}

const readAhead = 256

/**
 * Opens the repository that a folder lies in.
 * @throws GitvirtError `NotARepository`, `CommandNotFound`
 */
export async function openLocalRepository(folder: string): Promise<LocalRepository> {
  const storeDir = await findGitDir(folder)
  const engine = createGitEngine({ remote: parseRemote(storeDir), target: { kind: 'head' }, storeDir, auth: undefined, caps: defaultCaps })
  const context: WalkContext = { engine, trees: new TreeReader(engine), caps: defaultCaps }
  const readOne = async (id: string): Promise<{ id: string; bytes: Uint8Array }> => {
    const object = await engine.object(id, defaultCaps.blobBytes)
    if (object?.type !== 'blob') throw missingObject('blob', id)
    return { id, bytes: object.bytes }
  }
  return {
    list: async (tree) => await listFolder(context, { id: tree, path: '' }),
    read: async function* (ids) {
      for (let at = 0; at < ids.length; at += readAhead) yield* await Promise.all(ids.slice(at, at + readAhead).map(readOne))
    },
    close: async () => await engine.close(),
  }
}
