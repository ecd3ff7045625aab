import { GitvirtError } from '../lib/errors.ts'
import { createFileTree } from './file-tree.ts'
import { listFolder, type WalkContext } from './listing.ts'
import { readCommit } from './read-commit.ts'
import { findGitDir } from './local-tree.ts'
import { openReader } from './object-reader.ts'
import { defaultCaps } from './options.ts'
import { readBlobs, type BlobContent } from './read-blobs.ts'
import { TreeReader } from './trees.ts'
import type { FileTree, Listing } from './types.ts'

/** A repository on this machine, read as it is: nothing is fetched, written or checked out. */
export type LocalRepository = {
  /** The tree of a commit, and that of a folder in it; the folder's is undefined where there is none. */
  trees(commit: string, path: string): Promise<{ readonly whole: string; readonly folder: string | undefined }>
  /** All manifests below a tree, not measured; their paths begin with `path`, default relative to the tree. */
  list(tree: string, path?: string): Promise<Listing>
  /** All files of a commit's tree. */
  files(tree: string): FileTree
  read(ids: readonly string[]): AsyncIterable<BlobContent>
  close(): Promise<void>
}

/**
 * Opens the repository that a folder lies in.
 * @throws GitvirtError `NotARepository`, `CommandNotFound`
 */
export async function openLocalRepository(folder: string): Promise<LocalRepository> {
  return readGitDir(await findGitDir(folder))
}

/** Reads the repository of a .git folder. */
export function readGitDir(gitDir: string): LocalRepository {
  const reader = openReader(gitDir)
  const context: WalkContext = { engine: reader, trees: new TreeReader(reader), caps: defaultCaps, measures: false }
  const read: LocalRepository['read'] = (ids) => readBlobs(reader, ids, { maxBytes: defaultCaps.blobBytes, failed: ownClone })
  return {
    trees: async (commit, path) => {
      const { tree: whole } = await readCommit(reader, commit).catch(ownClone)
      return { whole, folder: await context.trees.folder(whole, path).catch(ownClone) }
    },
    list: async (tree, path = '') => await listFolder(context, { id: tree, path }).catch(ownClone),
    files: (tree) => createFileTree(context, tree, read),
    read,
    close: async () => await reader.close(),
  }
}

/** A store of ours may be thrown away where it is damaged; a person's clone may not. */
function ownClone(error: unknown): never {
  if (!(error instanceof GitvirtError) || (error.code !== 'ObjectMissing' && error.code !== 'StoreUnreadable')) throw error
  const action = 'Check the repository with "git fsck"; of a partial clone, fetch the missing objects first.'
  throw new GitvirtError({ code: error.code, message: error.message, action, cause: error })
}
