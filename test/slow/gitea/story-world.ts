import { writeFileSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { authorityOf } from '../../../lab/webhook.ts'
import { until } from '../../../lab/wait.ts'
import { atEnd } from '../../at-end.ts'
import { startCommand, type Ended } from '../../integration/cli/command.ts'
import { Fixture } from '../../integration/reconciler/source/fixture.ts'
import { allowedSigners, signBySsh, sshKey } from '../../integration/reconciler/trust/ssh-keys.ts'
import { makePlace, startWhole } from '../../integration/reconciler/whole.ts'
import type { TestAgent } from '../../integration/session/lab.ts'
import type { Gitea } from '../../../lab/gitea.ts'
import { startCountingProxy } from './counting-proxy.ts'
import { makeRepository, pushUrl, type People } from './subject.ts'

/** So seldom that a test never sees it: what comes before came by a hook. */
const never = 3_600_000

/** A reconciler of one environment with one host. */
export type Environment = {
  readonly name: string
  readonly host: TestAgent
  gitvirt(...args: string[]): Promise<Ended>
}

export type StoryWorld = {
  readonly repository: string
  /** The work tree of operator and author; commits are the operator's, and signed. */
  readonly fixture: Fixture
  /** Hears of changes by Gitea's hooks alone. */
  readonly hooked: Environment
  /** Hears of changes by polling alone. */
  readonly polling: Environment
  /** Commits on what is checked out, and pushes it to a branch of Gitea as the operator or the author. */
  push(who: 'operator' | 'author', branch: string, files: Readonly<Record<string, string | null>>): string
  /** The newest state and words of each status of a commit. */
  statuses(commit: string): Promise<Readonly<Record<string, { readonly state: string; readonly description: string }>>>
}

/** A private repository of a Gitea, which two environments follow that take signed heads and the forge's own merges. */
export async function openStoryWorld(t: TestContext, gitea: Gitea, people: People): Promise<StoryWorld> {
  const repository = await makeRepository(gitea, people, { name: 'fleet', private: true })
  const { fixture } = await signingFixture(t)
  const tokens = { operator: gitea.token, author: people.authorToken }
  const push: StoryWorld['push'] = (who, branch, files) => {
    fixture.person = { name: who, email: `${who}@example.org` }
    fixture.git('config', 'commit.gpgSign', String(who === 'operator'))
    const commit = fixture.commit(files, branch)
    fixture.git('push', '-q', pushUrl(gitea, repository, tokens[who]), `HEAD:refs/heads/${branch}`)
    return commit
  }
  push('operator', 'main', { 'one.yaml': disk('one') })
  const start = await environmentStarter(t, { gitea, people, repository, fixture })
  const hooked = await start('hooked', never)
  await gitea.trust(await authorityOf(hooked.kubeconfig))
  await hook(gitea, repository, hooked)
  await until('the first look at the requests', () => hooked.calls() > 0)
  return {
    repository,
    fixture,
    hooked,
    polling: await start('polling', 500),
    push,
    statuses: async (commit) => {
      const all = await gitea.call<StatusEntry[]>('GET', `/repos/${repository}/commits/${commit}/statuses`)
      const oldestFirst = all.toSorted((one, other) => one.id - other.id)
      return Object.fromEntries(oldestFirst.map(({ context, status, description }) => [context, { state: status, description }]))
    },
  }
}

type StatusEntry = { readonly id: number; readonly context: string; readonly status: string; readonly description: string }

export const disk = (name: string): string => `apiVersion: cdi.kubevirt.io/v1beta1
kind: DataVolume
metadata: {name: ${name}}
spec:
  source: {blank: {}}
  storage: {resources: {requests: {storage: 1Gi}}}
`

async function signingFixture(t: TestContext): Promise<{ readonly fixture: Fixture }> {
  const fixture = new Fixture()
  atEnd(t, () => fixture.close())
  signBySsh(fixture, sshKey(fixture, 'operator'))
  return { fixture }
}

type Parts = { readonly gitea: Gitea; readonly people: People; readonly repository: string; readonly fixture: Fixture }
type Started = Environment & { readonly kubeconfig: string; readonly apiUrl: string; readonly secret: string; readonly calls: () => number }

async function environmentStarter(
  t: TestContext,
  { gitea, people, repository, fixture }: Parts,
): Promise<(name: string, pollMs: number) => Promise<Started>> {
  const [tokenFile, forgeSigners] = [join(fixture.dir, 'token'), join(fixture.dir, 'forge_signers')]
  writeFileSync(tokenFile, people.botToken)
  writeFileSync(forgeSigners, gitea.signer)
  const trusted = allowedSigners(fixture, { 'operator@example.org': join(fixture.dir, 'operator') })
  return async (name, pollMs) => {
    const proxy = await startCountingProxy(gitea.url)
    atEnd(t, async () => await proxy.close())
    const place = await makePlace(t)
    await mkdir(join(place.dir, name), { recursive: true })
    const secret = `a secret of ${name} and its forge`
    const whole = await startWhole(t, place, {
      source: { url: `${gitea.url}/${repository}.git`, ref: 'main', auth: { kind: 'token', token: { file: tokenFile } } },
      environment: name,
      pollMs,
      webhookSecret: secret,
      forge: { kind: 'gitea', api: `${proxy.url}/api/v1`, repository, tokenFile, pollMs },
      notes: true,
      trust: { mode: 'head', keys: { allowedSigners: trusted }, forge: { allowedSigners: forgeSigners } },
    })
    const { kubeconfig, apiUrl } = whole.reconciler
    const environment = { GITVIRT_KUBECONFIG: kubeconfig, NODE_COMPILE_CACHE: join(place.dir, 'compile') }
    return {
      name,
      host: await whole.join(`host-of-${name}`),
      gitvirt: async (...args) => await startCommand(t, args, environment).ended,
      kubeconfig,
      apiUrl,
      secret,
      calls: proxy.calls,
    }
  }
}

/** As a person sets it up by docs/operator.md. */
async function hook(gitea: Gitea, repository: string, { apiUrl, secret }: Started): Promise<void> {
  const config = { url: `${apiUrl}/webhook`, content_type: 'json', secret }
  await gitea.call('POST', `/repos/${repository}/hooks`, {
    body: { type: 'gitea', active: true, events: ['push', 'pull_request', 'pull_request_sync'], config },
  })
}
