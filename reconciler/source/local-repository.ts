import { GitvirtError } from '../lib/errors.ts'
import { findGitDir } from './git-dir.ts'
import { createGitEngine } from './git-engine.ts'
import { listFolder, type WalkContext } from './listing.ts'
import { defaultCaps, parseRemote, parseSubPath } from './options.ts'
import { missingObject, TreeReader } from './trees.ts'
import type { Listing } from './types.ts'

/** A folder of one commit. */
export type FolderAtCommit = { readonly commit: string; readonly tree: string; readonly path: string }

/** A repository on this machine, read as it is: nothing is fetched, written or checked out. */
export type LocalRepository = {
  readonly gitDir: string
  /**
   * @param revision as git-rev-parse(1) has it: a branch, tag, commit id, HEAD~2 …
   * @throws GitvirtError `RefNotFound`, `PathNotFound`
   */
  folder(revision: string, path: string): Promise<FolderAtCommit>
  /** All manifests below a tree; their paths are relative to it. */
  list(tree: string): Promise<Listing>
  read(ids: readonly string[]): AsyncIterable<{ readonly id: string; readonly bytes: Uint8Array }>
  close(): Promise<void>
}

/**
 * Opens the repository that a folder lies in.
 * @throws GitvirtError `NotARepository`, `CommandNotFound`
 */
export async function openLocalRepository(folder: string): Promise<LocalRepository> {
  const gitDir = await findGitDir(folder)
  const engine = createGitEngine({
    remote: parseRemote(gitDir),
    target: { kind: 'head' },
    storeDir: gitDir,
    auth: undefined,
    caps: defaultCaps,
  })
  const trees = new TreeReader(engine)
  const context: WalkContext = { engine, trees, caps: defaultCaps }
  const resolve = async (name: string): Promise<string | undefined> => await engine.readRef(name)
  return {
    gitDir,
    folder: async (revision, text) => {
      const path = parseSubPath(text)
      const [commit, root] = await Promise.all([resolve(`${revision}^{commit}`), resolve(`${revision}^{tree}`)])
      if (commit === undefined || root === undefined) throw noRevision(revision, gitDir)
      const tree = await trees.folder(root, path)
      if (tree === undefined) throw noFolder(revision, path)
      return { commit, tree, path }
    },
    list: async (tree) => await listFolder(context, { id: tree, path: '' }),
    read: async function* (ids) {
      for (let at = 0; at < ids.length; at += readAhead) {
        const batch = ids.slice(at, at + readAhead).map(async (id) => {
          const object = await engine.object(id, defaultCaps.blobBytes)
          if (object?.type !== 'blob') throw missingObject('blob', id)
          return { id, bytes: object.bytes }
        })
        for (const blob of await Promise.all(batch)) yield blob
      }
    },
    close: async () => await engine.close(),
  }
}

const readAhead = 64

function noRevision(revision: string, gitDir: string): GitvirtError {
  return new GitvirtError({
    code: 'RefNotFound',
    message: `The repository ${gitDir} has no commit "${revision}".`,
    action: 'Name a branch, a tag or a commit of it; a branch that only the remote has is named origin/BRANCH.',
  })
}

function noFolder(revision: string, path: string): GitvirtError {
  return new GitvirtError({
    code: 'PathNotFound',
    message: `"${revision}" has no folder "${path}".`,
    action: 'Name the folder from the root of the repository, without "./" in front.',
  })
}
