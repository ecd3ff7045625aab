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
