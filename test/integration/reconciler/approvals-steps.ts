import assert from 'node:assert/strict'
import { until } from '../../../lab/wait.ts'
import type { Plan } from '../../../schemas/generated/plan.ts'
import type { ForgeServer } from '../../fakes/forge-server.ts'
import type { ApprovalWorld, Person } from './approvals-world.ts'
import type { Fixture } from './source/fixture.ts'

/** Three of the ten machines of the world. */
export const gone = { 'm0.yaml': null, 'm1.yaml': null, 'm2.yaml': null }

export const soon = { everyMs: 50, seconds: 30 }

export const machines = ({ host }: ApprovalWorld): number => Object.keys(host().world.state.machines).length

/** Disks out of reach. */
export const quarantined = ({ host }: ApprovalWorld): number =>
  Object.values(host().world.state.volumes).filter(({ quarantinedUntil }) => quarantinedUntil !== undefined).length

export const tokenOf = (text: string): string => /Gitvirt-Approve: ([0-9a-f]{64})/.exec(text)?.[1] ?? assert.fail('no token')

/** The plan once this many changes of it wait for a person. */
export async function untilHeld(world: ApprovalWorld, count: number): Promise<Plan> {
  return await until(
    `${count} changes that wait`,
    async () => {
      const plan = await world.plan()
      return plan.signing?.changes === count ? plan : undefined
    },
    soon,
  )
}

export async function untilEvent(world: ApprovalWorld, words: RegExp): Promise<void> {
  await until(`an event ${String(words)}`, async () => words.test(await world.events()), soon)
}

type Forged = { readonly fixture: Fixture; readonly forge: ForgeServer }

/** Pushes what is checked out as the head of a request. */
export function request({ fixture, forge }: Forged, number: number): string {
  const head = fixture.head()
  fixture.git('push', '-q', '--force', fixture.bare, `HEAD:refs/pull/${number}/head`)
  const known = forge.world.requests.find((one) => one.number === number)
  if (known === undefined) forge.world.requests.push({ number, head, title: 'request', base: 'main' })
  else known.head = head
  return head
}

export const comment = ({ forge }: Forged, number: number): string => forge.world.comments.find((one) => one.request === number)?.body ?? ''

/** The last status of this commit, once there is one. */
export async function statusOf(
  { forge }: Forged,
  commit: string,
  context = 'gitvirt/plan/prod',
): Promise<{ state: string; context: string; description: string }> {
  const own = (one: { commit: string; context: string }): boolean => one.commit === commit && one.context === context
  return await until(`a status of ${commit}`, () => forge.world.statuses.findLast(own), soon)
}

/** Merges a branch as a person by a merge commit, and pushes it. */
export function merge(world: ApprovalWorld, person: Person, branch: string): void {
  world.as(person)
  world.fixture.git('checkout', '-q', 'main')
  world.fixture.git('merge', '-q', '--no-ff', '-m', 'Merge pull request #1', branch)
  world.fixture.push()
}
