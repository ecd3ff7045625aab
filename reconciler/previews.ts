import type { DesiredEngine, DesiredView } from './desired/types.ts'
import { GitvirtError } from './lib/errors.ts'
import { preview } from './plan/preview.ts'
import type { RequestPlan } from './plan/text/preview.ts'
import type { Surroundings } from './plan/types.ts'
import { renderOverlay } from './render/render.ts'
import type { RequestApprovals } from './request-approvals.ts'
import type { Environment } from './revisions.ts'
import { placedAs, together, type PlacedListing } from './placed-listing.ts'
import type { MergeResult, Source } from './source/types.ts'

/** What merging branches and requests of one repository would do. */
export type Previews = {
  /**
   * Fetches, merges and plans; carries nothing out. One at a time: others wait.
   * @param ref a branch, tag, commit, or a request of the forge such as `#12`
   * @throws GitvirtError `MergeConflict`, `NoRevision`, and what `Source.merge` throws
   */
  take(ref: string): Promise<RequestPlan>
  /**
   * Holds a revision that is about to come into force against what was told of the branches that it merges.
   * Empty where none of them was planned here.
   */
  merged(revisions: Arrived): Promise<readonly Merged[]>
}

/** A revision that is about to come into force: what is wanted before and after it, and the source's commits. */
export type Arrived = { readonly before: DesiredView; readonly after: DesiredView; readonly from: string; readonly to: string }

/** A branch that was planned and then merged. */
export type Merged = {
  readonly ref: string
  readonly head: string
  /** True where the merge does just what was told; false: it was planned again. */
  readonly asPlanned: boolean
  /** Of what the merge does. */
  readonly intent: string
}

export type PreviewPorts = {
  readonly source: Pick<Source, 'merge' | 'between'>
  /** Of another source than the environment's own. */
  readonly name?: string
  /** A new engine, which shares the cache of parsed manifests with the tracked one. */
  readonly createDesired: () => DesiredEngine
  /** What is in force, of all sources; undefined before the first revision. */
  readonly tracked: () => DesiredView | undefined
  /** The commit of this repository that is in force. */
  readonly inForce: () => string | undefined
  readonly branch: string
  readonly environment: Environment
  /** True where the tracked branch is an overlay. */
  readonly rendered: () => boolean
  /** What the environment's other sources declare, as they are in force. */
  readonly others: () => Promise<readonly PlacedListing[]>
  /** What a plan depends on besides Git, as it is now. */
  readonly surroundings: (tracked: DesiredView) => Surroundings
  readonly approvals: RequestApprovals
  /** Why a request must not be merged as it is signed; undefined where its commits are trusted. */
  readonly untrusted: (request: Pick<MergeResult, 'commits'>) => Promise<string | undefined>
}

export function createPreviews(ports: PreviewPorts): Previews {
  const told = new Map<string, Told>()
  return {
    take: async (ref) => {
      const request = await takePreview(ref, ports)
      const { head } = request.merge
      told.delete(head)
      told.set(head, { ref, intent: request.intent })
      for (const oldest of told.keys()) if (told.size > mostTold) told.delete(oldest)
      return request
    },
    merged: async ({ before: tracked, after, from, to }) => {
      if (told.size === 0) return []
      const arrived = new Set(await ports.source.between(from, to))
      const heads = [...told.keys()].filter((head) => arrived.has(head))
      if (heads.length === 0) return []
      const { intent } = preview({ ...ports.surroundings(tracked), merged: after, tracked })
      return heads.map((head) => {
        const before = told.get(head)
        told.delete(head)
        return { ref: named(ports, before?.ref ?? head), head, asPlanned: before?.intent === intent, intent }
      })
    },
  }
}

type Told = { readonly ref: string; readonly intent: string }

/** Branches whose plan is remembered. */
const mostTold = 200

async function takePreview(ref: string, ports: PreviewPorts): Promise<RequestPlan> {
  const { source, branch, name, environment } = ports
  const [tracked, inForce] = [ports.tracked(), ports.inForce()]
  if (tracked === undefined || inForce === undefined)
    throw new GitvirtError({ code: 'NoRevision', message: `No revision ${name === undefined ? '' : `of ${name} `}has been fetched yet.` })
  return await source.merge({ ref, into: inForce }, async (merge) => {
    const { head, base, into, subject, conflicts } = merge
    if (conflicts.length > 0) throw mergeConflict(ref, branch, conflicts)
    const { root, renderings } = environment
    const overlay = await renderOverlay({ tree: merge.files, root, cache: renderings })
    const { entries, refused, read } = overlay ?? { ...(await merge.list()), read: (ids: readonly string[]) => merge.read(ids) }
    const files = together([placedAs(name, { entries, refused, read }), ...(await ports.others())])
    // Plans have the revision of the environment's own source.
    const { view } = await ports.createDesired().update({ revision: name === undefined ? head : tracked.revision, ...files })
    const around = { ...ports.surroundings(tracked), merged: view, tracked }
    const bare = preview(around)
    const rendered = overlay !== undefined || ports.rendered()
    const { approvals, told } = await ports.approvals.of({ merge, tracked, merged: view, rendered, preview: bare })
    const approved = approvals.length === 0 ? bare : preview({ ...around, approvals: [...around.approvals, ...approvals] })
    const origin = { ref: named(ports, ref), head, base, into, subject, branch: named(ports, branch) }
    const untrusted = await ports.untrusted(merge)
    const words = { ...(told.length === 0 ? {} : { approvals: told }), ...(untrusted === undefined ? {} : { untrusted }) }
    return { ...approved, ...words, merge: origin }
  })
}

/** What stands in the repository of another source is told with its name. */
function named({ name }: Pick<PreviewPorts, 'name'>, ref: string): string {
  return name === undefined ? ref : `${name}//${ref}`
}

const mostConflicts = 20

function mergeConflict(ref: string, branch: string, conflicts: readonly string[]): GitvirtError {
  const shown = conflicts.slice(0, mostConflicts).join(', ')
  const more = conflicts.length > mostConflicts ? `, and ${conflicts.length - mostConflicts} more` : ''
  return new GitvirtError({
    code: 'MergeConflict',
    message: `${ref} cannot be merged into ${branch}: both change ${shown}${more}.`,
    action: `Merge ${branch} into it, or rebase it, and solve the conflict.`,
  })
}
