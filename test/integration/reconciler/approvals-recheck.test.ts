import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { until } from '../../../lab/wait.ts'
import { gone, machines, soon, untilEvent } from './approvals-steps.ts'
import { fleet, openApprovalWorld, pair, type ApprovalWorld } from './approvals-world.ts'

const limits = 'prune: {maxPercent: 20}\napprovals: {}'
const frozen = `${limits}\nfreeze: {reason: later}`

/** A world in which three deletions are approved and wait for the end of a freeze. */
async function openApproved(t: Parameters<typeof openApprovalWorld>[0]): Promise<ApprovalWorld> {
  const world = await openApprovalWorld(t, limits)
  const { author, approver } = world.people
  world.commit(author, { ...gone, 'gitvirt.yaml': fleet(frozen) })
  const token = await until('a token', async () => (await world.plan()).signing?.token, soon)
  world.approve(approver, token)
  await untilEvent(world, /ApprovedInGit/)
  return world
}

/** Puts a commit on top that is signed in a way nobody here can read. */
function pushUnreadable({ fixture }: ApprovalWorld): void {
  const person = 'a <a@example.org> 1790000000 +0000'
  const signature = 'gpgsig -----BEGIN SIGNED MESSAGE-----\n MIIB\n -----END SIGNED MESSAGE-----'
  const head = `tree ${fixture.git('rev-parse', 'HEAD^{tree}').trim()}\nparent ${fixture.head()}\nauthor ${person}\ncommitter ${person}`
  const id = fixture.input(`${head}\n${signature}\n\nX.509\n`, 'hash-object', '-t', 'commit', '-w', '--stdin').trim()
  fixture.git('reset', '-q', '--hard', id)
  fixture.push()
}

test('a commit of an unreadable signature keeps no revoked approval alive', async (t) => {
  const world = await openApproved(t)
  pushUnreadable(world)
  const keys = join(world.fixture.dir, 'allowed_signers')
  const lines = readFileSync(keys, 'utf8').split('\n')
  writeFileSync(keys, lines.filter((line) => !line.startsWith('approver')).join('\n'))
  await untilEvent(world, /does not count: no key of an approver that is good now/)
  world.commit({ email: 'operator@example.org' }, { 'gitvirt.yaml': fleet(limits) })
  await until('the deletions wait again', async () => (await world.plan()).signing?.changes === 6, soon)
  assert.equal(machines(world), 10)
})

test('a revision whose branch has lost the approval goes by none of it', async (t) => {
  const world = await openApproved(t)
  const { fixture, people } = world
  fixture.git('reset', '-q', '--hard', 'HEAD^')
  world.commit(people.author, { 'gitvirt.yaml': fleet(limits) })
  await untilEvent(world, /counts no more: the branch has lost the commit/)
  await until('the deletions wait again', async () => (await world.plan()).signing?.changes === 6, soon)
  assert.equal(machines(world), 10)
})

test('a restart goes by no approval whose branch has lost it meanwhile', async (t) => {
  const world = await openApproved(t)
  const { fixture, people } = world
  const lost = (): void => {
    fixture.git('reset', '-q', '--hard', 'HEAD^')
    world.commit(people.author, { 'gitvirt.yaml': fleet(limits) })
  }
  await world.restart(lost)
  await untilEvent(world, /counts no more: the branch has lost the commit/)
  await until('the deletions wait again', async () => (await world.plan()).signing?.changes === 6, soon)
  assert.equal(machines(world), 10)
})

test('an approval is not used again when the branch goes back to its commit', async (t) => {
  const world = await openApprovalWorld(t, limits)
  const { fixture, people } = world
  world.commit(people.author, gone)
  const deleting = fixture.head()
  const token = await until('a token', async () => (await world.plan()).signing?.token, soon)
  const approving = world.approve(people.approver, token)
  await until('three are gone', async () => machines(world) === 7 && (await world.plan()).changes.length === 0, soon)
  fixture.git('revert', '--no-edit', deleting)
  fixture.push()
  await until('they are back', async () => machines(world) === 10 && (await world.plan()).changes.length === 0, soon)
  fixture.git('reset', '-q', '--hard', approving)
  fixture.push()
  await until('the deletions wait', async () => (await world.plan()).signing?.changes === 6, soon)
  // What is read with this revision is read before the next one comes into force.
  world.commit({ email: 'operator@example.org' }, { 'readme.txt': 'x' })
  await until('it is seen', async () => (await world.plan()).revision === fixture.head(), soon)
  assert.equal((await world.plan()).signing?.changes, 6)
  assert.equal(machines(world), 10)
})

test('a fault that hides a change for a while lets nobody approve the own change', async (t) => {
  const world = await openApprovalWorld(t, 'disruption: {unattended: none}\napprovals: {}')
  const { author } = world.people
  const seen = async (): Promise<void> => {
    await until('it is seen', async () => (await world.plan()).revision === world.fixture.head(), soon)
  }
  world.commit(author, { 'm0.yaml': pair('m0').replace('64Mi', '128Mi'), 'dup.yaml': pair('m0') })
  await seen()
  world.commit(author, { 'readme.txt': 'x' })
  await seen()
  world.commit({ email: 'operator@example.org' }, { 'dup.yaml': null })
  const token = await until('a token', async () => (await world.plan()).signing?.token, soon)
  world.approve(author, token)
  await untilEvent(world, /does not count: author@example\.org made the change/)
})
