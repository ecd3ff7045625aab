import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Block, Change, Plan } from '../../../../../schemas/generated/plan.ts'
import type { RequestPlan } from '../../../../../reconciler/plan/text/preview.ts'
import { blockedLines, verdictOf } from '../../../../../reconciler/plan/text/verdict.ts'

function change(name: string, ...blocked: Block[]): Change {
  return {
    key: `VirtualMachine/default/${name}`,
    node: 'h1',
    action: 'update',
    disruption: 'restart',
    fields: [],
    steps: [],
    base: 'absent',
    blocked,
    notes: [],
    after: [],
  }
}

function request(changes: Change[], rest: Partial<RequestPlan> = {}): RequestPlan {
  const summary = { create: 0, update: changes.length, replace: 0, delete: 0, blocked: 0, disruption: 'restart' } as const
  const plan: Plan = { id: 'p', revision: 'r', policyDigest: 'd', createdAt: 'now', changes, findings: [], summary }
  const merge = { ref: '#1', head: 'h', subject: 's', base: 'b', branch: 'main', into: 'i' }
  return { plan, pending: [], intent: 'i', impact: [], policyChanges: false, errors: [], merge, ...rest }
}

const block = (reason: Block['reason'], rest: Partial<Block> = {}): Block => ({
  reason,
  message: `${reason} is why.`,
  unblock: `Do ${reason}.`,
  ...rest,
})
const restart = block('DisruptionNotAllowed', { steps: ['RestartDomain:vm'] })
const signing = { trailer: 'Gitvirt-Approve', token: 'a'.repeat(64), changes: 1 }

describe('the verdict on a request', () => {
  for (const reason of ['PruneThreshold', 'ApprovalRequired', 'DisruptionNotAllowed'] as const) {
    it(`fails for ${reason}, and says what unblocks it`, () => {
      const found = verdictOf(request([change('a', block(reason)), change('b', block(reason)), change('c')]))
      assert.deepEqual(found, { state: 'failure', description: `2 changes are blocked (${reason}): Do ${reason}.` })
    })
  }

  it('fails for commits that nobody trusted signed, before all else', () => {
    const found = verdictOf(request([change('a', block('PruneThreshold'))], { untrusted: 'Once this is merged, nothing goes on.' }))
    assert.deepEqual(found, { state: 'failure', description: 'Once this is merged, nothing goes on.' })
  })

  it('points to the trailer of the comment where an approver can open it', () => {
    const found = verdictOf(request([change('a', block('PruneThreshold'), block('ApprovalRequired'))], { signing }))
    assert.equal(found.description, '1 change is blocked (PruneThreshold, ApprovalRequired): An approver signs the trailer of the comment.')
  })

  it('lets a restart wait for its time after the merge, but for where it can be approved before', () => {
    assert.equal(verdictOf(request([change('a', restart)])).state, 'success')
    assert.equal(verdictOf(request([change('a', restart)], { signing })).state, 'failure')
  })

  it('is pending while only the time holds it back, and says until when', () => {
    const until = '2026-06-01T22:00:00.000Z'
    const found = verdictOf(request([change('a', block('Window', { until, unblock: `Wait until ${until}.` }))]))
    assert.deepEqual(found, { state: 'pending', description: `1 change is blocked (Window): Wait until ${until}.`, until })
    assert.equal(verdictOf(request([change('a', block('Frozen'), block('PruneThreshold'))])).state, 'failure')
  })

  for (const reason of ['Conflict', 'Unsupported'] as const) {
    it(`fails for ${reason} of a whole change, which nothing ends by itself, and for what waits for it`, () => {
      const disk = change('disk', block(reason), block('ApprovalRequired'))
      const waiting = { ...change('a', block('WaitingForDependency')), after: [disk.key] }
      const description = `2 changes are blocked (${reason}, WaitingForDependency, ApprovalRequired): Do ${reason}.`
      assert.deepEqual(verdictOf(request([disk, waiting], { signing })), { state: 'failure', description })
      const alone = verdictOf(request([disk, waiting], { pending: [disk.key] }))
      assert.deepEqual(alone, { state: 'failure', description: '1 change is blocked (WaitingForDependency): Do WaitingForDependency.' })
      assert.equal(verdictOf(request([change('a', block(reason, { steps: ['StartDomain:vm'] }))])).state, 'success')
    })
  }

  it('lets a change wait for another one of the plan that goes on, or that only the time holds back', () => {
    const waiting = (...blocked: Block[]): Change[] => {
      const disk = change('disk', ...blocked)
      return [disk, { ...change('a', block('WaitingForDependency')), after: [disk.key] }]
    }
    assert.equal(verdictOf(request(waiting())).state, 'success')
    assert.equal(verdictOf(request(waiting(block('Window')))).state, 'pending')
    for (const reason of ['NodeNotReady', 'Unschedulable'] as const)
      assert.equal(verdictOf(request(waiting(block(reason)))).state, 'success', reason)
    assert.equal(verdictOf(request(waiting(block('ApprovalRequired')))).state, 'failure')
  })

  it('looks at what holds a policy back on the host of the machine that waits for it, and on no other', () => {
    const key = 'NodeNetworkConfigurationPolicy//br1' as const
    const on = (node: string, ...blocked: Block[]): Change => ({ ...change('a', ...blocked), key, node })
    const waiting = { ...change('a', block('WaitingForDependency')), after: [key] }
    const stateOf = (changes: Change[]): string => verdictOf(request([...changes, waiting], { pending: [key] })).state
    assert.equal(stateOf([on('h1', block('Conflict')), on('h2')]), 'failure')
    assert.equal(stateOf([on('h1'), on('h2', block('Conflict'))]), 'success')
  })

  it('does not count what waits on the tracked branch anyway', () => {
    const waiting = change('a', block('PruneThreshold'))
    assert.equal(verdictOf(request([waiting, change('b')], { pending: [waiting.key] })).state, 'success')
  })
})

describe('the reasons in a comment', () => {
  it('are told once each, with how many changes wait for it', () => {
    const made = request([change('a', block('PruneThreshold'), block('WaitingForDependency')), change('b', block('PruneThreshold'))]).plan
    assert.deepEqual(blockedLines(made), ['PruneThreshold (2 changes): PruneThreshold is why.', '    to go on: Do PruneThreshold.'])
  })
})
