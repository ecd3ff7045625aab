import { join } from 'node:path'
import { createAdmission, type Admission } from './admission.ts'
import type { BlobCache } from './desired/cache.ts'
import type { DesiredEngine } from './desired/types.ts'
import type { ForgeOptions } from './forge/types.ts'
import type { Clock } from './lib/clock.ts'
import { describeError, GitvirtError } from './lib/errors.ts'
import { rootOf } from './lib/folders-above.ts'
import type { Logger } from './lib/log.ts'
import type { ObjectKey } from './lib/object-key.ts'
import type { FollowedNews } from './follow-news.ts'
import type { Ledger } from './ledger.ts'
import type { Loop } from './loop.ts'
import type { ObservedView } from './observed/types.ts'
import type { Measures } from './measure-pipeline.ts'
import type { SourceState } from './pipeline-control.ts'
import { mergedRequests, recordMerge } from './merged-requests.ts'
import { createPreviews, type Previews } from './previews.ts'
import type { RequestApprovals } from './request-approvals.ts'
import { untrustedWords } from './request-trust.ts'
import { createRevisions, type Revisions } from './revisions.ts'
import { sourceRoot, type SharedDesired } from './shared-desired.ts'
import { sourceTroubles } from './source-troubles.ts'
import type { PlacedListing } from './placed-listing.ts'
import { listingOf } from './source-listing.ts'
import { createListingKeeper } from './source/kept-listing.ts'
import { openSource } from './source/open-source.ts'
import { defaultCaps, parseRemote, parseSubPath, type SourceOptions } from './source/options.ts'
import { startPolling, type Poller } from './source/poll.ts'
import type { Revision, Source } from './source/types.ts'
import type { Status } from './status/status.ts'
import type { Store } from './store/store.ts'
import { everything } from './suspender.ts'
import type { TrustOptions } from './trust/trust.ts'
import type { Signer } from './trust/verify-signature.ts'

/** Another repository, or another folder of one, whose objects belong to the same environment. */
export type OtherSource = Omit<SourceOptions, 'storeDir' | 'wholeHistory' | 'gitNeededFor'> & {
  readonly name: string
  /** The forge whose requests of it are planned. */
  readonly forge?: ForgeOptions & { readonly pollMs: number }
  /** False: receipts of its objects are not pushed to it, though they are to the environment's own source. */
  readonly notes?: boolean
}

/** What one of them is and how far it is read. */
export type OtherState = SourceState & {
  readonly name: string
  readonly url: string
  readonly branch: string
  /** Its requests are planned. */
  readonly plansRequests: boolean
}

export type FollowedOther = {
  readonly state: OtherState
  readonly poller: Poller
  readonly admission: Admission
  readonly previews: Previews
  readonly forge: OtherSource['forge']
  readonly source: Source
  /** Receipts of its objects are pushed to it. */
  readonly notes: boolean
  readonly listing: () => Promise<PlacedListing>
}

export type OthersParts = {
  readonly stateDir: string
  readonly pollMs: number
  readonly trust: TrustOptions
  /** Receipts are pushed. */
  readonly notes?: boolean
  readonly clock: Clock
  readonly log: Logger
  readonly loop: Loop
  readonly status: Status
  readonly store: Store
  readonly ledger: Ledger
  readonly shared: SharedDesired
  /** An engine for what is only tried. */
  readonly createTried: () => DesiredEngine
  /** What all sources but this one declare, as they are in force. */
  readonly beside: (name: string) => Promise<readonly PlacedListing[]>
  readonly renderings: BlobCache
  /** Of judged manifests, where the listing of each source is kept too. */
  readonly cache: BlobCache
  readonly measures: { readonly metrics: Pick<Measures['metrics'], 'fetchFailed'> }
  readonly news: Pick<FollowedNews, 'notFetched' | 'refused' | 'admitted' | 'inForce'>
  readonly stack: AsyncDisposableStack
}

