import { fleetFile } from '../../desired/fleet-file.ts'
import type { HistoryCommit } from '../meaning/commit.ts'
import { changesOf, type ObjectChange } from '../meaning/log.ts'
import { walk, type WalkInput } from '../meaning/walk.ts'
import { readContents } from '../read/blobs.ts'
import { diffManifests } from '../read/tree-diff.ts'
import { renderedStep, type TreeStep } from './rendered-step.ts'

export type { ObjectChange } from '../meaning/log.ts'

/** What the step from one tree to another does to each object: as an overlay renders it, or told of the files that differ. */
export async function changedObjects(gitDir: string, step: TreeStep): Promise<ObjectChange[]> {
  const { to, path } = step
  const { commits, content } = (await renderedStep(gitDir, step)) ?? (await plainStep(gitDir, step))
  const { versions } = walk({ commits, content, fleetPath: path === '' ? fleetFile : `${path}/${fleetFile}` })
  return changesOf(versions.values())
    .filter(({ commit }) => commit === to)
    .toReversed()
}

async function plainStep(gitDir: string, { from, to, path }: TreeStep): Promise<Pick<WalkInput, 'commits' | 'content'>> {
  const edits = await diffManifests(gitDir, { from, to, path })
  const before = edits.flatMap(({ path, before }) => (before === undefined ? [] : [{ path, after: before }]))
  const commits: HistoryCommit[] = [
    { id: from, parents: [], committedAt: 0, edits: before },
    { id: to, parents: [from], committedAt: 1, edits },
  ]
  return { commits, content: await readContents({ gitDir, commits }) }
}
