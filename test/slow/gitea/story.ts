import assert from 'node:assert/strict'
import { join } from 'node:path'
import { writeFileSync } from 'node:fs'
import { test } from 'node:test'
import type { Gitea } from '../../../lab/gitea.ts'
import { until } from '../../../lab/wait.ts'
import { startCommand } from '../../integration/cli/command.ts'
import { disk, openStoryWorld, type Environment, type StoryWorld } from './story-world.ts'
import { openRequest, pushUrl, type People } from './subject.ts'

const soon = { seconds: 120 }

/** The way of a request through a real forge: planned, planned again, merged by the forge, applied, told, noted. */
export function giteaStory(open: () => { readonly gitea: Gitea; readonly people: People }): void {
  test('a request of a real Gitea', async (t) => {
    const { gitea, people } = open()
    const world = await openStoryWorld(t, gitea, people)
    const { repository, fixture, hooked, polling } = world
    const environments = [hooked, polling]
    const call = async <T>(method: string, path: string, body?: unknown): Promise<T> =>
      await gitea.call<T>(method, `/repos/${repository}${path}`, { body, token: people.authorToken })
    const openFor = async (head: string): Promise<number> =>
      await openRequest(gitea, { repository, base: 'main', head, title: head, token: people.authorToken })
    const comments = async (number: number): Promise<readonly string[]> =>
      (await call<{ body: string; user: { login: string } }[]>('GET', `/issues/${number}/comments`)).map(({ body, user }) => {
        assert.equal(user.login, people.bot.name)
        return body
      })
    const commentOf = async (number: number, { name }: Environment): Promise<string> => {
      const own = (await comments(number)).filter((body) => body.startsWith(`<!-- gitvirt/plan/${name} -->`))
      assert.equal(own.length, 1)
      return own[0] ?? ''
    }
    /** Waits for a status of each environment whose words are these. */
    const told = async (what: 'plan' | 'apply', commit: string, words: RegExp, who = environments): Promise<string[]> =>
      await Promise.all(who.map(async ({ name }) => await toldBy(world, `gitvirt/${what}/${name}`, commit, words)))

    let number = 0
    let head = ''
    await t.test('is planned as soon as it is opened, by its hooks alone and by polling alone', async () => {
      await until('the first disk on both hosts', () => environments.every((one) => hasDisk(one, 'one')), soon)
      fixture.git('checkout', '-q', '-b', 'two')
      head = world.push('author', 'two', { 'two.yaml': disk('two'), 'words.yaml': '# the author\n' })
      number = await openFor('two')
      assert.deepEqual(await told('plan', head, /^Plan: 1 to create/), ['success', 'success'])
      for (const one of environments) assert.match(await commentOf(number, one), /create: DataVolume\/default\/two/)
      assert.equal((await comments(number)).length, environments.length)
    })

    await t.test('is planned again when it moves, in the same comments', async () => {
      head = world.push('author', 'two', { 'three.yaml': disk('three') })
      assert.deepEqual(await told('plan', head, /^Plan: 2 to create/), ['success', 'success'])
      for (const one of environments) assert.match(await commentOf(number, one), /create: DataVolume\/default\/three/)
    })

    await t.test('is planned again when the tracked branch moves', async () => {
      fixture.git('checkout', '-q', 'main')
      world.push('operator', 'main', { 'words.yaml': '# the operator\n' })
      assert.deepEqual(await told('plan', head, /cannot be merged into main/), ['failure', 'failure'])
      world.push('operator', 'main', { 'words.yaml': null })
      assert.deepEqual(await told('plan', head, /^Plan: /), ['success', 'success'])
    })

    let merge = ''
    await t.test('is applied once Gitea merged it with a key of its own', async () => {
      merge = await mergeBy(call, number, 'merge')
      fixture.git('fetch', '-q', pushUrl(gitea, repository, gitea.token), 'main')
      assert.equal(fixture.git('rev-parse', 'FETCH_HEAD'), merge)
      assert.equal(signerOf(world, gitea), 'G gitea@example.org')
      await until('its disks on both hosts', () => environments.every((one) => hasDisk(one, 'two') && hasDisk(one, 'three')), soon)
      assert.deepEqual(await told('apply', merge, /^What runs is what Git says/, [polling]), ['success'])
      for (const one of environments) assert.match((await one.gitvirt('events')).stdout, /MergedAsPlanned/)
    })

    await t.test('has its receipts as notes at Gitea', async () => {
      fixture.git('checkout', '-q', 'FETCH_HEAD')
      const remote = pushUrl(gitea, repository, gitea.token)
      await until(
        'the receipts of both environments',
        () => {
          fixture.git('fetch', '-q', '--force', remote, 'refs/notes/gitvirt:refs/notes/gitvirt')
          const text = fixture.git('log', '-1', '--notes=gitvirt', '--format=%N', merge)
          return environments.every(({ name }) => text.includes(`"environment":"${name}"`)) && text.includes('EnsureVolume')
        },
        soon,
      )
      const verified = await startCommand(t, ['audit', 'verify', '--repo', fixture.work]).ended
      assert.equal(verified.code, 0, verified.stdout + verified.stderr)
    })

    await t.test('comes not into force where Gitea wrote one commit by itself, though it signed it', async () => {
      fixture.git('checkout', '-q', '-b', 'four')
      world.push('author', 'four', { 'four.yaml': disk('four') })
      const squashed = await openFor('four')
      const commit = await mergeBy(call, squashed, 'squash')
      assert.deepEqual(await told('apply', commit, /^Not in force: /, [polling]), ['failure'])
      await until('the word of both', async () => {
        const said = await Promise.all(environments.map(async (one) => (await one.gitvirt('events')).stdout))
        return said.every((text) => text.includes('UntrustedCommit'))
      })
      assert.ok(!environments.some((one) => hasDisk(one, 'four')))
    })
  })
}

function hasDisk({ host }: Environment, name: string): boolean {
  return `DataVolume/default/${name}` in host.world.state.volumes
}

async function toldBy(world: StoryWorld, context: string, commit: string, words: RegExp): Promise<string> {
  return await until(
    `${context} of ${commit} that says ${words.source}`,
    async () => {
      const status = (await world.statuses(commit))[context]
      return status !== undefined && words.test(status.description) ? status.state : undefined
    },
    soon,
  )
}

/** Gitea looks for conflicts beside: it says "try again later" until it knows. */
async function mergeBy(
  call: <T>(method: string, path: string, body?: unknown) => Promise<T>,
  number: number,
  way: 'merge' | 'squash',
): Promise<string> {
  await until('the merge', async () => (await call('POST', `/pulls/${number}/merge`, { Do: way }), true), soon)
  return (await call<{ merge_commit_sha: string }>('GET', `/pulls/${number}`)).merge_commit_sha
}

/** How git itself judges the signature of what was fetched, and whose it is. */
function signerOf({ fixture }: StoryWorld, { signer }: Gitea): string {
  const file = join(fixture.dir, 'forge_only')
  writeFileSync(file, signer)
  return fixture.git('-c', `gpg.ssh.allowedSignersFile=${file}`, 'log', '-1', '--format=%G? %GS', 'FETCH_HEAD')
}
