import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { startGitServer } from '../../../../lab/git-server.ts'
import { until } from '../../../../lab/wait.ts'
import type { BlameReport } from '../../../../reconciler/history/report/blame-report.ts'
import type { Plan } from '../../../../schemas/generated/plan.ts'
import { atEnd } from '../../../at-end.ts'
import { forgeToken, repository, startForgeServer } from '../../../fakes/forge-server.ts'
import { run } from '../../../../reconciler/lib/exec.ts'
import { playThirtyCommits, type Stage } from '../../../story/thirty-commits.ts'
import { environment, fieldPath } from '../../../story/twenty-fields.ts'
import { WorkTree } from '../../../story/work-tree.ts'
import { startCommand } from '../../cli/command.ts'
import { skip } from '../render/program.ts'
import { makePlace, startWhole } from '../whole.ts'

const identity = {
  GIT_AUTHOR_NAME: 'operator',
  GIT_AUTHOR_EMAIL: 'operator@example.org',
  GIT_COMMITTER_NAME: 'operator',
  GIT_COMMITTER_EMAIL: 'operator@example.org',
  GIT_CONFIG_NOSYSTEM: '1',
  GIT_CONFIG_GLOBAL: '/dev/null',
}

type Chain = Stage & { readonly url: string; readonly dir: string; readonly events: () => Promise<string> }

/** A repository behind a Git HTTP server, its forge, and a reconciler with a host that follows both. */
async function openChain(t: TestContext): Promise<Chain> {
  const place = await makePlace(t)
  const server = await startGitServer({ root: place.git.root, push: true })
  atEnd(t, async () => await server.close())
  const forge = await startForgeServer('github')
  atEnd(t, async () => await forge.close())
  const tokenFile = join(place.dir, 'token')
  writeFileSync(tokenFile, forgeToken)
  const url = `${server.url}/fleet.git`
  place.git.git('remote', 'add', 'origin', url)
  const whole = await startWhole(t, place, {
    source: { url, ref: 'main', path: environment },
    forge: { kind: 'github', api: forge.api, repository, tokenFile, pollMs: 100 },
    environment: 'prod',
    notes: true,
  })
  await whole.join('h1')
  // The server answers in this process, so that it cannot wait for git.
  const work = new WorkTree(
    place.git.work,
    async (...args) => (await run('git', ['-C', place.git.work, ...args], { env: identity })).stdout,
  )
  const { requests, comments, statuses } = forge.world
  return {
    url,
    dir: place.dir,
    work,
    events: async () => (await startCommand(t, ['events'], { GITVIRT_KUBECONFIG: whole.reconciler.kubeconfig }).ended).stdout,
    request: async (number, title) => {
      const head = await work.git('rev-parse', 'HEAD')
      await work.git('push', '--quiet', '--force', 'origin', `HEAD:refs/pull/${number}/head`)
      const known = requests.find((one) => one.number === number)
      if (known === undefined) requests.push({ number, head, title, base: 'main' })
      else known.head = head
      const { state } = await until(`a status of #${number}`, () => statuses.findLast(({ commit }) => commit === head))
      assert.equal(state, 'success')
      return comments.find(({ request }) => request === number)?.body ?? ''
    },
    land: async () => {
      await work.git('push', '--quiet', 'origin', 'main')
      const head = await work.git('rev-parse', 'HEAD')
      await until(`an empty plan of ${head}`, async () => {
        const { revision, changes } = await whole.client.call<Plan>('/gitvirt/v1/plan')
        return revision === head && changes.length === 0 ? true : undefined
      })
    },
  }
}

test(
  'blame in a fresh clone names commit, author, request and landing of each of 20 fields that 30 pushed and requested commits set',
  { skip },
  async (t) => {
    const chain = await openChain(t)
    const setters = await playThirtyCommits(chain)
    const clone = join(chain.dir, 'clone')
    await chain.work.git('clone', '--quiet', chain.url, clone)
    const last = await chain.work.git('rev-parse', 'HEAD')
    await until('all receipts', async () => {
      await chain.work.git('-C', clone, 'fetch', '--quiet', '--force', 'origin', 'refs/notes/gitvirt:refs/notes/gitvirt')
      return (await chain.work.git('-C', clone, 'log', '-1', '--notes=gitvirt', last)).includes('RestartDomain') ? true : undefined
    })
    const gitvirt = async (...args: string[]): Promise<string> => {
      const { code, stdout, stderr } = await startCommand(t, [...args, '--repo', clone]).ended
      assert.equal(code, 0, stdout + stderr)
      return stdout
    }
    await gitvirt('audit', 'verify')
    const report = JSON.parse(await gitvirt('blame', 'vm/web', '--path', environment, '-o', 'json')) as BlameReport
    const blamed = new Map(report.fields.map((field) => [field.field, field]))
    const subjects = (await chain.work.git('log', '--format=%s%x09%H')).split('\n').map((line) => line.split('\t') as [string, string])
    const commits = new Map(subjects)
    for (const [name, { subject, author, pullRequest, landed }] of setters) {
      const field = blamed.get(fieldPath(name))
      const found = {
        commit: field?.commit,
        author: field?.author.email,
        pullRequest: field?.pullRequest,
        landed: field?.landed?.map(({ node, commit }) => ({ node, commit })),
      }
      const wanted = {
        commit: commits.get(subject),
        author: `${author}@example.org`,
        pullRequest,
        landed: [{ node: 'h1', commit: landed }],
      }
      assert.deepEqual(found, wanted, `${name}: ${subject}`)
    }
    const merges = [...(await chain.events()).matchAll(/Merged(AsPlanned|PlannedAgain).*?#(\d+) \(/g)].map(
      ([, how, number]) => `#${number} ${how}`,
    )
    // Beside request 5 the main branch changed the machine too. A squashed commit does not hold what was requested, so of 3 and 7 nothing is told.
    const wanted = ['#1 AsPlanned', '#2 AsPlanned', '#4 AsPlanned', '#5 PlannedAgain', '#6 AsPlanned', '#8 AsPlanned']
    assert.deepEqual(merges.toSorted(), wanted)
  },
)