/** Follows one other source. What cannot be read of it leaves its own objects as they are, and no others. */
export async function followOther(options: OtherSource, parts: OthersParts): Promise<FollowedOther> {
  const { name, forge, notes = true, ...rest } = options
  const { stateDir, trust, stack, store, shared, renderings, cache } = parts
  const storeDir = join(stateDir, 'sources', name)
  const source = stack.adopt(
    await openSource({
      ...rest,
      storeDir,
      wholeHistory: trust.mode !== 'none',
      gitNeededFor: gitNeededFor(options, parts.notes === true && notes),
    }),
    async (value) => await value.close(),
  )
  const [url, branch] = [parseRemote(options.url).url, options.ref ?? 'HEAD']
  const state: OtherState = { name, url, branch, plansRequests: forge !== undefined }
  const environment = { root: parseSubPath(options.path ?? ''), renderings }
  const mostEntries = options.caps?.entries ?? defaultCaps.entries
  const scope = [{ name, root: environment.root }, options.caps ?? {}]
  const listings = createListingKeeper({ cache, scope, mostEntries, log: parts.log })
  const revisions = createRevisions({ source, desired: shared.other(name), environment, listings })
  const admission = createAdmission({ source, trust, settings: settingsOf(store.settings, name) })
  const previews = createPreviews({
    source,
    name,
    createDesired: parts.createTried,
    tracked: () => parts.loop.view(),
    inForce: () => revisions.current()?.commit,
    branch,
    environment,
    rendered: () => revisions.rendered(),
    others: async () => await parts.beside(name),
    surroundings: (tracked) => parts.loop.surroundings(tracked),
    approvals: approvedElsewhere,
    untrusted: async (request) => await untrustedWords(request, trust),
  })
  const troubles = sourceTroubles(name, parts)
  const poller = startPolling({
    fetch: async (signal) => await source.fetch(signal),
    onRevision: async (revision) => {
      const signer = await admission.admit(revision).catch((error: unknown) => {
        state.refused = { commit: revision.commit, why: describeError(error) }
        throw error
      })
      delete state.refused
      if (!(await shared.started)) return
      await shared.turn(async () => await arrive(revision, { revisions, previews, state, signer, parts }))
      // Not before: one that is fetched and cannot be taken, as without its folder, would be read again at each look.
      troubles.over()
    },
    onError: (error, retryIn) => {
      state.error = describeError(error)
      parts.measures.metrics.fetchFailed()
      troubles.tell(error)
      parts.log.warn({ source: name, error: state.error, retryIn }, 'fetch failed')
    },
    interval: parts.pollMs,
  })
  stack.defer(async () => await poller.stop())
  const listing = async (): Promise<PlacedListing> => await listingOf({ name, source, environment, revision: revisions.current() })
  return { state, poller, admission, previews, forge, source, notes: parts.notes === true && notes, listing }
}

function gitNeededFor({ name, forge }: OtherSource, notes: boolean): string[] {
  return [...(forge === undefined ? [] : [`forge= of --also ${name}`]), ...(notes ? [`--notes with --also ${name}`] : [])]
}

/** Commits of the environment's own repository approve, and no others. */
const approvedElsewhere: RequestApprovals = {
  of: async ({ preview }) => {
    const told = "Approvals on this branch do not count: they stand in the environment's own repository."
    return { approvals: [], told: preview.plan.signing === undefined ? [] : [told] }
  },
}

type Arrival = {
  readonly revisions: Revisions
  readonly previews: Previews
  readonly state: OtherState
  readonly signer: Signer | undefined
  readonly parts: OthersParts
}

async function arrive(revision: Revision, { revisions, previews, state, signer, parts }: Arrival): Promise<void> {
  const from = revisions.current()?.commit
  const update = await revisions.take(revision)
  state.fetchedAt = parts.clock.now().toISOString()
  delete state.error
  if (update === undefined) return
  const merging = { before: parts.loop.view(), after: update.view, from, to: revision.commit }
  const merged = await mergedRequests({ previews, log: parts.log, ...merging })
  parts.loop.desired(update)
  state.revision = revision
  parts.ledger.revision(revision, signer)
  parts.log.info({ source: state.name, revision: revision.commit, subject: revision.subject, changed: update.changed.size }, 'new revision')
  const message = `${state.name}: ${revision.ref} was rewritten: ${revision.commit} does not descend from the commit before.`
  parts.status.together(() => {
    if (revision.rewritten) parts.status.record({ key: everything, type: 'Warning', reason: 'HistoryRewritten', message })
    parts.news.inForce(revision, state.name)
  })
  for (const one of merged) recordMerge(parts.status, one)
}

/** The other source that declares an object, or from which a host has it; undefined for one of the environment's own source. */
export function otherSourceOf(
  key: ObjectKey,
  { loop, observed, others }: { readonly loop: Loop; readonly observed: ObservedView; readonly others: readonly FollowedOther[] },
): { readonly name: string; readonly commit: string } | undefined {
  if (others.length === 0) return undefined
  const applied = observed.get(key).find(({ object }) => object.applied !== undefined)?.object.applied
  const root = rootOf((loop.view()?.get(key)?.origin ?? applied?.origin)?.path ?? '')
  const state = others.find((one) => sourceRoot(one.state.name) === root)?.state
  return state?.revision === undefined ? undefined : { name: state.name, commit: state.revision.commit }
}

/** What merging would do, of the repository that a reference names: `NAME//REF` is one of another source. */
export function previewsOf(own: Pick<Previews, 'take'>, others: readonly FollowedOther[]): Pick<Previews, 'take'> {
  return {
    take: async (ref) => {
      // No reference of Git holds two slashes in a row.
      const split = ref.indexOf('//')
      if (split < 0) return await own.take(ref)
      const name = ref.slice(0, split)
      const other = others.find(({ state }) => state.name === name)
      if (other !== undefined) return await other.previews.take(ref.slice(split + 2))
      const known = others.map(({ state }) => state.name).join(', ')
      throw new GitvirtError({
        code: 'NotFound',
        message: `No other source of this environment is called ${JSON.stringify(name.slice(0, 80))}.`,
        action: known === '' ? 'Leave out what stands before the two slashes.' : `Use one of ${known}.`,
      })
    },
  }
}

type Settings = Store['settings']

/** Each source remembers by itself: which commit of it was let in, what its forge was told. */
export function settingsOf(settings: Settings, name: string): Settings {
  return { get: (key) => settings.get(`${key}/${name}`), put: (key, value) => settings.put(`${key}/${name}`, value) }
}
