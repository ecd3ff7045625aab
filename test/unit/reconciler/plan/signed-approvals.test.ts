import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { FleetSpec } from '../../../../schemas/generated/fleet.ts'
import type { Change, Plan } from '../../../../schemas/generated/plan.ts'
import type { DesiredObject } from '../../../../reconciler/desired/types.ts'
import type { Sighting } from '../../../../reconciler/observed/types.ts'
import { approvalsFor } from '../../../../reconciler/plan/approve.ts'
import { plan } from '../../../../reconciler/plan/plan.ts'
import { preview } from '../../../../reconciler/plan/preview.ts'
import { forNode } from '../../../../reconciler/plan/seal.ts'
import { approvalToken } from '../../../../reconciler/plan/signed-approvals.ts'
import { planMarkdown } from '../../../../reconciler/plan/text/markdown.ts'
import { renderPlan } from '../../../../reconciler/plan/text/render.ts'
import type { Approval } from '../../../../reconciler/plan/types.ts'
import { carryOut, desiredView, fleet, guestSpec, input, machine, node, now, observedView, volume } from './support.ts'

const host = node('h1')
const labels = { tier: 'db' }
const memory = (guest: string): ReturnType<typeof guestSpec> => guestSpec({ domain: { ...guestSpec().domain, memory: { guest } } })
const before = [volume('root'), machine('vm', { labels })]
const larger = (own: Record<string, string> = labels): DesiredObject => machine('vm', { labels: own, guest: memory('4Gi') })

function applied(objects: readonly DesiredObject[]): Sighting[] {
  let seen: Sighting[] = []
  for (let pass = 0; pass < 3; pass += 1)
    seen = carryOut([forNode(plan(input(desiredView(objects), observedView([host], seen))), 'h1')], seen)
  return seen
}

const running = applied(before)

type Case = {
  readonly spec?: FleetSpec
  readonly wanted?: readonly DesiredObject[]
  readonly approvals?: readonly Approval[]
  readonly environment?: string
}

function planOf({ spec = {}, wanted = [volume('root'), larger()], approvals = [], environment = 'prod' }: Case): Plan {
  const policy = fleet({ disruption: { unattended: 'restart' }, ...spec })
  return plan(input(desiredView([policy, ...wanted]), observedView([host], running), { approvals, environment }))
}

function changeOf(made: Plan): Change {
  const change = made.changes.find(({ key }) => key === 'VirtualMachine/default/vm')
  assert.ok(change !== undefined)
  return change
}

const reasons = (made: Plan): string[] => changeOf(made).blocked.map(({ reason }) => reason)

/** What a signer's commit gives for the machine's change, as it stands in a plan. */
function signedBy(made: Plan, name: string, fingerprint = `SHA256:${name}`): Approval {
  const { key, approval = '' } = changeOf(made)
  return { key, plan: approval, by: name, at: 'now', signer: { name, fingerprint }, commit: 'c'.repeat(40), made: now.toISOString() }
}

const two: FleetSpec = { approvals: { rules: [{ from: 'restart', count: 2 }] } }

