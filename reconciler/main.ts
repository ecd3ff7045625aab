import { randomBytes } from 'node:crypto'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { writeKubeconfig } from './api/kubeconfig.ts'
import { startApi, type ApiServer } from './api/server.ts'
import { createDispatcher } from './dispatch/dispatcher.ts'
import { listenForAgents } from './dispatch/server.ts'
import { createSessions } from './dispatch/sessions.ts'
import type { Clock } from './lib/clock.ts'
import { describeError } from './lib/errors.ts'
import type { Logger } from './lib/log.ts'
import { adminOrganization, openPki, type Pki } from './lib/pki.ts'
import { readIfPresent, writePrivateFile } from './lib/private-file.ts'
import { lockForProcess } from './lib/process-lock.ts'
import { ownVersion } from './lib/version.ts'
import { createLedger } from './ledger.ts'
import { createLoop, type Loop } from './loop.ts'
import { startNoter, type Noter } from './note-receipts.ts'
import { createObserved, type Observed } from './observed/cache.ts'
import { createControl, type SourceState } from './pipeline-control.ts'
import { briefOf } from './plan/brief.ts'
import { plan } from './plan/plan.ts'
import { forNode } from './plan/seal.ts'
import { maskPlan } from './plan/text/mask.ts'
import { dispatchPorts, requestPorts, webhookPort } from './ports.ts'
import { otherSourceOf, type FollowedOther, type OtherSource } from './follow-others.ts'
import { followRepository } from './follow-repository.ts'
import { openForge } from './forge/open-forge.ts'
import type { ForgeOptions } from './forge/types.ts'
import type { Previews } from './previews.ts'
import { followRequests, type Requests } from './requests.ts'
import { openRoster } from './roster.ts'
import { parseRemote, type SourceOptions } from './source/options.ts'
import { awaitMs } from './status/presence.ts'
import { createStatus } from './status/status.ts'
import { openStore } from './store/store.ts'
import type { TrustOptions } from './trust/trust.ts'

export type ReconcilerOptions = {
  /** Folder that survives restarts; one reconciler at a time uses it. */
  readonly stateDir: string
  readonly source: Omit<SourceOptions, 'storeDir'>
  /** Other sources of the same environment; the policy is the first one's. */
  readonly others?: readonly OtherSource[]
  /** Where the API listens. */
  readonly listen: { readonly host: string; readonly port: number }
  /** Where agents dial in; port 0 takes a free one. */
  readonly agents: { readonly host: string; readonly port: number }
  /** Names and addresses of the server certificate besides the loopback's. */
  readonly serverNames: readonly string[]
  readonly pollMs: number
  /** True where only the agent of this host can connect. */
  readonly oneHost?: boolean
  readonly webhookSecret?: string
  /** Name of this environment in receipts, comments and statuses; default: "default". */
  readonly environment?: string
  /** True: receipts of what was applied are pushed as Git notes. */
  readonly notes?: boolean
  /** A forge whose requests are planned. */
  readonly forge?: ForgeOptions & { readonly pollMs: number }
  /** Whose commits come into force; default: everybody's. */
  readonly trust?: TrustOptions
  readonly clock: Clock
  readonly log: Logger
}

export type Reconciler = {
  readonly apiUrl: string
  readonly agentsUrl: string
  /** The owner's kubeconfig. */
  readonly kubeconfig: string
  createJoinToken(node: string): Promise<string>
  close(): Promise<void>
}

/**
 * Starts all rooms and the loop between them. What was applied before is known from the store, so that an agent that is away loses nothing.
 * @throws GitvirtError `StateLocked`, and what source, store and listeners throw
 */
