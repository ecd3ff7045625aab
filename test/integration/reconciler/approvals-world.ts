import { get } from 'node:https'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import type { TestContext } from 'node:test'
import { credentials } from '../../../agent/session/credentials.ts'
import { until } from '../../../lab/wait.ts'
import { systemClock } from '../../../reconciler/lib/clock.ts'
import { silentLogger } from '../../../reconciler/lib/log.ts'
import { startReconciler } from '../../../reconciler/main.ts'
import type { Reconciler } from '../../../reconciler/reconciler-options.ts'
import { createClient } from '../../../reconciler/cli/client.ts'
import type { Plan } from '../../../schemas/generated/plan.ts'
import { atEnd } from '../../at-end.ts'
import type { ForgeServer } from '../../fakes/forge-server.ts'
import { startCommand, type Ended } from '../cli/command.ts'
import { startTestAgent, type TestAgent } from '../session/lab.ts'
import { openForgeWorld, type ForgeWorld } from './forge-world.ts'
import { Fixture } from './source/fixture.ts'
import type { GpgHome } from './trust/gpg-keys.ts'
import { allowedSigners, signBySsh, sshKey } from './trust/ssh-keys.ts'

export const pair = (name: string, extra = ''): string => `apiVersion: kubevirt.io/v1
kind: VirtualMachine
metadata: {name: ${name}}
spec:
  runStrategy: Always
  template:
    spec:
      domain:
        memory: {guest: 64Mi}
        devices: {disks: [{name: root, disk: {bus: virtio}}]}
      volumes: [{name: root, dataVolume: {name: ${name}-root}}]
---
apiVersion: cdi.kubevirt.io/v1beta1
kind: DataVolume
metadata: {name: ${name}-root${extra}}
spec:
  source: {blank: {}}
  storage: {resources: {requests: {storage: 1Gi}}}
`

export const fleet = (spec: string): string =>
  `apiVersion: gitvirt.io/v1alpha1\nkind: Fleet\nmetadata: {name: prod}\nspec:\n${spec.replaceAll(/^/gm, '  ')}\n`

/** A person of the tests: git's identity and the key that signs. */
export type Person = {
  readonly email: string
  /** A file with an SSH key. */
  readonly key?: string
  /** Where an OpenPGP key is meant instead, the key of its e-mail in this home. */
  readonly gpg?: GpgHome
}

export type ApprovalWorld = {
  readonly fixture: Fixture
  readonly forge: ForgeServer
  readonly people: Readonly<Record<'author' | 'approver' | 'second' | 'stranger', Person>>
  readonly host: () => TestAgent
  plan(): Promise<Plan>
  gitvirt(...args: string[]): Promise<Ended>
  /** What Prometheus would read. */
  metrics(): Promise<string>
  /** Writes events' reasons and messages. */
  events(): Promise<string>
  /** What happens meanwhile is done between the end and the start. */
  restart(meanwhile?: () => void): Promise<void>
  /** Commits as this person, signed where it has a key, and pushes to main or another branch. */
  commit(person: Person, files: Record<string, string | null>, branch?: string): string
  /** Commits are by this person from now on. */
  as(person: Person): void
  /** An empty commit with a trailer, on what is checked out; pushed to main unless `push` is false. */
  approve(person: Person, token: string, options?: { message?: string; push?: boolean }): string
}

export type WorldOptions = {
  /** Of the reconciler, besides the approvers. */
  readonly reconciler?: (fixture: Fixture) => Partial<ForgeWorld['options']>
}

/** A reconciler with one host, ten machines with a disk each, a forge, and people who sign. */
export async function openApprovalWorld(t: TestContext, policy: string, more: WorldOptions = {}): Promise<ApprovalWorld> {
  const fixture = new Fixture()
  atEnd(t, () => fixture.close())
  const people = {
    author: { email: 'author@example.org', key: sshKey(fixture, 'author') },
    approver: { email: 'approver@example.org', key: sshKey(fixture, 'approver') },
    second: { email: 'second@example.org', key: sshKey(fixture, 'second') },
    stranger: { email: 'stranger@example.org', key: sshKey(fixture, 'stranger') },
  }
  const { stranger: _, ...trusted } = people
  const approvers = allowedSigners(fixture, Object.fromEntries(Object.values(trusted).map(({ email, key }) => [email, key])))
  const machines = Object.fromEntries(Array.from({ length: 10 }, (_, at) => [`m${at}.yaml`, pair(`m${at}`)]))
  const as = (person: Person): void => {
    fixture.person = { name: person.email.split('@')[0] ?? '', email: person.email }
    if (person.gpg !== undefined) person.gpg.sign(person.email)
    else if (person.key !== undefined) signBySsh(fixture, person.key)
    else fixture.git('config', 'commit.gpgSign', 'false')
  }
  as({ email: 'operator@example.org' })
  fixture.commit({ 'gitvirt.yaml': fleet(policy), ...machines })
  const { forge, options } = await openForgeWorld(t, fixture)
  let reconciler: Reconciler | undefined
  let agent: TestAgent | undefined
  const stop = async (): Promise<void> => {
    await agent?.close()
    await reconciler?.close()
    agent = undefined
    reconciler = undefined
  }
  atEnd(t, stop)
  const start = async (): Promise<void> => {
    reconciler = await startReconciler({ ...options, approvers: { allowedSigners: approvers }, ...more.reconciler?.(fixture) })
    const joinToken = await reconciler.createJoinToken('h1')
    const own = {
      node: 'h1',
      url: reconciler.agentsUrl,
      stateDir: join(fixture.dir, 'h1'),
      joinToken,
      clock: systemClock,
      log: silentLogger,
    }
    agent = await startTestAgent({
      hub: fixture,
      path: join(fixture.dir, 'h1.json'),
      endpoint: async (failure) => await credentials(own, failure),
    })
  }
  await start()
  const kubeconfig = (): string => reconciler?.kubeconfig ?? ''
  const host = (): TestAgent => agent ?? (undefined as never)
  const plan = async (): Promise<Plan> => await createClient({ kubeconfig: kubeconfig() }).call<Plan>('/gitvirt/v1/plan')
  const gitvirt = async (...args: string[]): Promise<Ended> =>
    await startCommand(t, args, { GITVIRT_KUBECONFIG: kubeconfig(), NODE_COMPILE_CACHE: join(fixture.dir, 'compile') }).ended
  await until('ten machines', async () => (await plan()).changes.length === 0 && Object.keys(host().world.state.machines).length === 10, {
    everyMs: 50,
  })
  return {
    fixture,
    forge,
    people,
    host,
    plan,
    gitvirt,
    metrics: async () => {
      const client = createClient({ kubeconfig: kubeconfig() })
      const options = await client.socketOptions()
      return await new Promise<string>((resolve, reject) => {
        get(new URL('/metrics', client.server), options, (answer) => void text(answer).then(resolve, reject)).on('error', reject)
      })
    },
    events: async () => (await gitvirt('events')).stdout,
    restart: async (meanwhile) => {
      await stop()
      meanwhile?.()
      await start()
    },
    as,
    commit: (person, files, branch) => {
      as(person)
      return fixture.commit(files, branch)
    },
    approve: (person, token, { message = `Approve\n\nGitvirt-Approve: ${token}`, push = true } = {}) => {
      as(person)
      fixture.git('commit', '-q', '--allow-empty', '-m', message)
      if (push) fixture.push()
      return fixture.head()
    },
  }
}