describe('approvals in Git', () => {
  it('hold back just the step of the class that needs them, and say what to sign', () => {
    const made = planOf({ spec: two })
    const [block] = changeOf(made).blocked
    assert.deepEqual([block?.reason, block?.steps], ['ApprovalRequired', ['RestartDomain:VirtualMachine/default/vm']])
    assert.match(block?.message ?? '', /^A change of class restart or above needs 2 approvals by signed commits; none is there\.$/)
    const token = approvalToken('prod', [changeOf(made)])
    assert.ok(block?.unblock.includes(`"Gitvirt-Approve: ${token}"`))
    assert.deepEqual(made.signing, { trailer: 'Gitvirt-Approve', token, changes: 1 })
  })

  it('say of what another source declares that nobody is known to have had no part in it', () => {
    const own = larger()
    const foreign: DesiredObject = { ...own, origin: { ...own.origin, path: 'more//vm.yaml' } }
    const unblock = (spec: FleetSpec): string => changeOf(planOf({ spec, wanted: [volume('root'), foreign] })).blocked[0]?.unblock ?? ''
    assert.match(unblock(two), /ownChanges only: who wrote more\/\/vm\.yaml, in another source, is not known\.$/)
    assert.match(unblock({ approvals: { ...two.approvals, ownChanges: true } }), /"\.$/)
  })

  it('let the change through when as many different signers as the rule says have signed just that', () => {
    const made = planOf({ spec: two })
    const one = signedBy(made, 'approver@example.org')
    assert.match(changeOf(planOf({ spec: two, approvals: [one] })).blocked[0]?.message ?? '', /; 1 there, by approver@example\.org\.$/)
    const sameName = signedBy(made, 'approver@example.org', 'SHA256:other')
    const sameKey = signedBy(made, 'alias@example.org', 'SHA256:approver@example.org')
    assert.deepEqual(reasons(planOf({ spec: two, approvals: [one, sameName, sameKey] })), ['ApprovalRequired'])
    const both = planOf({ spec: two, approvals: [one, signedBy(made, 'second@example.org')] })
    assert.deepEqual(reasons(both), [])
    assert.match(changeOf(both).notes.join(), /^Approved by approver@example\.org \(commit c{12}\), second@example\.org/)
    assert.equal(both.signing, undefined)
  })

  it('count for no other change of the same object', () => {
    const made = planOf({ spec: two })
    const approvals = [signedBy(made, 'approver@example.org'), signedBy(made, 'second@example.org')]
    const other = [volume('root'), machine('vm', { labels, guest: memory('8Gi') })]
    assert.deepEqual(reasons(planOf({ spec: two, wanted: other, approvals })), ['ApprovalRequired'])
  })

  it('end by themselves when their time is over, and count for nothing while their commit is not looked at', () => {
    const spec: FleetSpec = { approvals: { validFor: '1h', rules: [{ from: 'restart', count: 1 }] } }
    const one = signedBy(planOf({ spec }), 'approver@example.org')
    const madeAgo = (milliseconds: number): Approval => ({ ...one, made: new Date(now.getTime() - milliseconds).toISOString() })
    assert.deepEqual(reasons(planOf({ spec, approvals: [madeAgo(3_600_000)] })), [])
    assert.deepEqual(reasons(planOf({ spec, approvals: [madeAgo(3_600_001)] })), ['ApprovalRequired'])
    const { made: _, ...unknown } = one
    assert.deepEqual(reasons(planOf({ spec, approvals: [unknown] })), ['ApprovalRequired'])
  })

  it('are not replaced by the word of somebody at the API, who can open the other gates only', () => {
    const made = planOf({ spec: two })
    assert.deepEqual(approvalsFor(made, { plan: made.id, by: 'operator', at: 'now' }), [])
    const spec: FleetSpec = { ...two, disruption: { unattended: 'live' } }
    const held = planOf({ spec })
    assert.deepEqual(reasons(held), ['DisruptionNotAllowed', 'ApprovalRequired'])
    const approvals = approvalsFor(held, { plan: held.id, by: 'operator', at: 'now' })
    assert.deepEqual(reasons(planOf({ spec, approvals })), ['ApprovalRequired'])
  })

  it('open the gates of disruption and deletion as a word at the API does, where the Fleet wants them at all', () => {
    const spec: FleetSpec = { disruption: { unattended: 'live' }, approvals: {} }
    const held = planOf({ spec })
    assert.deepEqual(reasons(held), ['DisruptionNotAllowed'])
    const approvals = [signedBy(held, 'approver@example.org')]
    assert.deepEqual(reasons(planOf({ spec, approvals })), [])
    assert.deepEqual(reasons(planOf({ spec: { disruption: { unattended: 'live' } }, approvals })), ['DisruptionNotAllowed'])
    const none = { spec: { prune: { maxCount: 0 }, approvals: {} }, wanted: [] }
    const deleted = planOf(none)
    assert.deepEqual(reasons(deleted), ['PruneThreshold'])
    assert.deepEqual(reasons(planOf({ ...none, approvals: [signedBy(deleted, 'approver@example.org')] })), [])
  })

  it('are wanted of deletions whatever the class, and of nothing below it', () => {
    const spec: FleetSpec = { approvals: { rules: [{ from: 'data-loss', count: 1 }] } }
    assert.deepEqual(reasons(planOf({ spec })), [])
    const kept = [volume('root'), machine('other', { guest: guestSpec({ volumes: [] }) })]
    const made = planOf({ spec, wanted: kept })
    assert.deepEqual(
      made.changes.find(({ action }) => action === 'delete')?.blocked.map(({ reason }) => reason),
      ['ApprovalRequired'],
    )
  })

  it('count only of the signers whom the rule names', () => {
    const spec: FleetSpec = { approvals: { rules: [{ from: 'restart', count: 1, signers: ['second@example.org', 'SHA256:third'] }] } }
    const made = planOf({ spec })
    assert.deepEqual(reasons(planOf({ spec, approvals: [signedBy(made, 'approver@example.org')] })), ['ApprovalRequired'])
    assert.deepEqual(reasons(planOf({ spec, approvals: [signedBy(made, 'second@example.org')] })), [])
    assert.deepEqual(reasons(planOf({ spec, approvals: [signedBy(made, 'x', 'SHA256:third')] })), [])
  })

  it('are wanted by the labels before the change, too: taking the label off evades nothing', () => {
    const spec: FleetSpec = { approvals: { rules: [{ matchLabels: labels, from: 'restart', count: 1 }] } }
    assert.deepEqual(reasons(planOf({ spec, wanted: [volume('root'), larger({})] })), ['ApprovalRequired'])
    const other: FleetSpec = { approvals: { rules: [{ matchLabels: { tier: 'web' }, from: 'restart', count: 1 }] } }
    assert.deepEqual(reasons(planOf({ spec: other })), [])
  })

  it('name another token in another environment, and none where there is no environment', () => {
    const tokens = ['prod', 'test'].map((environment) => planOf({ spec: two, environment }).signing?.token)
    assert.notEqual(tokens[0], tokens[1])
    const policy = fleet({ disruption: { unattended: 'restart' }, ...two })
    const offline = plan(input(desiredView([policy, volume('root'), larger()]), observedView([host], running)))
    assert.equal(offline.signing, undefined)
    assert.deepEqual(reasons(offline), ['ApprovalRequired'])
  })

  it('are asked of a request by the tracked policy, for what it adds and nothing else', () => {
    const tracked = desiredView([fleet({ disruption: { unattended: 'restart' }, ...two }), volume('root'), larger()])
    const more = machine('more', { guest: guestSpec({ volumes: [] }) })
    const merged = desiredView([fleet({ disruption: { unattended: 'data-loss' } }), volume('root'), larger(), more])
    const around = { observed: observedView([host], running), approvals: [], suspensions: [], now, inputSalt: 'salt', environment: 'prod' }
    const waits = preview({ ...around, tracked, merged })
    assert.deepEqual([waits.plan.signing?.changes, waits.signing], [1, undefined])
    const adds = preview({ ...around, tracked: desiredView([fleet({ disruption: { unattended: 'restart' }, ...two }), ...before]), merged })
    assert.equal(adds.signing?.token, approvalToken('prod', [changeOf(adds.plan)]))
  })

  it('are told in text and in comments with the whole command', () => {
    const made = planOf({ spec: two })
    const command = `git commit --allow-empty -S -m "Approve" --trailer "Gitvirt-Approve: ${made.signing?.token ?? ''}"`
    for (const text of [renderPlan(made), planMarkdown(made)]) {
      assert.match(text, /To approve the change that waits in Git, a commit that an approver signs:/)
      assert.ok(text.includes(command))
    }
  })
})