export async function startReconciler(options: ReconcilerOptions): Promise<Reconciler> {
  const { stateDir, clock, log } = options
  await using stack = new AsyncDisposableStack()
  await mkdir(stateDir, { recursive: true, mode: 0o700 })
  stack.defer(lockForProcess({ path: join(stateDir, 'reconciler.lock'), code: 'StateLocked', what: `The state folder ${stateDir}` }))
  const store = stack.adopt(openStore(stateDir), (value) => value.close())
  const pki = await openPki({ dir: join(stateDir, 'pki'), clock, names: options.serverNames })
  const observed = createObserved({ log, clock, store: store.observations, briefOf })
  const sessions = createSessions({ observations: observed, pki, log })
  const status = createStatus({ store, clock })
  let noter: Noter | undefined
  let followedOthers: readonly FollowedOther[] = []
  const ledger = createLedger({
    environment: options.environment ?? 'default',
    records: store.ledger,
    plans: store.plans,
    clock,
    otherSource: (key) => otherSourceOf(key, { loop, observed: observed.view, others: followedOthers }),
    grown: () => noter?.trigger(),
  })
  const dispatcher = stack.adopt(
    createDispatcher({ sessions, log, clock, ...dispatchPorts({ observed: observed.view, status, ledger, loop: () => loop }) }),
    (value) => value.close(),
  )
  for (const { name } of store.observations.nodes()) await pki.noteAgent(name)
  const roster = openRoster({ store, agents: pki, observed: observed.view, oneHost: options.oneHost ?? false })
  const loop: Loop = createLoop({
    plan,
    forNode,
    observed,
    status,
    dispatch: async (part, node, fields) => {
      ledger.planned(node, fields)
      return await dispatcher.dispatch(part, node)
    },
    approvals: () => store.approvals.list(),
    dropApprovals: (key) => store.approvals.drop(key),
    suspensions: () => store.suspensions.list(),
    unheard: (desired) => roster.unheard(desired),
    inputSalt: await inputSalt(stateDir),
    settled: store.settled,
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
  const state: SourceState = {}
  const repository = { url: parseRemote(options.source.url).url, branch: options.source.ref ?? 'HEAD' }
  const { poller, previews, admission, source, others } = await followRepository(options, {
    loop,
    state,
    status,
    store,
    ledger,
    stack,
    branch: repository.branch,
  })
  followedOthers = others
  if (options.notes === true) noter = stack.adopt(startNoter({ source, records: store.ledger, log }), async (value) => await value.stop())
  const triggers: (() => void)[] = []
  const control = createControl({
    loop,
    store,
    roster,
    observed: observed.view,
    source: state,
    previews,
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
    clock,
  })
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
      notReady: () =>
        loop.view() === undefined ? `no revision has been fetched yet${state.error === undefined ? '' : `: ${state.error}`}` : undefined,
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
  stack.adopt(
    setInterval(() => void renewCertificate(api, pki, log), renewalMs),
    clearInterval,
  )
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

/** Certificates end in months; a look each hour is often enough. */
const renewalMs = 3_600_000

async function renewCertificate(api: ApiServer, pki: Pki, log: Logger): Promise<void> {
  try {
    api.setTls({ ca: pki.ca, ...(await pki.server()) })
  } catch (error) {
    log.error({ error: describeError(error) }, 'cannot renew the certificate of the API')
  }
}

async function ownerCertificate(pki: Pki): Promise<{ readonly cert: string; readonly key: string }> {
  return await pki.issueClientCertificate({ commonName: 'owner', organization: adminOrganization })
}

/** A secret of this installation that salts digests; made once. */
async function inputSalt(stateDir: string): Promise<string> {
  const path = join(stateDir, 'input-salt')
  const known = await readIfPresent(path)
  if (known !== undefined && known !== '') return known
  const salt = randomBytes(32).toString('hex')
  await writePrivateFile(path, salt)
  return salt
}

type Reviewing = {
  readonly loop: Loop
  readonly previews: Previews
  readonly observed: Observed
  readonly others: readonly FollowedOther[]
  readonly branch: string
}

/** Requests are planned again when a tracked commit moves, or a host comes or goes. */
function planRequests(
  {
    forge,
    log,
    environment = 'default',
  }: { readonly forge: NonNullable<ReconcilerOptions['forge']>; readonly environment?: string; readonly log: Logger },
  { loop, previews, observed, others, branch }: Reviewing,
): Requests {
  return followRequests({
    forge: openForge(forge),
    previews,
    branch,
    environment,
    basis: () => {
      const revision = loop.view()?.revision
      return revision === undefined
        ? undefined
        : `${[revision, ...others.map(({ state }) => state.revision?.commit ?? '')].join(' ')} ${observed.view
            .nodes()
            .map(({ name, connected }) => `${name}:${connected}`)
            .join()}`
    },
    interval: forge.pollMs,
    log,
  })
}

/** Makes a join token for a node from another process than the reconciler's. */
export async function createJoinToken(options: {
  readonly stateDir: string
  readonly node: string
  readonly ttlSeconds: number
  readonly clock: Clock
}): Promise<string> {
  const pki = await openPki({ dir: join(options.stateDir, 'pki'), clock: options.clock })
  return await pki.createJoinToken(options.node, { ttlSeconds: options.ttlSeconds })
}
