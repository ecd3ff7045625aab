import { fleetFile } from '../../desired/fleet-file.ts'
import type { HistoryCommit } from '../meaning/commit.ts'
import { changesOf, type ObjectChange } from '../meaning/log.ts'
import { walk } from '../meaning/walk.ts'
import { readContents } from '../read/blobs.ts'
import { diffManifests } from '../read/tree-diff.ts'

export type { ObjectChange } from '../meaning/log.ts'

/** What the step from one tree to another does to each object, told of the files that differ. */
export async function changedObjects(
  gitDir: string,
  { from, to, path }: { from: string; to: string; path: string },
): Promise<ObjectChange[]> {
  const edits = await diffManifests(gitDir, { from, to, path })
  const before = edits.flatMap(({ path, before }) => (before === undefined ? [] : [{ path, after: before }]))
  const commits: HistoryCommit[] = [
    { id: from, parents: [], committedAt: 0, edits: before },
    { id: to, parents: [from], committedAt: 1, edits },
  ]
  const content = await readContents({ gitDir, commits })
  const { versions } = walk({ commits, content, fleetPath: path === '' ? fleetFile : `${path}/${fleetFile}` })
  return changesOf(versions.values())
    .filter(({ commit }) => commit === to)
    .toReversed()
}
