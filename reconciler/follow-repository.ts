import { join } from 'node:path'
import { createAdmission, type Admission } from './admission.ts'
import { createDesired } from './desired/state.ts'
import type { DesiredEngine, DesiredView } from './desired/types.ts'
import { followOther, type FollowedOther, type OtherSource } from './follow-others.ts'
import type { Clock } from './lib/clock.ts'
import { describeError, errorCode } from './lib/errors.ts'
import type { Logger } from './lib/log.ts'
import type { Ledger } from './ledger.ts'
import type { Loop } from './loop.ts'
import { everything, type SourceState } from './pipeline-control.ts'
import { createPreviews, type Merged, type Previews } from './previews.ts'
import { createRevisions, type Revisions } from './revisions.ts'
import { shareDesired } from './shared-desired.ts'
import { openSource } from './source/open-source.ts'
import { parseSubPath, type SourceOptions } from './source/options.ts'
import { startPolling, type Poller } from './source/poll.ts'
import type { Revision, Source } from './source/types.ts'
import type { Status } from './status/status.ts'
import { openManifestCache, openRenderCache } from './store/manifest-cache.ts'
import type { Store } from './store/store.ts'
import type { TrustOptions } from './trust/trust.ts'
import { openJudges } from './workers/judge-pool.ts'

export type FollowOptions = {
  readonly stateDir: string
  readonly source: Omit<SourceOptions, 'storeDir'>
  /** Other sources of the same environment. */
  readonly others?: readonly OtherSource[]
  readonly pollMs: number
  readonly trust?: TrustOptions
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

const everybody: TrustOptions = { mode: 'none', keys: {} }
/** Failures of a revision that auditors look for. */
const refusals: ReadonlySet<string> = new Set(['UntrustedCommit', 'HistoryRewritten'])

/** Opens the source and brings each new revision that is admitted into the loop. */
export async function followRepository(options: FollowOptions, parts: FollowParts): Promise<Followed> {
  const { clock, log, stateDir, trust = everybody } = options
  const { loop, state, status, store, stack } = parts
  const source = stack.adopt(
    await openSource({ ...options.source, storeDir: join(stateDir, 'source'), wholeHistory: trust.mode !== 'none' }),
    async (value) => await value.close(),
  )
  const cache = stack.adopt(openManifestCache(stateDir), (value) => value.close())
  const renderings = stack.adopt(openRenderCache(stateDir), (value) => value.close())
  const environment = { root: parseSubPath(options.source.path ?? ''), renderings }
  const createEngine = (): DesiredEngine => createDesired({ cache, root: environment.root, openJudges })
  const admission = createAdmission({ source, trust, settings: store.settings })
  const names = (options.others ?? []).map(({ name }) => name)
  const shared = shareDesired(createEngine(), names)
  const otherParts = { ...options, trust, loop, status, store, ledger: parts.ledger, shared, renderings, stack }
  const others: FollowedOther[] = []
  for (const other of options.others ?? []) others.push(await followOther(other, otherParts))
  // Before the pollers are stopped: they may wait for a first source that cannot be read.
  stack.defer(() => shared.end())
  const previews = createPreviews({
    source,
    createDesired: createEngine,
    tracked: () => loop.view(),
    branch: parts.branch,
    environment,
    others: async () => await Promise.all(others.map(async ({ listing }) => await listing())),
    surroundings: (tracked) => loop.surroundings(tracked),
  })
  // One source alone needs no other's files kept apart.
  const engine = names.length === 0 ? createEngine() : shared.own
  const arrival = { admission, previews, revisions: createRevisions(source, engine, environment), clock, log, parts }
  const poller = startPolling({
    fetch: async (signal) => await source.fetch(signal),
    onRevision: async (revision) => await arrive(revision, arrival),
    onError: (error, retryIn) => {
      state.error = describeError(error)
      if (refusals.has(errorCode(error)))
        status.record({ key: everything, type: 'Warning', reason: errorCode(error), message: state.error })
      log.warn({ error: state.error, retryIn }, 'fetch failed')
    },
    interval: options.pollMs,
  })
  stack.defer(async () => await poller.stop())
  return { poller, previews, admission, source, others }
}

type Arrival = Pick<Followed, 'previews' | 'admission'> & {
  readonly revisions: Revisions
  readonly clock: Clock
  readonly log: Logger
  readonly parts: FollowParts
}

async function arrive(revision: Revision, { admission, previews, revisions, clock, log, parts }: Arrival): Promise<void> {
  const { loop, state, status, ledger } = parts
  const signer = await admission.admit(revision)
  const update = await revisions.take(revision)
  state.fetchedAt = clock.now().toISOString()
  delete state.error
  if (update === undefined) return
  const merged = await mergedRequests(update.view, { previews, log, before: loop.view() })
  // Before all that is only told: what fails from here on must not keep a revision from being applied, as nobody takes it twice.
  loop.desired(update)
  state.revision = revision
  ledger.revision(revision, signer)
  if (signer === undefined) delete state.signer
  else state.signer = signer
  log.info({ revision: revision.commit, subject: revision.subject, changed: update.changed.size }, 'new revision')
  if (revision.rewritten)
    status.record({
      key: everything,
      type: 'Warning',
      reason: 'HistoryRewritten',
      message: `${revision.ref} was rewritten: ${revision.commit} does not descend from the commit before.`,
    })
  for (const one of merged) recordMerge(status, one)
}

type Merging = { readonly previews: Previews; readonly log: Logger; readonly before: DesiredView | undefined }

/** Which requests a revision merges; worked out before hosts carry any of it out. That it fails keeps nothing from being applied. */
async function mergedRequests(after: DesiredView, { previews, log, before }: Merging): Promise<readonly Merged[]> {
  if (before === undefined) return []
  try {
    return await previews.merged({ before, after })
  } catch (error) {
    log.warn({ error: describeError(error) }, 'cannot tell which requests a revision merges')
    return []
  }
}

/** What was told before the merge is what is applied, or it was planned again: auditors want to know which. */
function recordMerge(status: Status, { ref, head, asPlanned, intent }: Merged): void {
  const what = `${ref} (${head.slice(0, 12)}) was merged`
  const outcome = asPlanned
    ? `what is applied is what was planned for it, intent ${intent.slice(0, 12)}.`
    : `it was planned again, because what the merge does is not what was planned for it: intent ${intent.slice(0, 12)}.`
  status.record({
    key: everything,
    type: asPlanned ? 'Normal' : 'Warning',
    reason: asPlanned ? 'MergedAsPlanned' : 'MergedPlannedAgain',
    message: `${what}; ${outcome}`,
  })
}
