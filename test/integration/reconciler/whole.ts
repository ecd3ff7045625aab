import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { credentials } from '../../../agent/session/credentials.ts'
import { createClient, type Client } from '../../../reconciler/cli/client.ts'
import { systemClock } from '../../../reconciler/lib/clock.ts'
import { silentLogger } from '../../../reconciler/lib/log.ts'
import { startReconciler } from '../../../reconciler/main.ts'
import type { Reconciler, ReconcilerOptions } from '../../../reconciler/reconciler-options.ts'
import { atEnd } from '../../at-end.ts'
import { startTestAgent, type TestAgent } from '../session/lab.ts'
import { Fixture } from './source/fixture.ts'

/** A Git repository and a folder, for a reconciler of their own. */
export type Place = { readonly git: Fixture; readonly dir: string }

export async function makePlace(t: TestContext): Promise<Place> {
  const git = new Fixture()
  atEnd(t, () => git.close())
  const dir = await mkdtemp(join(tmpdir(), 'gitvirt-whole-'))
  atEnd(t, async () => await rm(dir, { recursive: true, force: true, maxRetries: 5 }))
  return { git, dir }
}

export type Whole = {
  readonly reconciler: Reconciler
  readonly client: Client
  /** A host with a fake driver. */
  join(node: string): Promise<TestAgent>
}

/** A whole reconciler that follows the place's repository. */
export async function startWhole(t: TestContext, { git, dir }: Place, more: Partial<ReconcilerOptions> = {}): Promise<Whole> {
  const reconciler = await startReconciler({
    stateDir: join(dir, 'state'),
    source: { url: git.bare, ref: 'main' },
    listen: { host: '127.0.0.1', port: 0 },
    agents: { host: '127.0.0.1', port: 0 },
    serverNames: [],
    pollMs: 200,
    clock: systemClock,
    log: silentLogger,
    ...more,
  })
  atEnd(t, async () => await reconciler.close())
  const joinHost = async (node: string): Promise<TestAgent> => {
    const joinToken = await reconciler.createJoinToken(node)
    const options = { node, url: reconciler.agentsUrl, stateDir: join(dir, node), joinToken, clock: systemClock, log: silentLogger }
    const path = join(dir, `${node}.json`)
    const agent = await startTestAgent({ hub: { dir }, node, path, endpoint: (failure) => credentials(options, failure) })
    atEnd(t, async () => await agent.close())
    return agent
  }
  return { reconciler, client: createClient({ kubeconfig: reconciler.kubeconfig }), join: joinHost }
}
