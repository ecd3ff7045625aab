import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { writeKubeconfig } from './api/kubeconfig.ts'
import { createAdopt } from './adopt.ts'
import { keepRenewed, ownerCertificate } from './certificates.ts'
import { startApi } from './api/server.ts'
import { createDispatcher } from './dispatch/dispatcher.ts'
import { listenForAgents } from './dispatch/server.ts'
import { createSessions } from './dispatch/sessions.ts'
import type { ObjectKey } from './lib/object-key.ts'
import { openPki } from './lib/pki.ts'
import { lockForProcess } from './lib/process-lock.ts'
import { ownVersion } from './lib/version.ts'
import { holdMetrics } from './hold-metrics.ts'
import { inputSalt } from './input-salt.ts'
import { openHolds, type Holds } from './holds.ts'
import { createLedger } from './ledger.ts'
import { loadEarly } from './load-early.ts'
import { createLoop, type Loop } from './loop.ts'
import { startNoters, type Noter } from './note-receipts.ts'
import { followNews } from './follow-news.ts'
import { convergedEvent, measurePipeline } from './measure-pipeline.ts'
import { createObserved } from './observed/cache.ts'
import { createControl, type SourceState } from './pipeline-control.ts'
import { briefOf } from './plan/brief.ts'
import { plan } from './plan/plan.ts'
import { forNode } from './plan/seal.ts'
import { maskPlan } from './plan/text/mask.ts'
import { agentRefused, dispatchPorts, requestPorts, webhookPort } from './ports.ts'
import { otherSourceOf, previewsOf, type FollowedOther } from './follow-others.ts'
import { approversOf, followRepository } from './follow-repository.ts'
import { planRequests, tellApplied, tellOtherForges } from './forge-tellers.ts'
import type { Reconciler, ReconcilerOptions } from './reconciler-options.ts'
import { openRoster } from './roster.ts'
import { createUnsealer } from './secrets/create-unsealer.ts'
import { parseRemote, parseSubPath } from './source/options.ts'
import { createStandingPolicy } from './standing-policy.ts'
import { awaitMs } from './status/presence.ts'
import type { EventDraft } from './status/events/rules.ts'
import { createStatus, type Status } from './status/status.ts'
import { openStore } from './store/store.ts'

/**
 * Starts all rooms and the loop between them. What was applied before is known from the store, so that an agent that is away loses nothing.
 * @throws GitvirtError `StateLocked`, and what source, store and listeners throw
 */
