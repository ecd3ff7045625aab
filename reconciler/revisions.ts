import type { DesiredEngine, DesiredUpdate, UpdateInput } from './desired/types.ts'
import { listCommit, type ListingKeeper } from './source/kept-listing.ts'
import type { Revision, Source } from './source/types.ts'

/** Brings revisions from the source into the desired state, reading only what differs. */
export type Revisions = {
  /** The desired state of this revision; undefined where it is in force as it is. New keys may open more of it. Calls must not overlap. */
  take(revision: Revision): Promise<DesiredUpdate | undefined>
  /** The revision in force. */
  current(): Revision | undefined
}

export type RevisionPorts = {
  readonly source: Pick<Source, 'list' | 'changes' | 'read'>
  readonly desired: DesiredEngine
  /** Without one, every start lists the whole tree. */
  readonly listings?: ListingKeeper
}

export function createRevisions(ports: RevisionPorts): Revisions {
  let current: Revision | undefined
  return {
    async take(revision) {
      if (current?.commit === revision.commit) return await ports.desired.reopen((ids) => ports.source.read(ids))
      const update = await ports.desired.update(await inputOf(ports, revision.commit, current?.commit))
      current = revision
      return update
    },
    current: () => current,
  }
}

async function inputOf({ source, listings }: RevisionPorts, commit: string, before: string | undefined): Promise<UpdateInput> {
  const read = (ids: readonly string[]): ReturnType<Source['read']> => source.read(ids)
  if (before === undefined) {
    const { entries, refused } = await listCommit(source, commit, listings)
    return { revision: commit, read, entries, refused }
  }
  const { changes, refused } = await source.changes(before, commit)
  return { revision: commit, read, changes, refused }
}
