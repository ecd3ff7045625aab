import { join } from 'node:path'
import { createAdmission, type Admission } from './admission.ts'
import type { BlobCache } from './desired/cache.ts'
import type { ReadBlobs, RefusedFile, TreeEntry } from './desired/types.ts'
import type { Clock } from './lib/clock.ts'
import { describeError, errorCode } from './lib/errors.ts'
import { rootOf } from './lib/folders-above.ts'
import type { Logger } from './lib/log.ts'
import type { ObjectKey } from './lib/object-key.ts'
import type { FollowedNews } from './follow-news.ts'
import type { Ledger } from './ledger.ts'
import type { Loop } from './loop.ts'
import type { ObservedView } from './observed/types.ts'
import type { Measures } from './measure-pipeline.ts'
import type { SourceState } from './pipeline-control.ts'
import { renderOverlay } from './render/render.ts'
import { createRevisions, type Revisions } from './revisions.ts'
import { placed, sourceRoot, unreadSource, type SharedDesired } from './shared-desired.ts'
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
export type OtherSource = Omit<SourceOptions, 'storeDir' | 'wholeHistory'> & { readonly name: string }

/** What one of them is and how far it is read. */
export type OtherState = SourceState & { readonly name: string; readonly url: string; readonly branch: string }

export type FollowedOther = {
  readonly state: OtherState
  readonly poller: Poller
  readonly admission: Admission
  readonly listing: () => Promise<PlacedListing>
}

/** All that a source declares at the revision in force. */
export type PlacedListing = { readonly entries: readonly TreeEntry[]; readonly refused: readonly RefusedFile[]; readonly read: ReadBlobs }

export type OthersParts = {
  readonly stateDir: string
  readonly pollMs: number
  readonly trust: TrustOptions
  readonly clock: Clock
  readonly log: Logger
  readonly loop: Loop
  readonly status: Status
  readonly store: Store
  readonly ledger: Ledger
  readonly shared: SharedDesired
  readonly renderings: BlobCache
  /** Of judged manifests, where the listing of each source is kept too. */
  readonly cache: BlobCache
  readonly measures: { readonly metrics: Pick<Measures['metrics'], 'fetchFailed'> }
  readonly news: Pick<FollowedNews, 'refused' | 'admitted' | 'inForce'>
  readonly stack: AsyncDisposableStack
}

/** Failures of a revision that auditors look for. */
export const refusals: ReadonlySet<string> = new Set(['UntrustedCommit', 'UntrustedTag', 'HistoryRewritten'])

/** Follows one other source. What cannot be read of it leaves its own objects as they are, and no others. */
export async function followOther(options: OtherSource, parts: OthersParts): Promise<FollowedOther> {
  const { name, ...rest } = options
  const { stateDir, trust, stack, store, shared, renderings, cache } = parts
  const storeDir = join(stateDir, 'sources', name)
  const source = stack.adopt(
    await openSource({ ...rest, storeDir, wholeHistory: trust.mode !== 'none' }),
    async (value) => await value.close(),
  )
  const state: OtherState = { name, url: parseRemote(options.url).url, branch: options.ref ?? 'HEAD' }
  const environment = { root: parseSubPath(options.path ?? ''), renderings }
  const mostEntries = options.caps?.entries ?? defaultCaps.entries
  const scope = [{ name, root: environment.root }, options.caps ?? {}]
  const listings = createListingKeeper({ cache, scope, mostEntries, log: parts.log })
  const revisions = createRevisions({ source, desired: shared.other(name), environment, listings })
  const admission = createAdmission({ source, trust, settings: settingsOf(store.settings, name) })
  const poller = startPolling({
    fetch: async (signal) => await source.fetch(signal),
    onRevision: async (revision) => {
      const signer = await admission.admit(revision)
      parts.news.admitted(name)
      if (await shared.started) await shared.turn(async () => await arrive(revision, { revisions, state, signer, parts }))
    },
    onError: (error, retryIn) => {
      const message = describeError(error)
      parts.measures.metrics.fetchFailed()
      // Once: what the environment's own source tells of its fetches is told under the same key.
      if (refusals.has(errorCode(error)) && state.error !== message) {
        parts.status.record({ key: everything, type: 'Warning', reason: errorCode(error), message: `${name}: ${message}` })
        parts.news.refused(errorCode(error), name)
      }
      state.error = message
      parts.log.warn({ source: name, error: message, retryIn }, 'fetch failed')
    },
    interval: parts.pollMs,
  })
  stack.defer(async () => await poller.stop())
  return { state, poller, admission, listing: async () => await listingOf({ name, source, environment, revision: revisions.current() }) }
}

type Arrival = {
  readonly revisions: Revisions
  readonly state: OtherState
  readonly signer: Signer | undefined
  readonly parts: OthersParts
}

async function arrive(revision: Revision, { revisions, state, signer, parts }: Arrival): Promise<void> {
  const update = await revisions.take(revision)
  state.fetchedAt = parts.clock.now().toISOString()
  delete state.error
  if (update === undefined) return
  parts.loop.desired(update)
  state.revision = revision
  parts.ledger.revision(revision, signer)
  parts.log.info({ source: state.name, revision: revision.commit, subject: revision.subject, changed: update.changed.size }, 'new revision')
  const message = `${state.name}: ${revision.ref} was rewritten: ${revision.commit} does not descend from the commit before.`
  parts.status.together(() => {
    if (revision.rewritten) parts.status.record({ key: everything, type: 'Warning', reason: 'HistoryRewritten', message })
    parts.news.inForce(revision, state.name)
  })
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

type Settings = Store['settings']

/** Each source remembers by itself which commit of it was let in. */
function settingsOf(settings: Settings, name: string): Pick<Settings, 'get' | 'put'> {
  return { get: (key) => settings.get(`${key}/${name}`), put: (key, value) => settings.put(`${key}/${name}`, value) }
}

type Listed = {
  readonly name: string
  readonly source: Source
  readonly environment: { readonly root: string; readonly renderings: BlobCache }
  readonly revision: Revision | undefined
}

async function listingOf({ name, source, environment, revision }: Listed): Promise<PlacedListing> {
  const read: ReadBlobs = (ids) => source.read(ids)
  if (revision === undefined) return { entries: [], refused: [unreadSource(name)], read }
  const { root, renderings } = environment
  const overlay = await renderOverlay({ tree: await source.files(revision.commit), root, cache: renderings })
  const listed = overlay ?? { ...(await source.list(revision.commit)), read }
  return placed(name, { entries: listed.entries, refused: listed.refused, read: listed.read })
}
