import type { BlobCache } from './desired/cache.ts'
import type { DesiredEngine, DesiredUpdate, UpdateInput } from './desired/types.ts'
import { renderOverlay } from './render/render.ts'
import type { Revision, Source } from './source/types.ts'

/** Brings revisions from the source into the desired state, reading only what differs. */
export type Revisions = {
  /** The desired state of this revision; undefined where it is the one already in force. Calls must not overlap. */
  take(revision: Revision): Promise<DesiredUpdate | undefined>
  /** The revision in force. */
  current(): Revision | undefined
}

/** Where the environment is in the repository, and what keeps its renderings where it is an overlay. */
export type Environment = { readonly root: string; readonly renderings: BlobCache }

type RevisionSource = Pick<Source, 'list' | 'changes' | 'read' | 'files'>

export function createRevisions(source: RevisionSource, desired: DesiredEngine, environment: Environment): Revisions {
  let current: { readonly revision: Revision; readonly rendered: boolean } | undefined
  return {
    async take(revision) {
      if (current?.revision.commit === revision.commit) return undefined
      // What was rendered differs from what the commits differ in.
      const before = current?.rendered === true ? undefined : current?.revision.commit
      const { input, rendered } = await inputOf({ source, environment, before }, revision.commit)
      const update = await desired.update(input)
      current = { revision, rendered }
      return update
    },
    current: () => current?.revision,
  }
}

type Reading = { readonly source: RevisionSource; readonly environment: Environment; readonly before: string | undefined }

async function inputOf(
  { source, environment, before }: Reading,
  commit: string,
): Promise<{ readonly input: UpdateInput; readonly rendered: boolean }> {
  const { root, renderings } = environment
  const overlay = await renderOverlay({ tree: await source.files(commit), root, cache: renderings })
  if (overlay !== undefined) return { input: { revision: commit, ...overlay }, rendered: true }
  const read = (ids: readonly string[]): ReturnType<Source['read']> => source.read(ids)
  if (before === undefined) {
    const { entries, refused } = await source.list(commit)
    return { input: { revision: commit, read, entries, refused }, rendered: false }
  }
  const { changes, refused } = await source.changes(before, commit)
  return { input: { revision: commit, read, changes, refused }, rendered: false }
}
