import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough, type Duplex } from 'node:stream'
import { Registry } from 'prom-client'
import { writeKubeconfig } from '../../reconciler/api/kubeconfig.ts'
import type { CommandOptions, CommandResult } from '../../reconciler/api/ports.ts'
import { startApi, type ApiServer, type ListenOptions } from '../../reconciler/api/server.ts'
import { systemClock } from '../../reconciler/lib/clock.ts'
import { silentLogger } from '../../reconciler/lib/log.ts'
import { openPki, type Pki } from '../../reconciler/lib/pki.ts'
import { createStatus, type Status } from '../../reconciler/status/status.ts'
import { openStore, type Store } from '../../reconciler/store/store.ts'
import {
  fakeDesired,
  fakeObserved,
  machineSeen,
  vmManifest,
  volumeManifest,
  volumeSeen,
  type FakeDesired,
  type FakeObserved,
} from './views.ts'

export type Sent = { readonly key: string; readonly verb: string; readonly options: CommandOptions }

/** The real store, status, PKI and API over hand-made views, with a kubeconfig of its own. */
export type ApiFixture = AsyncDisposable & {
  readonly dir: string
  readonly pki: Pki
  readonly store: Store
  readonly status: Status
  readonly desired: FakeDesired
  readonly observed: FakeObserved
  readonly server: ApiServer
  readonly kubeconfig: string
  readonly sent: Sent[]
  /** What the next command answers. */
  answer: CommandResult
  /** What previews wait for. */
  previewing: Promise<unknown>
  /** The guest's end of the last stream. */
  guest: Duplex | undefined
  refresh(keys?: readonly string[]): void
}

export async function startApiFixture(overrides: Partial<ListenOptions> = {}): Promise<ApiFixture> {
  const dir = await mkdtemp(join(tmpdir(), 'gitvirt-api-'))
  const pki = await openPki({ dir: join(dir, 'pki'), clock: systemClock })
  const store = openStore(join(dir, 'store'))
  const status = createStatus({ store, clock: systemClock })
  const desired = fakeDesired()
  const observed = fakeObserved()
  const sent: Sent[] = []
  const box: Pick<ApiFixture, 'answer' | 'guest' | 'previewing'> = { answer: { ok: true }, guest: undefined, previewing: Promise.resolve() }
  const server = await startApi({
    objects: status.objects,
    commands: {
      send: async (key, verb, options) => {
        sent.push({ key, verb, options })
        return box.answer
      },
    },
    streams: {
      open: async () => {
        box.guest = new PassThrough()
        return box.guest
      },
    },
    control: {
      plan: async () => ({ id: 'p', changes: [] }),
      preview: async (ref) => (await box.previewing, { ref }),
      reconcile: async (by) => ({ by }),
      suspend: async (request) => request,
      resume: async (request) => request,
      lease: async (request) => request,
      endLease: async (request) => request,
      leases: async () => ({ leases: [] }),
      approve: async (request) => request,
      allowRevision: async (request) => request,
      status: async () => ({ revision: 'abc', errors: [] }),
      history: async ({ time, key }) => ({ at: new Date(time).toISOString(), key, observed: [], applied: [], observedSince: '' }),
      notifications: async () => ({ rules: [], destinations: [] }),
      testNotification: async ({ destination }) => ({ id: 'test', answer: `200 ${destination}` }),
      state: async () => ({ nodes: [], sightings: [] }),
    },
    webhook: async (body) => (body.toString() === 'ping' ? 202 : 400),
    repository: { url: 'https://git.example/fleet.git', branch: 'main' },
    identity: { token: (token) => store.tokens.verify(token, new Date()), isRevoked: (certificate) => pki.isRevoked(certificate) },
    clock: systemClock,
    log: silentLogger,
    version: '0.1.0',
    metrics: new Registry(),
    tls: { ca: pki.ca, ...(await pki.server()) },
    port: 0,
    ...overrides,
  })
  const kubeconfig = join(dir, 'kubeconfig')
  const owner = await pki.issueClientCertificate({ commonName: 'owner', organization: 'gitvirt:admins' })
  await writeKubeconfig(kubeconfig, { server: server.url, ca: pki.ca, cert: owner.cert, key: owner.key })
  return {
    dir,
    pki,
    store,
    status,
    desired,
    observed,
    server,
    kubeconfig,
    sent,
    set answer(value: CommandResult) {
      box.answer = value
    },
    get answer() {
      return box.answer
    },
    set previewing(value: Promise<unknown>) {
      box.previewing = value
    },
    get previewing() {
      return box.previewing
    },
    get guest() {
      return box.guest
    },
    refresh: (keys) => status.refresh({ desired, observed, ...(keys === undefined ? {} : { keys }) }),
    [Symbol.asyncDispose]: async () => {
      await server.close()
      store.close()
      await rm(dir, { recursive: true, force: true })
    },
  }
}

/** One host, a running guest with its volume, a policy, a secret. */
export function fillDemo({ desired, observed, refresh }: Pick<ApiFixture, 'desired' | 'observed' | 'refresh'>): void {
  const vm = vmManifest('demo')
  const volume = volumeManifest('demo-root')
  desired.put(vm, { references: ['DataVolume/default/demo-root'], line: 3 })
  desired.put(volume, { owner: 'VirtualMachine/default/demo' })
  desired.put({
    apiVersion: 'nmstate.io/v1',
    kind: 'NodeNetworkConfigurationPolicy',
    metadata: { name: 'br1' },
    spec: { desiredState: { interfaces: [{ name: 'br1', type: 'linux-bridge', state: 'up' }] } },
  })
  desired.put({
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: 'login', namespace: 'default' },
    type: 'Opaque',
    stringData: { password: 'hunter2' },
  })
  observed.setNode('host1')
  observed.see('host1', machineSeen(vm))
  observed.see('host1', volumeSeen(volume))
  observed.see('host1', {
    kind: 'NodeNetworkConfigurationPolicy',
    key: 'NodeNetworkConfigurationPolicy//br1',
    digest: 'd',
    provider: 'networkmanager',
    conditions: [{ type: 'Available', status: 'True', reason: 'SuccessfullyConfigured', message: 'done', at: '2026-01-01T00:00:00Z' }],
    drift: [],
  })
  refresh()
}
