import assert from 'node:assert/strict'
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { startGitServer } from '../../../lab/git-server.ts'
import { until } from '../../../lab/wait.ts'
import { createClient } from '../../../reconciler/cli/client.ts'
import { followRepository, type Followed } from '../../../reconciler/follow-repository.ts'
import { systemClock } from '../../../reconciler/lib/clock.ts'
import { silentLogger } from '../../../reconciler/lib/log.ts'
import type { Loop } from '../../../reconciler/loop.ts'
import { startReconciler } from '../../../reconciler/main.ts'
import type { ReconcilerOptions } from '../../../reconciler/reconciler-options.ts'
import { createStandingPolicy } from '../../../reconciler/standing-policy.ts'
import { createStatus } from '../../../reconciler/status/status.ts'
import { openStore } from '../../../reconciler/store/store.ts'
import { atEnd } from '../../at-end.ts'
import { observedView } from '../../unit/reconciler/plan/support.ts'
import { Fixture } from './source/fixture.ts'
import { allowedSigners, signBySsh, sshKey } from './trust/ssh-keys.ts'
import { createUnsealer } from '../../../reconciler/secrets/create-unsealer.ts'

const soon = { everyMs: 20, seconds: 20 }

function fixtureOf(t: TestContext): Fixture {
  const fixture = new Fixture()
  atEnd(t, () => fixture.close())
  return fixture
}

type Following = Followed & { readonly inForce: () => string | undefined }

/** What follows a repository, with a loop that only takes what comes, and parts that fail as a test wants. */
async function follow(t: TestContext, fixture: Fixture, failing: { ledger?: boolean; surroundings?: () => boolean }): Promise<Following> {
  const stack = new AsyncDisposableStack()
  atEnd(t, async () => await stack.disposeAsync())
  const store = stack.adopt(openStore(join(fixture.dir, 'state')), (value) => value.close())
  let view: ReturnType<Loop['view']>
  const loop: Loop = {
    desired: (update) => void (view = update.view),
    view: () => view,
    passes: () => 0,
    enqueue: () => undefined,
    refresh: () => undefined,
    current: () => undefined,
    surroundings: () => {
      if (failing.surroundings?.() === true) throw new Error('as the test wants it')
      return { observed: observedView([]), approvals: [], suspensions: [], now: new Date() }
    },
    queued: () => ({ plan: 0, status: 0 }),
    close: () => undefined,
  }
  const standing = createStandingPolicy({ settings: store.settings, environment: 'default', root: '', approvers: false })
  const ledger = {
    planned: () => undefined,
    sending: () => undefined,
    step: () => undefined,
    decided: () => undefined,
    revision: () => {
      if (failing.ledger === true) throw new Error('as the test wants it')
    },
  }
  const unsealer = await createUnsealer({ ageKeys: [] }, 'salt')
  const followed = await followRepository(
    {
      stateDir: join(fixture.dir, 'state'),
      source: { url: fixture.bare, ref: 'main' },
      pollMs: 20,
      unsealer,
      clock: systemClock,
      log: silentLogger,
    },
    {
      loop,
      state: {},
      status: createStatus({ store, clock: systemClock }),
      store,
      ledger,
      observed: observedView([]),
      measures: { progress: { arrived: () => undefined }, metrics: { fetchFailed: () => undefined } },
      news: {
        arrived: () => undefined,
        notFetched: () => undefined,
        refused: () => undefined,
        admitted: () => undefined,
        inForce: () => undefined,
      },
      standing,
      branch: 'main',
      stack,
    },
  )
  return { ...followed, inForce: () => view?.revision }
}

describe('a revision that was taken', () => {
  it('comes into force though it cannot be written down who made it', async (t) => {
    const fixture = fixtureOf(t)
    const commit = fixture.commit({ 'a.yaml': '' })
    const { inForce } = await follow(t, fixture, { ledger: true })
    await until('the revision', () => inForce() === commit, soon)
  })

  it('comes into force though it cannot be told which requests it merges', async (t) => {
    const fixture = fixtureOf(t)
    fixture.commit({ 'a.yaml': '' })
    let broken = false
    const { inForce, previews } = await follow(t, fixture, { surroundings: () => broken })
    await until('the first revision', () => inForce() !== undefined, soon)
    fixture.git('checkout', '-q', '-b', 'more')
    fixture.commit({ 'b.yaml': '' }, 'more')
    await previews.take('more')
    broken = true
    fixture.git('checkout', '-q', 'main')
    fixture.git('merge', '-q', '--no-ff', '-m', 'Merge branch more', 'more')
    fixture.push()
    await until('the merge', () => inForce() === fixture.head(), soon)
  })
})

async function start(t: TestContext, fixture: Fixture, rest: Partial<ReconcilerOptions>): ReturnType<typeof startReconciler> {
  const reconciler = await startReconciler({
    stateDir: join(fixture.dir, 'state'),
    source: { url: fixture.bare, ref: 'main' },
    listen: { host: '127.0.0.1', port: 0 },
    agents: { host: '127.0.0.1', port: 0 },
    serverNames: [],
    pollMs: 50,
    clock: systemClock,
    log: silentLogger,
    ...rest,
  })
  atEnd(t, async () => await reconciler.close())
  return reconciler
}

describe('a reconciler that wants signed heads', () => {
  it('still knows what descends from what, when the fetched repository was lost', async (t) => {
    const fixture = fixtureOf(t)
    const key = sshKey(fixture, 'author')
    signBySsh(fixture, key)
    const trust = { mode: 'head', keys: { allowedSigners: allowedSigners(fixture, { 'author@example.org': key }) } } as const
    const inForce = async (kubeconfig: string): Promise<unknown> => {
      const status = await createClient({ kubeconfig }).call<{ revision?: string; error?: string }>('/gitvirt/v1/status')
      return status.revision === fixture.head() || status.error !== undefined ? (status.error ?? 'in force') : undefined
    }
    fixture.commit({ 'a.yaml': '' })
    const first = await start(t, fixture, { trust })
    assert.equal(await until('the first revision', async () => await inForce(first.kubeconfig), soon), 'in force')
    await first.close()
    rmSync(join(fixture.dir, 'state', 'source'), { recursive: true })
    for (const text of ['1', '2']) fixture.commit({ 'b.yaml': `# ${text}` })
    const second = await start(t, fixture, { trust })
    assert.equal(await until('the last revision', async () => await inForce(second.kubeconfig), soon), 'in force')
  })
})

describe('a reconciler without git', () => {
  for (const [flag, rest] of [
    ['--forge', { forge: { kind: 'github', api: 'http://127.0.0.1:1', repository: 'a/b', tokenFile: '/nonexistent', pollMs: 1000 } }],
    ['--notes', { notes: true }],
  ] as const) {
    it(`does not start with ${flag}, and says what to install`, async (t) => {
      const fixture = fixtureOf(t)
      const server = await startGitServer({ root: fixture.root })
      atEnd(t, async () => await server.close())
      const source = { url: `${server.url}/fleet.git`, ref: 'main', engine: 'isomorphic' } as const
      await assert.rejects(start(t, fixture, { source, ...rest }), {
        code: 'GitNeeded',
        message: `${flag} cannot be done without the program "git", which is not used here.`,
        action: `Install git 2.38 or newer where the reconciler runs, or leave ${flag} out.`,
      })
    })
  }
})
