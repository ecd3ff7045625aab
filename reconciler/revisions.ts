import type { BlobCache } from './desired/cache.ts'
import type { DesiredEngine, DesiredUpdate, UpdateInput } from './desired/types.ts'
import { renderOverlay } from './render/render.ts'
import { listCommit, type ListingKeeper } from './source/kept-listing.ts'
import type { Revision, Source } from './source/types.ts'

/** Brings revisions from the source into the desired state, reading only what differs. */
export type Revisions = {
  /** The desired state of this revision; undefined where it is in force as it is. New keys may open more of it. Calls must not overlap. */
  take(revision: Revision): Promise<DesiredUpdate | undefined>
  /** The revision in force. */
  current(): Revision | undefined
  /** True where what is in force was rendered: its objects may come from any file of the repository. */
  rendered(): boolean
}

/** Where the environment is in the repository, and what keeps its renderings where it is an overlay. */
export type Environment = { readonly root: string; readonly renderings: BlobCache }

export type RevisionPorts = {
  readonly source: Pick<Source, 'list' | 'changes' | 'read' | 'files'>
  readonly desired: DesiredEngine
  readonly environment: Environment
  /** Without one, every start lists the whole tree. */
  readonly listings?: ListingKeeper
}

export function createRevisions(ports: RevisionPorts): Revisions {
  let current: { readonly revision: Revision; readonly rendered: boolean } | undefined
  return {
    async take(revision) {
      if (current?.revision.commit === revision.commit) return await ports.desired.reopen((ids) => ports.source.read(ids))
      // What was rendered differs from what the commits differ in.
      const before = current?.rendered === true ? undefined : current?.revision.commit
      const { input, rendered } = await inputOf(ports, revision.commit, before)
      const update = await ports.desired.update(input)
      current = { revision, rendered }
      return update
    },
    current: () => current?.revision,
    rendered: () => current?.rendered ?? false,
  }
}

type Input = { readonly input: UpdateInput; readonly rendered: boolean }

async function inputOf(ports: RevisionPorts, commit: string, before: string | undefined): Promise<Input> {
  const { source, environment, listings } = ports
  const { root, renderings } = environment
  // Only what is read as it is has its listing kept, so that a restart at the same commit need not look for an overlay.
  const kept = before === undefined ? listings?.last() : undefined
  const overlay = kept?.commit === commit ? undefined : await renderOverlay({ tree: await source.files(commit), root, cache: renderings })
  if (overlay !== undefined) return { input: { revision: commit, ...overlay }, rendered: true }
  const read = (ids: readonly string[]): ReturnType<Source['read']> => source.read(ids)
  if (before === undefined) {
    const { entries, refused } = await listCommit(source, commit, listings === undefined ? undefined : { ...listings, last: () => kept })
    return { input: { revision: commit, read, entries, refused }, rendered: false }
  }
  const { changes, refused } = await source.changes(before, commit)
  return { input: { revision: commit, read, changes, refused }, rendered: false }
}
