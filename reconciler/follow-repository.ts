import { join } from 'node:path'
import { createAdmission, type Admission } from './admission.ts'
import { createBlobOpener, type BlobOpener } from './desired/sealed/blob-opener.ts'
import type { Unsealer } from './desired/sealed/unsealer.ts'
import { triedWith, type Owners } from './desired/engine/owners.ts'
import { createDesired } from './desired/state.ts'
import type { DesiredEngine, DesiredUpdate } from './desired/types.ts'
import { followOther, type FollowedOther, type OtherSource } from './follow-others.ts'
import { openOwners } from './kept-owners.ts'
import { createGitApprovals, type GitApprovals } from './git-approvals.ts'
import type { Clock } from './lib/clock.ts'
import { describeError, errorCode } from './lib/errors.ts'
import type { Logger } from './lib/log.ts'
import type { Ledger } from './ledger.ts'
import type { FollowedNews } from './follow-news.ts'
import type { Measures } from './measure-pipeline.ts'
import type { Loop } from './loop.ts'
import type { ObservedView } from './observed/types.ts'
import type { SourceState } from './pipeline-control.ts'
import { mergedRequests, recordMerge } from './merged-requests.ts'
import { createPreviews, type Previews } from './previews.ts'
import { createRequestApprovals } from './request-approvals.ts'
import { untrustedWords } from './request-trust.ts'
import { createRevisions, type Revisions } from './revisions.ts'
import { shareDesired } from './shared-desired.ts'
import { refusals } from './source-troubles.ts'
import type { PlacedListing } from './placed-listing.ts'
import { listingOf } from './source-listing.ts'
import { createListingKeeper } from './source/kept-listing.ts'
import { openSource } from './source/open-source.ts'
import { defaultCaps, parseSubPath, type SourceOptions } from './source/options.ts'
import { startPolling, type Poller } from './source/poll.ts'
import type { Revision, Source } from './source/types.ts'
import type { StandingPolicy } from './standing-policy.ts'
import type { Status } from './status/status.ts'
import { openManifestCache, openRenderCache } from './store/manifest-cache.ts'
import type { Store } from './store/store.ts'
import { everything } from './suspender.ts'
import type { TrustOptions } from './trust/trust.ts'
import type { Keys, Signer } from './trust/verify-signature.ts'

export type FollowOptions = {
  readonly stateDir: string
  readonly source: Omit<SourceOptions, 'storeDir'>
  /** Other sources of the same environment. */
  readonly others?: readonly OtherSource[]
  readonly pollMs: number
  readonly trust?: TrustOptions
  /** Whose signed trailers approve changes; default: the keys of `trust`. */
  readonly approvers?: Keys
  readonly environment?: string
  /** Requests are planned; only whether, not how. */
  readonly forge?: object
  /** Receipts are pushed. */
  readonly notes?: boolean
  /** Opens encrypted manifests. */
  readonly unsealer: Unsealer
  readonly clock: Clock
  readonly log: Logger
}

/** What a new revision touches. */
export type FollowParts = {
  readonly loop: Loop
  readonly state: SourceState
  readonly status: Status
  readonly store: Store
  readonly ledger: Ledger
  readonly observed: ObservedView
  readonly measures: {
    readonly progress: Pick<Measures['progress'], 'arrived'>
    readonly metrics: Pick<Measures['metrics'], 'fetchFailed'>
  }
  readonly news: Pick<FollowedNews, 'arrived' | 'notFetched' | 'refused' | 'admitted' | 'inForce'>
  readonly standing: StandingPolicy
  readonly branch: string
  /** Takes over what must be closed. */
  readonly stack: AsyncDisposableStack
}

export type Followed = {
  readonly poller: Poller
  readonly previews: Previews
  readonly admission: Admission
  readonly source: Source
  readonly others: readonly FollowedOther[]
}

/** The environment's own source, which has no name. */
const own = ''
const everybody: TrustOptions = { mode: 'none', keys: {} }

