import assert from 'node:assert/strict'
import { test } from 'node:test'
import { until } from '../../../lab/wait.ts'
import type { Plan } from '../../../schemas/generated/plan.ts'
import { comment, gone, machines, merge, quarantined, request, soon, statusOf, tokenOf, untilEvent, untilHeld } from './approvals-steps.ts'
import { fleet, openApprovalWorld } from './approvals-world.ts'
import { skip } from './render/program.ts'

const deletions = ({ changes }: Plan): Plan['changes'] => changes.filter(({ action }) => action === 'delete')

test('a request that deletes 30 % of the machines', async (t) => {
  const world = await openApprovalWorld(t, 'prune: {maxPercent: 20}\napprovals: {}')
  const { author, approver } = world.people
  const { fixture } = world

  await t.test('is told as blocked, with what unblocks it, though it lowers the bar itself', async () => {
    fixture.git('checkout', '-q', '-b', 'fewer')
    const head = world.commit(author, { ...gone, 'gitvirt.yaml': fleet('prune: {maxPercent: 20}\napprovals: {ownChanges: true}') }, 'fewer')
    request(world, 1)
    const { state, description } = await statusOf(world, head)
    assert.equal(state, 'failure')
    assert.equal(description, '6 changes are blocked (PruneThreshold): An approver signs the trailer of the comment.')
    assert.match(
      comment(world, 1),
      /\*\*Blocked\*\*[^]*PruneThreshold \(6 changes\): 6 of 20 machines and volumes \(30 %\) would be deleted/,
    )
    assert.match(comment(world, 1), /git commit --allow-empty -S -m "Approve" --trailer "Gitvirt-Approve: [0-9a-f]{64}"/)
  })

  await t.test('is not approved by its author on its own branch', async () => {
    const head = world.approve(author, tokenOf(comment(world, 1)), { push: false })
    request(world, 1)
    assert.equal((await statusOf(world, head)).state, 'failure')
    assert.match(comment(world, 1), /does not approve 6 changes: author@example\.org made the change/)
    fixture.git('reset', '-q', '--hard', 'HEAD^')
  })

  await t.test('may be merged once an approver signed, and is carried out in stages then', async () => {
    const head = world.approve(approver, tokenOf(comment(world, 1)), { push: false })
    request(world, 1)
    await until('success', async () => (await statusOf(world, head)).state === 'success', soon)
    assert.match(comment(world, 1), /approver@example\.org approves 6 changes by commit/)
    assert.equal(machines(world), 10)
    merge(world, author, 'fewer')
    const merged = fixture.head()
    await until('three machines are gone and their disks out of reach', async () => machines(world) === 7 && quarantined(world) === 3, soon)
    await until('success', async () => (await statusOf(world, merged, 'gitvirt/apply/prod')).state === 'success', soon)
  })
})

test('a change of the limits in gitvirt.yaml holds only once approvers signed it', async (t) => {
  const world = await openApprovalWorld(t, 'prune: {maxPercent: 20}\napprovals: {}')
  const { author, approver } = world.people

  await t.test('so that it lets through nothing that came with it, also after a restart', async () => {
    world.commit(author, { ...gone, 'gitvirt.yaml': fleet('prune: {maxPercent: 100}') })
    await untilHeld(world, 6)
    await world.restart()
    const { findings } = await untilHeld(world, 6)
    assert.match(
      findings.find(({ code }) => code === 'PolicyHeld')?.message ?? '',
      /holds until an approver signs a commit with the trailer/,
    )
    await untilEvent(world, /PolicyHeld/)
    assert.equal(machines(world), 10)
  })

  await t.test('and neither by who made it', async () => {
    const token = tokenOf((await world.plan()).findings.find(({ code }) => code === 'PolicyHeld')?.message ?? '')
    world.approve(author, token)
    await untilEvent(world, /approval of gitvirt\.yaml in commit [0-9a-f]{12} does not count: author@example\.org made the change/)
    assert.equal(machines(world), 10)
    world.approve(approver, token)
    await untilEvent(world, /PolicyApproved/)
    await until('three machines are gone', async () => machines(world) === 7 && quarantined(world) === 3, soon)
  })
})

test('who takes gitvirt.yaml away does not approve that alone', async (t) => {
  const world = await openApprovalWorld(t, 'prune: {maxPercent: 5}\napprovals: {}')
  const { author, approver } = world.people
  const held = async (): Promise<string> => (await world.plan()).findings.find(({ code }) => code === 'PolicyHeld')?.message ?? ''
  world.commit(author, { 'm0.yaml': null, 'gitvirt.yaml': null })
  await until('the gates wait', async () => (await held()) !== '', soon)
  const token = tokenOf(await held())
  world.approve(author, token)
  await untilEvent(world, /approval of gitvirt\.yaml in commit [0-9a-f]{12} does not count: author@example\.org made the change/)
  assert.equal(machines(world), 10)
  world.approve(approver, token)
  await untilEvent(world, /PolicyApproved/)
})

