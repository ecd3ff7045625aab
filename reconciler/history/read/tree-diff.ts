import type { PathEdit } from '../meaning/commit.ts'
import { createEditReader } from './commits.ts'
import { eachPart } from './git-stream.ts'

/** The manifests in which two trees (or commits) differ, below a folder; empty for the root. @throws GitvirtError `HistoryUnreadable` */
export async function diffManifests(gitDir: string, { from, to, path }: { from: string; to: string; path: string }): Promise<PathEdit[]> {
  const edits: PathEdit[] = []
  const readEdit = createEditReader()
  let meta: string | undefined
  const args = ['diff-tree', '-r', '-z', '--raw', '--no-renames', '--no-abbrev', from, to, '--', ...(path === '' ? [] : [path])]
  await eachPart({ gitDir, args }, (part) => {
    const edit = meta === undefined ? undefined : readEdit(meta, part)
    meta = meta === undefined ? part : undefined
    if (edit !== undefined) edits.push(edit)
  })
  return edits
}

/** Every manifest of a commit below a folder, as what came to be. @throws GitvirtError `HistoryUnreadable` */
export async function manifestsAt(gitDir: string, { commit, path }: { commit: string; path: string }): Promise<PathEdit[]> {
  return await diffManifests(gitDir, { from: emptyTree(commit), to: commit, path })
}

/** Id of the tree without entries. Source: git-hash-object(1) of nothing. */
function emptyTree(like: string): string {
  return like.length === 64
    ? '6ef19b41225c5369f1c104d45d8d85efa9b057b53b14b4b9b939dd74decc5321'
    : '4b825dc642cb6eb9a060e54bf8d69288fbee4904'
}