/** Opens the source and brings each new revision that is admitted into the loop. */
export async function followRepository(options: FollowOptions, parts: FollowParts): Promise<Followed> {
  const { clock, log, stateDir, trust = everybody } = options
  const { loop, state, status, store, stack } = parts
  const approvers = approversOf(options)
  // Who came after whom, and who wrote what, is told by all of the history only.
  const wholeHistory = trust.mode !== 'none' || approvers !== undefined
  const source = stack.adopt(
    await openSource({ ...options.source, storeDir: join(stateDir, 'source'), wholeHistory, gitNeededFor: gitNeededFor(options) }),
    async (value) => await value.close(),
  )
  const cache = stack.adopt(openManifestCache(stateDir), (value) => value.close())
  const renderings = stack.adopt(openRenderCache(stateDir), (value) => value.close())
  const environment = { root: parseSubPath(options.source.path ?? ''), renderings }
  const opener = createBlobOpener(options.unsealer)
  const names = (options.others ?? []).map(({ name }) => name)
  const owners = openOwners(names, { store, log })
  const createEngine = (how: BlobOpener, whose: Owners = owners.owners): DesiredEngine =>
    createDesired({ cache, root: environment.root, opener: how, ...(names.length === 0 ? {} : { owners: whose }) })
  const admission = createAdmission({ source, trust, settings: store.settings })
  const approving = {
    keys: approvers,
    standing: parts.standing,
    environment: options.environment ?? 'default',
    observed: parts.observed,
    clock,
  }
  const shared = shareDesired(createEngine(opener), { names, settled: owners.save })
  // A request is not reviewed yet: no key is used for what only it has.
  const createTried = (): DesiredEngine =>
    createEngine({ recall: opener.recall, keysChanged: opener.keysChanged }, triedWith(owners.owners))
  const declared = new Map<string, () => Promise<PlacedListing>>()
  const beside = async (name: string): Promise<PlacedListing[]> =>
    await Promise.all([...declared].filter(([one]) => one !== name).map(async ([, listing]) => await listing()))
  const others: FollowedOther[] = []
  for (const other of options.others ?? [])
    others.push(await followOther(other, { ...options, ...parts, trust, shared, renderings, cache, createTried, beside }))
  for (const { state: of, listing } of others) declared.set(of.name, listing)
  // Before the pollers are stopped: they may wait for a first source that cannot be read.
  stack.defer(() => shared.end())
  const { caps } = options.source
  const scope = [{ root: environment.root }, caps ?? {}]
  const listings = createListingKeeper({ cache, scope, mostEntries: caps?.entries ?? defaultCaps.entries, log })
  // One source alone needs no other's files kept apart.
  const desired = names.length === 0 ? createEngine(opener) : shared.own
  const revisions = createRevisions({ source, desired, environment, listings })
  declared.set(own, async () => await listingOf({ name: undefined, source, environment, revision: revisions.current() }))
  const previews = createPreviews({
    source,
    createDesired: createTried,
    tracked: () => loop.view(),
    inForce: () => loop.view()?.revision,
    branch: parts.branch,
    environment,
    rendered: () => revisions.rendered(),
    others: async () => await beside(own),
    surroundings: (tracked) => loop.surroundings(tracked),
    approvals: createRequestApprovals({ ...approving, records: store.gitApprovals }),
    untrusted: async (request) => await untrustedWords(request, trust),
  })
  const approvals = createGitApprovals({ ...approving, source, loop, store, status, log, rendered: () => revisions.rendered() })
  const arrival = { admission, previews, approvals, revisions, clock, log, parts }
  const poller = startPolling({
    fetch: async (signal) => await source.fetch(signal),
    onRevision: async (revision) => await shared.turn(async () => await arrive(revision, arrival)),
    onError: (error, retryIn) => {
      state.error = describeError(error)
      parts.measures.metrics.fetchFailed()
      if (refusals.has(errorCode(error))) {
        status.record({ key: everything, type: 'Warning', reason: errorCode(error), message: state.error })
        parts.news.refused(errorCode(error))
      } else parts.news.notFetched(error)
      log.warn({ error: state.error, retryIn }, 'fetch failed')
    },
    interval: options.pollMs,
  })
  stack.defer(async () => await poller.stop())
  return { poller, previews, admission, source, others }
}

/** Whose signed trailers count; undefined: nobody's. */
export function approversOf({ approvers, trust = everybody }: Pick<FollowOptions, 'approvers' | 'trust'>): Keys | undefined {
  return approvers ?? (trust.mode === 'none' ? undefined : trust.keys)
}

function gitNeededFor({ forge, notes }: Pick<FollowOptions, 'forge' | 'notes'>): string[] {
  return [...(forge === undefined ? [] : ['--forge']), ...(notes === true ? ['--notes'] : [])]
}

type Arrival = Pick<Followed, 'previews' | 'admission'> & {
  readonly approvals: GitApprovals
  readonly revisions: Revisions
  readonly clock: Clock
  readonly log: Logger
  readonly parts: FollowParts
}

async function arrive(revision: Revision, arrival: Arrival): Promise<void> {
  const { admission, approvals, clock, revisions, parts } = arrival
  const { loop, state } = parts
  const signer = await admission.admit(revision).catch((error: unknown) => {
    state.refused = { commit: revision.commit, why: describeError(error) }
    throw error
  })
  delete state.refused
  const update = await revisions.take(revision)
  state.fetchedAt = clock.now().toISOString()
  delete state.error
  parts.news.arrived(update?.view)
  const before = loop.view()
  if (update !== undefined) await comeIntoForce({ revision, signer, update }, arrival)
  await approvals.arrived(revision.commit, before)
}

type NewRevision = { readonly revision: Revision; readonly signer: Signer | undefined; readonly update: DesiredUpdate }

async function comeIntoForce(
  { revision, signer, update }: NewRevision,
  { previews, approvals, clock, log, parts }: Arrival,
): Promise<void> {
  const { loop, state, status, ledger } = parts
  const before = loop.view()
  const merging = { before, after: update.view, from: before?.revision, to: revision.commit }
  const merged = await mergedRequests({ previews, log, ...merging })
  await approvals.before(revision.commit, update.view)
  // Before all that is only told: what fails from here on must not keep a revision from being applied, as nobody takes it twice.
  loop.desired(update)
  state.revision = revision
  parts.measures.progress.arrived(revision)
  parts.store.past.revision({ commit: revision.commit, at: clock.now().getTime() })
  ledger.revision(revision, signer)
  if (signer === undefined) delete state.signer
  else state.signer = signer
  log.info({ revision: revision.commit, subject: revision.subject, changed: update.changed.size }, 'new revision')
  const message = `${revision.ref} was rewritten: ${revision.commit} does not descend from the commit before.`
  status.together(() => {
    if (revision.rewritten) status.record({ key: everything, type: 'Warning', reason: 'HistoryRewritten', message })
    parts.news.inForce(revision)
  })
  for (const one of merged) recordMerge(status, one)
}
