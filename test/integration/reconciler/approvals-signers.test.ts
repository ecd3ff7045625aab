import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { until } from '../../../lab/wait.ts'
import { comment, gone, machines, merge, request, soon, statusOf, tokenOf, untilEvent, untilHeld } from './approvals-steps.ts'
import { fleet, openApprovalWorld } from './approvals-world.ts'
import { gpgHome, type GpgHome } from './trust/gpg-keys.ts'
import { sshKey } from './trust/ssh-keys.ts'

const limits = 'prune: {maxPercent: 20}\napprovals: {}'

test('an approval by an OpenPGP key counts, and no more once the key is taken back while its change waits', async (t) => {
  let home: GpgHome | undefined
  const email = 'keeper@example.org'
  const world = await openApprovalWorld(t, limits, {
    reconciler: (fixture) => {
      home ??= gpgHome(t, fixture)
      home.make(email)
      return { approvers: { keyring: home.keyring([email]) } }
    },
  })
  const gpg = home ?? assert.fail()
  world.commit(world.people.author, { ...gone, 'gitvirt.yaml': fleet(`${limits}\nfreeze: {reason: later}`) })
  world.approve({ email, gpg }, (await untilHeld(world, 6)).signing?.token ?? '')
  await untilEvent(world, /ApprovedInGit.*keeper@example\.org approved 6 changes/)
  gpg.revoke(email)
  gpg.keyring([email])
  await untilEvent(world, /does not count: no key of an approver that is good now/)
  world.commit({ email: 'operator@example.org' }, { 'gitvirt.yaml': fleet(limits) })
  await untilHeld(world, 6)
  assert.equal(machines(world), 10)
})

test('an SSH key that is revoked while its approval waits counts no more', async (t) => {
  const revoked = (dir: string): string => join(dir, 'revoked')
  const world = await openApprovalWorld(t, limits, {
    reconciler: ({ dir }) => {
      writeFileSync(revoked(dir), '')
      return { approvers: { allowedSigners: join(dir, 'allowed_signers'), revoked: revoked(dir) } }
    },
  })
  const { author, approver } = world.people
  world.commit(author, { ...gone, 'gitvirt.yaml': fleet(`${limits}\nfreeze: {reason: later}`) })
  world.approve(approver, (await untilHeld(world, 6)).signing?.token ?? '')
  await untilEvent(world, /ApprovedInGit/)
  writeFileSync(revoked(world.fixture.dir), readFileSync(`${approver.key ?? ''}.pub`))
  await untilEvent(world, /does not count: no key of an approver that is good now/)
  world.commit({ email: 'operator@example.org' }, { 'gitvirt.yaml': fleet(limits) })
  await untilHeld(world, 6)
  assert.equal(machines(world), 10)
})

test('an approval that comes before its change is told as pending until the change is there', async (t) => {
  const world = await openApprovalWorld(t, limits)
  const { fixture, people } = world
  fixture.git('checkout', '-q', '-b', 'fewer')
  world.commit(people.author, gone, 'fewer')
  await statusOf(world, request(world, 1))
  const token = tokenOf(comment(world, 1))
  fixture.git('checkout', '-q', 'main')
  world.approve(people.approver, token)
  await untilEvent(world, /ApprovalPending/)
  assert.doesNotMatch(await world.events(), /NoApprovalPending/)
  merge(world, people.author, 'fewer')
  await untilEvent(world, /ApprovedInGit/)
  await untilEvent(world, /NoApprovalPending/)
  await until('three are gone', () => machines(world) === 7, soon)
})

test('of words that somebody may have meant as approvals', async (t) => {
  const world = await openApprovalWorld(t, limits)
  const { fixture, people } = world
  const { author, approver } = people
  const forge = { email: 'noreply@example.org', key: sshKey(fixture, 'forge') }
  world.commit(author, gone)
  const first = (await untilHeld(world, 6)).signing?.token ?? ''

  await t.test('those of the author under another e-mail count as the author’s', async () => {
    world.approve({ ...author, email: 'alias@example.org' }, first)
    await untilEvent(world, /does not count: author@example\.org made the change/)
  })

  await t.test('those of an older plan name nothing that waits', async () => {
    world.commit(author, { 'm3.yaml': null })
    await untilHeld(world, 8)
    world.approve(approver, first)
    await untilEvent(world, new RegExp(`approves ${first.slice(0, 12)}…, which is nothing that waits now`))
    assert.equal(machines(world), 10)
  })

  await t.test('those of an approver that the author picked from elsewhere lack the approver’s signature', async () => {
    const token = (await untilHeld(world, 8)).signing?.token ?? ''
    fixture.git('checkout', '-q', '-b', 'elsewhere')
    const signed = world.approve(approver, token, { push: false })
    fixture.git('checkout', '-q', 'main')
    world.commit(author, { 'readme.txt': 'x' })
    world.as({ email: author.email })
    fixture.git('cherry-pick', '--allow-empty', signed)
    fixture.push()
    await untilEvent(world, new RegExp(`approval in commit ${fixture.head().slice(0, 12)} does not count: it is not signed`))
    assert.equal(machines(world), 10)
  })

  await t.test('those in a merge that the forge signed do not count, and those in the commits that it merged do', async () => {
    const token = (await untilHeld(world, 8)).signing?.token ?? ''
    world.as(forge)
    fixture.git('checkout', '-q', '-b', 'empty')
    fixture.git('commit', '-q', '--allow-empty', '-m', 'nothing')
    fixture.git('checkout', '-q', 'main')
    fixture.git('merge', '-q', '--no-ff', '-m', `Merge pull request #2\n\nGitvirt-Approve: ${token}`, 'empty')
    fixture.push()
    await untilEvent(world, new RegExp(`approval in commit ${fixture.head().slice(0, 12)} does not count: no key of an approver`))
    assert.equal(machines(world), 10)
    fixture.git('checkout', '-q', '-b', 'fewer')
    world.commit(author, { 'm4.yaml': null }, 'fewer')
    await statusOf(world, request(world, 3))
    const head = world.approve(approver, tokenOf(comment(world, 3)), { push: false })
    request(world, 3)
    await statusOf(world, head)
    merge(world, forge, 'fewer')
    await untilEvent(world, /ApprovedInGit.*approver@example\.org approved 2 changes/)
    await until('just that one is gone', () => machines(world) === 9, soon)
  })
})