test('the deletion of 30 % of the machines', async (t) => {
  const world = await openApprovalWorld(t, 'prune: {maxPercent: 20}\napprovals: {}')
  const { author, approver, stranger } = world.people

  await t.test('is held back when it is merged', async () => {
    const commit = world.commit(author, gone)
    const plan = await untilHeld(world, 6)
    assert.deepEqual([...new Set(deletions(plan).flatMap(({ blocked }) => blocked.map(({ reason }) => reason)))].sort(), [
      'PruneThreshold',
      'WaitingForDependency',
    ])
    assert.equal(machines(world), 10)
    assert.match((await world.gitvirt('get', 'vm', '-o', 'wide')).stdout, /\nm0 .* PruneThreshold\n/)
    assert.match(
      (await world.gitvirt('describe', 'vm', 'm0')).stdout,
      /6 of 20 machines and volumes \(30 %\)[^]*Approve the deletions, or raise/,
    )
    assert.match(await world.metrics(), /^gitvirt_blocked_objects\{reason="PruneThreshold"\} 6$/m)
    const { state, description } = await statusOf(world, commit, 'gitvirt/apply/prod')
    assert.deepEqual(
      [state, description],
      ['failure', '6 changes are blocked (PruneThreshold): An approver signs the trailer of "gitvirt plan".'],
    )
  })

  await t.test('stays held back by words that do not count, and each is told why', async () => {
    const token = (await world.plan()).signing?.token ?? ''
    world.approve({ email: approver.email }, token)
    await untilEvent(world, /does not count: it is not signed/)
    world.approve(stranger, token)
    await untilEvent(world, /does not count: no key of an approver/)
    world.approve(approver, token, { message: `Approve\n\nGitvirt-Approve: ${token}\n\nand more text` })
    await untilEvent(world, /is not among the trailers/)
    world.approve(author, token)
    await untilEvent(world, /does not count: author@example\.org made the change/)
    world.approve(approver, '0'.repeat(64))
    await untilEvent(world, /approves 000000000000…, which is nothing that waits now/)
    assert.equal(machines(world), 10)
    assert.equal(deletions(await world.plan()).length, 6)
  })

  await t.test('goes on in stages once an approver signed, also after a restart', async () => {
    const token = (await world.plan()).signing?.token ?? ''
    world.approve(approver, token)
    await untilEvent(world, /ApprovedInGit.*approver@example\.org approved 6 changes/)
    await world.restart()
    await until(
      'three machines are gone and their disks out of reach',
      async () => machines(world) === 7 && quarantined(world) === 3 && deletions(await world.plan()).length === 0,
      soon,
    )
    await untilEvent(world, /NothingToApprove/)
    const notes = world
      .host()
      .world.notes()
      .filter((line) => /^effect (?:stop|undefine|quarantine) .*m0(?:-root)?$/.test(line))
    assert.deepEqual(
      notes.map((line) => line.split(' ')[1]),
      ['stop', 'undefine', 'quarantine'],
    )
  })

  await t.test('is not approved again by the same commit when it is wanted anew', async () => {
    world.fixture.git('revert', '--no-edit', world.fixture.git('log', '--format=%H', '-1', '--', 'm0.yaml'))
    world.fixture.push()
    await until('the machines are back', async () => machines(world) === 10 && (await world.plan()).changes.length === 0, soon)
    world.commit(author, gone)
    await untilHeld(world, 6)
    assert.equal(machines(world), 10)
  })
})

test('an overlay is changed by any file of the repository, so that nobody approves who changed one', { skip }, async (t) => {
  const world = await openApprovalWorld(t, 'prune: {maxPercent: 20}\napprovals: {}')
  const { author, approver } = world.people
  const left = Array.from({ length: 7 }, (_, at) => `m${at + 3}.yaml`)
  // A name that makes no manifest: nothing that is listed changes.
  world.commit(author, { Kustomization: JSON.stringify({ resources: left }) })
  const token = (await untilHeld(world, 6)).signing?.token ?? ''
  world.approve(author, token)
  await untilEvent(world, /does not count: author@example\.org made the change/)
  await world.restart()
  await untilHeld(world, 6)
  world.approve(approver, token)
  await untilEvent(world, /approver@example\.org approved 6 changes/)
})