export async function startReconciler(options: ReconcilerOptions): Promise<Reconciler> {
  const { stateDir, clock, log } = options
  await using stack = new AsyncDisposableStack()
  await loadEarly()
  await mkdir(stateDir, { recursive: true, mode: 0o700 })
  stack.defer(lockForProcess({ path: join(stateDir, 'reconciler.lock'), code: 'StateLocked', what: `The state folder ${stateDir}` }))
  const salt = await inputSalt(stateDir)
  const unsealer = await createUnsealer(options.keys ?? { ageKeys: [] }, salt)
  const store = stack.adopt(openStore(stateDir), (value) => value.close())
  const pki = await openPki({ dir: join(stateDir, 'pki'), clock, names: options.serverNames })
  const observed = createObserved({ log, clock, store: store.observations, briefOf })
  const sessions = createSessions({ observations: observed, pki, log })
  const state: SourceState = {}
  const measures = measurePipeline({
    store,
    clock,
    source: state,
    objects: () => status.objects,
    loop: () => loop,
    waitingNotifications: () => news.notifier.waiting(),
    notes: options.notes === true,
    converged: (commit) => status.record(convergedEvent(commit)),
  })
  const measured = (destination: string, outcome: string): void => measures.metrics.notified(destination, outcome)
  const news = followNews({
    ...options,
    store,
    source: state,
    objects: () => status.objects,
    manifest: (key) => status.manifest(key),
    refreshed: () => status.refreshed(),
    measured,
  })
  const heard = (event: EventDraft): void => {
    news.heard(event)
    measures.metrics.heard(event)
  }
  const gone = (key: ObjectKey): void => {
    news.changed([key])
    measures.metrics.gone(key)
  }
  const status: Status = createStatus({ ...keptPast(options), store, clock, heard, gone, erred: (keys) => news.changed(keys) })
  stack.adopt(news.start(), async (value) => await value.stop())
  let noter: Noter | undefined
  let followedOthers: readonly FollowedOther[] = []
  const ledger = createLedger({
    environment: options.environment ?? 'default',
    records: store.ledger,
    plans: store.plans,
    clock,
    otherSource: (key) => otherSourceOf(key, { loop, observed: observed.view, others: followedOthers }),
    notesIn: (name) => followedOthers.some(({ notes, state: of }) => notes && of.name === name),
    grown: () => noter?.trigger(),
  })
  sessions.listen({ refused: (node, reason) => status.record(agentRefused(node, reason)) })
  const dispatcher = stack.adopt(
    createDispatcher({ sessions, log, clock, ...dispatchPorts({ observed: observed.view, status, ledger, loop: () => loop }) }),
    (value) => value.close(),
  )
  for (const { name } of store.observations.nodes()) await pki.noteAgent(name)
  const roster = openRoster({ store, agents: pki, observed: observed.view, oneHost: options.oneHost ?? false })
  const environment = options.environment ?? 'default'
  let holds: Holds | undefined
  const standing = createStandingPolicy({
    settings: store.settings,
    environment,
    root: parseSubPath(options.source.path ?? ''),
    approvers: approversOf(options) !== undefined,
  })
  const loop: Loop = createLoop({
    standing: (desired) => standing.of(desired),
    plan,
    forNode,
    observed,
    status,
    dispatch: async (part, node, fields) => {
      ledger.planned(node, fields)
      return await dispatcher.dispatch(part, node)
    },
    approvals: () => [...store.approvals.list(), ...store.gitApprovals.signed()],
    dropApprovals: (key) => {
      store.approvals.drop(key)
      store.gitApprovals.drop(key)
    },
    environment,
    suspensions: () => store.suspensions.list(),
    leases: () => store.leases.list(),
    arrived: () => holds?.arrived(),
    unheard: (desired) => roster.unheard(desired),
    inputSalt: salt,
    settled: store.settled,
    passed: (pass) => measures.progress.passed(pass),
    clock,
    log,
  })
  const agents = stack.adopt(await listenForAgents({ pki, sessions, log, ...options.agents }), async (value) => await value.close())
  // First of all at the end: that agents go then is no news of them.
  stack.defer(() => loop.close())
  // By now the agents that are there have come back; a look tells of those that have not.
  stack.adopt(
    setTimeout(() => loop.refresh([]), awaitMs),
    clearTimeout,
  )
  const repository = { url: parseRemote(options.source.url).url, branch: options.source.ref ?? 'HEAD', path: folderOf(options.source.path) }
  const { poller, previews, admission, source, others } = await followRepository(
    { ...options, unsealer },
    {
      loop,
      state,
      status,
      store,
      ledger,
      observed: observed.view,
      standing,
      news,
      measures,
      stack,
      branch: repository.branch,
    },
  )
  followedOthers = others
  const adopt = createAdopt({ source, desired: () => loop.view(), observed: observed.view })
  holds = openHolds({ loop, store, observed, status, ledger, dispatcher, adopt, clock, log, stack })
  const { suspender, leases } = holds
  if (options.notes === true) {
    const noted = others.filter(({ notes }) => notes).map((one) => ({ name: one.state.name, source: one.source }))
    noter = stack.adopt(startNoters({ source, others: noted, records: store.ledger, log }), async (value) => await value.stop())
  }
  const triggers: (() => void)[] = []
  const control = createControl({
    loop,
    store,
    roster,
    observed: observed.view,
    source: state,
    previews: previewsOf(previews, others),
    suspender,
    leases,
    repository,
    others: others.map((one) => one.state),
    fetchNow: async () => {
      // Not waited for: other sources may wait for the first one themselves.
      for (const other of others) void other.poller.trigger()
      await poller.trigger()
    },
    // A word is bound to one commit, which one of the sources has.
    allowRevision: (commit) => [admission, ...others.map((one) => one.admission)].forEach((one) => one.allow(commit)),
    mask: maskPlan,
    objects: status.objects,
    notifier: news.notifier,
    clock,
  })
  holdMetrics(measures.registry, store)
  const api = stack.adopt(
    await startApi({
      objects: status.objects,
      ...requestPorts(dispatcher),
      control,
      webhook: webhookPort(options, () => {
        for (const other of others) void other.poller.trigger()
        void poller.trigger().then(() => triggers.forEach((trigger) => trigger()))
      }),
      repository: { ...repository, others: others.map(({ state: { name, url, branch } }) => ({ name, url, branch })) },
      identity: { token: (token) => store.tokens.verify(token, clock.now()), isRevoked: (certificate) => pki.isRevoked(certificate) },
      clock,
      log,
      version: ownVersion(),
      metrics: measures.registry,
      notReady: () => whyNotReady({ fetched: loop.view() !== undefined, told: status.refreshed(), error: state.error }),
      tls: { ca: pki.ca, ...(await pki.server()) },
      ...options.listen,
    }),
    async (value) => await value.close(),
  )
  const requests =
    options.forge === undefined
      ? undefined
      : planRequests({ ...options, forge: options.forge }, { loop, previews, observed, others, branch: repository.branch })
  if (requests !== undefined) {
    stack.defer(async () => await requests.stop())
    triggers.push(() => requests.trigger())
  }
  if (options.forge !== undefined)
    stack.adopt(
      tellApplied({ ...options, forge: options.forge }, { loop, state, status, observed, settings: store.settings }),
      async (value) => await value.stop(),
    )
  stack.adopt(keepRenewed(api, pki, log), clearInterval)
  for (const teller of tellOtherForges(options, { loop, status, observed, others, store })) {
    stack.defer(async () => await teller.stop())
    if ('trigger' in teller) triggers.push(() => teller.trigger())
  }
  const kubeconfig = join(stateDir, 'kubeconfig')
  await writeKubeconfig(kubeconfig, { server: api.url, ca: pki.ca, ...(await ownerCertificate(pki)) })
  const running = stack.move()
  return {
    apiUrl: api.url,
    agentsUrl: agents.url,
    kubeconfig,
    createJoinToken: async (node) => await pki.createJoinToken(node),
    close: async () => await running.disposeAsync(),
  }
}

function keptPast({ keepPast }: ReconcilerOptions): { readonly keepPast?: number } {
  return keepPast === undefined ? {} : { keepPast }
}

/** The environment's folder without slashes around it. */
function folderOf(path = ''): string {
  return path.replaceAll(/^\/+|\/+$/g, '')
}

/** Why what the API serves is not what there is; undefined where it is. */
function whyNotReady(known: { readonly fetched: boolean; readonly told: boolean; readonly error: string | undefined }): string | undefined {
  if (!known.fetched) return `no revision has been fetched yet${known.error === undefined ? '' : `: ${known.error}`}`
  return known.told ? undefined : 'not all objects are written yet'
}
