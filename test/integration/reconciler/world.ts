import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import type { TestContext } from 'node:test'
import { credentials } from '../../../agent/session/credentials.ts'
import { createClient } from '../../../reconciler/cli/client.ts'
import { systemClock } from '../../../reconciler/lib/clock.ts'
import { silentLogger } from '../../../reconciler/lib/log.ts'
import { startReconciler } from '../../../reconciler/main.ts'
import type { Reconciler, ReconcilerOptions } from '../../../reconciler/reconciler-options.ts'
import type { Plan } from '../../../schemas/generated/plan.ts'
import { atEnd } from '../../at-end.ts'
import { startTestAgent, type TestAgent } from '../session/lab.ts'
import { Fixture } from './source/fixture.ts'

export type Status = {
  readonly sources: { name: string; revision?: string; error?: string }[]
  readonly errors: { code: string; path: string; message: string }[]
}

/** A reconciler, one host, the environment's own source, and another repository. */
export class World {
  readonly own = new Fixture()
  readonly more = new Fixture()
  readonly #dir: string
  #reconciler: Reconciler | undefined
  #agent: TestAgent | undefined

  constructor(dir: string) {
    this.#dir = dir
  }

  async start(options: Partial<ReconcilerOptions> = {}): Promise<void> {
    this.#reconciler = await startReconciler({
      stateDir: join(this.#dir, 'state'),
      source: { url: this.own.bare, ref: 'main' },
      listen: { host: '127.0.0.1', port: 0 },
      agents: { host: '127.0.0.1', port: 0 },
      serverNames: [],
      pollMs: 100,
      clock: systemClock,
      log: silentLogger,
      ...options,
    })
    const joinToken = await this.#reconciler.createJoinToken('h1')
    const member = {
      node: 'h1',
      url: this.#reconciler.agentsUrl,
      stateDir: join(this.#dir, 'h1'),
      joinToken,
      clock: systemClock,
      log: silentLogger,
    }
    this.#agent = await startTestAgent({
      hub: { dir: this.#dir },
      node: 'h1',
      path: join(this.#dir, 'h1.json'),
      endpoint: (failure) => credentials(member, failure),
    })
  }

  async stop(): Promise<void> {
    await this.#agent?.close()
    await this.#reconciler?.close()
  }

  machines(): string[] {
    return Object.keys(this.#agent?.world.state.machines ?? {}).sort()
  }

  async call<T>(path: string, method = 'GET'): Promise<T> {
    return await createClient({ kubeconfig: this.#reconciler?.kubeconfig ?? '' }).call<T>(path, { method })
  }

  async status(): Promise<Status> {
    return await this.call<Status>('/gitvirt/v1/status')
  }

  async plan(): Promise<Plan> {
    return await this.call<Plan>('/gitvirt/v1/plan')
  }

  async changes(): Promise<string[]> {
    const { changes } = await this.plan()
    return changes.filter(({ action }) => action !== 'none').map(({ key, action }) => `${action} ${key}`)
  }
}

export async function world(t: TestContext): Promise<World> {
  const dir = await mkdtemp(join(tmpdir(), 'gitvirt-sources-'))
  const made = new World(dir)
  atEnd(t, async () => {
    await made.stop()
    made.own.close()
    made.more.close()
    await rm(dir, { recursive: true, force: true, maxRetries: 5 })
  })
  return made
}

export async function untilTrue(what: string, condition: () => Promise<boolean>): Promise<void> {
  const end = performance.now() + 20_000
  while (!(await condition().catch(() => false))) {
    if (performance.now() > end) throw new Error(`not in time: ${what}`)
    await delay(50)
  }
}
