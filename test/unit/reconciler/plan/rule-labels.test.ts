import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { FleetSpec } from '../../../../schemas/generated/fleet.ts'
import type { Change, Plan } from '../../../../schemas/generated/plan.ts'
import type { DesiredObject } from '../../../../reconciler/desired/types.ts'
import type { Sighting } from '../../../../reconciler/observed/types.ts'
import { approvalDigest } from '../../../../reconciler/plan/draft.ts'
import { plan } from '../../../../reconciler/plan/plan.ts'
import { preview } from '../../../../reconciler/plan/preview.ts'
import { forNode } from '../../../../reconciler/plan/seal.ts'
import type { Approval } from '../../../../reconciler/plan/types.ts'
import { carryOut, desiredView, fleet, guestSpec, input, machine, network, node, now, observedView, volume } from './support.ts'

const host = node('h1')
const labels = { tier: 'prod' }
const vm = 'VirtualMachine/default/vm'
const disk = 'DataVolume/default/data'
const bridge = 'NodeNetworkConfigurationPolicy//bridge'
const byLabel: FleetSpec = {
  prune: { maxPercent: 100 },
  disruption: { unattended: 'data-loss' },
  approvals: { rules: [{ matchLabels: labels, from: 'restart', count: 1 }] },
}

type World = { readonly seen: readonly Sighting[]; readonly approvals?: readonly Approval[]; readonly spec?: FleetSpec }

const around = { inputSalt: 'salt', environment: 'prod', suspensions: [], now }

function planned(objects: readonly DesiredObject[], { seen, approvals = [], spec = byLabel }: World): Plan {
  return plan(input(desiredView([fleet(spec), ...objects]), observedView([host], seen), { ...around, approvals }))
}

/** The host after passes that bring it all that nothing holds back. */
function after(objects: readonly DesiredObject[], world: World): Sighting[] {
  let seen = [...world.seen]
  for (let pass = 0; pass < 3; pass += 1) seen = carryOut([forNode(planned(objects, { ...world, seen }), 'h1')], seen)
  return seen
}

const changeOf = (made: Plan, key: string): Change => made.changes.find((one) => one.key === key) ?? assert.fail(`no change of ${key}`)
const reasonsOf = (made: Plan, key: string): string[] => changeOf(made, key).blocked.map(({ reason }) => reason)

function signedFor(made: Plan, key: string): Approval {
  const { approval: given = assert.fail('nothing to approve') } = changeOf(made, key)
  const signer = { name: 'approver@example.org', fingerprint: 'SHA256:a' }
  return { key, plan: given, by: signer.name, at: 'now', signer, commit: 'c'.repeat(40), made: now.toISOString() }
}

const memory = (guest: string): ReturnType<typeof guestSpec> => guestSpec({ domain: { ...guestSpec().domain, memory: { guest } } })
const named = (own?: Record<string, string>): Readonly<Record<string, DesiredObject>> => ({
  [vm]: machine('vm', own === undefined ? {} : { labels: own }),
  [disk]: volume('data', own === undefined ? {} : { labels: own }),
  [bridge]: network('bridge', own === undefined ? {} : { labels: own }),
})
const whole = (own?: Record<string, string>): DesiredObject[] => [volume('root'), ...Object.values(named(own))]
const running = after(whole(labels), { seen: [], spec: {} })
/** What stays in Git of the rest when one object is gone from it, or stands there otherwise. */
const without = (key: string, instead: readonly DesiredObject[] = []): DesiredObject[] => [
  ...whole(labels).filter((one) => one.key !== key),
  ...instead,
]

describe('a rule by label', () => {
  for (const key of [vm, disk, bridge]) {
    it(`holds the deletion of ${key} by the labels that its host keeps`, () => {
      assert.deepEqual(reasonsOf(planned(without(key), { seen: running }), key), ['ApprovalRequired'])
    })

    it(`holds the change that takes its label off ${key}, whatever its class, until that is approved`, () => {
      const bare = without(key, [named()[key] ?? assert.fail()])
      const made = planned(bare, { seen: running })
      const [block] = changeOf(made, key).blocked
      assert.deepEqual([block?.reason, block?.steps], ['ApprovalRequired', undefined])
      assert.match(block?.message ?? '', /^This change takes off the label tier=prod, by which a rule goes, and needs 1 approval /)
      const later = after(bare, { seen: running })
      assert.deepEqual(reasonsOf(planned(without(key), { seen: later }), key), ['ApprovalRequired'], 'deleted by a later commit')
      const approved = after(bare, { seen: running, approvals: [signedFor(made, key)] })
      assert.deepEqual(planned(bare, { seen: approved }).changes, [])
      assert.deepEqual(reasonsOf(planned(without(key), { seen: approved }), key), [])
    })

    it(`does not hold what leaves the label of ${key} alone and is below its class`, () => {
      const more = { ...labels, more: 'yes' }
      assert.deepEqual(reasonsOf(planned(without(key, [named(more)[key] ?? assert.fail()]), { seen: running }), key), [])
    })
  }

  it('holds a policy that leaves a host', () => {
    const elsewhere = network('bridge', { labels, nodeSelector: { none: 'such' } })
    assert.deepEqual(reasonsOf(planned(without(bridge, [elsewhere]), { seen: running }), bridge), ['ApprovalRequired'])
  })

  it('holds a restart together with its definition where that takes the label off', () => {
    const made = planned(without(vm, [machine('vm', { guest: memory('4Gi') })]), { seen: running })
    assert.deepEqual(
      changeOf(made, vm).blocked.map(({ steps }) => steps),
      [undefined],
    )
    assert.deepEqual(forNode(made, 'h1').changes, [])
  })

  it('lets the approval of a restart take no label off', () => {
    const larger = (own: Record<string, string>): DesiredObject[] => without(vm, [machine('vm', { labels: own, guest: memory('4Gi') })])
    const approvals = [signedFor(planned(larger(labels), { seen: running }), vm)]
    assert.deepEqual(reasonsOf(planned(larger(labels), { seen: running, approvals }), vm), [])
    assert.deepEqual(reasonsOf(planned(larger({}), { seen: running, approvals }), vm), ['ApprovalRequired'])
  })

  it('tells a request that takes the label off, where the same change without it waits already', () => {
    const larger = (own: Record<string, string>): DesiredObject[] => without(vm, [machine('vm', { labels: own, guest: memory('4Gi') })])
    const tracked = desiredView([fleet(byLabel), ...larger(labels)])
    const merged = desiredView([fleet(byLabel), ...larger({})])
    const { pending, signing } = preview({ ...around, observed: observedView([host], running), approvals: [], tracked, merged })
    assert.deepEqual([pending, signing?.changes], [[], 1])
  })

  describe('whose object has a host that cannot tell its labels', () => {
    const lost = (objects: readonly DesiredObject[]): Sighting[] =>
      after(objects, { seen: [], spec: {} }).map((one): Sighting => {
        if (one.object.kind !== 'VirtualMachine') return one
        const { applied: _, ...object } = one.object
        return { ...one, object }
      })
    /** As a version before this one left its disks and policies. */
    const earlier = (objects: readonly DesiredObject[]): Sighting[] =>
      after(objects, { seen: [], spec: {} }).map((one): Sighting => {
        if (one.object.kind === 'VirtualMachine') return one
        return { ...one, object: { ...one.object, applied: withoutLabels(one.object.applied ?? assert.fail()) } } as Sighting
      })

    it('holds the deletion of a machine whose record is lost', () => {
      assert.deepEqual(reasonsOf(planned(without(vm), { seen: lost(whole({})) }), vm), ['PruneThreshold', 'ApprovalRequired'])
    })

    it('holds what defines a machine anew whose record is lost, where its file lacks the label, and only there', () => {
      const seen = lost(whole(labels))
      const made = planned(without(vm, [machine('vm')]), { seen })
      assert.deepEqual(
        changeOf(made, vm).steps.map(({ verb }) => verb),
        ['DefineDomain'],
      )
      assert.deepEqual(reasonsOf(made, vm), ['ApprovalRequired'])
      assert.deepEqual(changeOf(made, vm).covers, ['may take off the label tier=prod'])
      assert.match(changeOf(made, vm).blocked[0]?.message ?? '', /^Its host does not tell whether it had the label tier=prod, /)
      assert.deepEqual(reasonsOf(planned(whole(labels), { seen }), vm), [])
      assert.deepEqual(reasonsOf(planned(without(vm, [machine('vm')]), { seen, approvals: [signedFor(made, vm)] }), vm), [])
    })

    for (const key of [disk, bridge]) {
      it(`holds the deletion of ${key} that an earlier version applied`, () => {
        assert.deepEqual(reasonsOf(planned(without(key), { seen: earlier(whole(labels)) }), key), ['ApprovalRequired'])
        assert.deepEqual(reasonsOf(planned(without(key), { seen: earlier(whole({})) }), key), ['ApprovalRequired'])
      })

      it(`lets the host keep the labels of ${key}, and holds by them from then on`, () => {
        const strict: FleetSpec = { ...byLabel, approvals: { rules: [{ matchLabels: labels, from: 'none', count: 1 }] } }
        for (const own of [labels, {}]) {
          const made = planned(whole(own), { seen: earlier(whole(own)), spec: strict })
          assert.deepEqual([reasonsOf(made, key), changeOf(made, key).disruption], [[], 'none'])
          const seen = after(whole(own), { seen: earlier(whole(own)), spec: strict })
          assert.deepEqual(planned(whole(own), { seen, spec: strict }).changes, [])
          const gone = whole(own).filter((one) => one.key !== key)
          assert.deepEqual(reasonsOf(planned(gone, { seen }), key), own === labels ? ['ApprovalRequired'] : [])
        }
      })
    }

    it('holds all else than that the labels are kept', () => {
      const larger = without(disk, [volume('data', { size: '2Gi' })])
      assert.deepEqual(reasonsOf(planned(larger, { seen: earlier(whole(labels)) }), disk), ['ApprovalRequired'])
    })
  })
})

function withoutLabels<T extends { labels?: unknown }>(spec: T): Omit<T, 'labels'> {
  const { labels: _, ...rest } = spec
  return rest
}

describe('the disks of a machine that a rule goes by', () => {
  const own = (spec: { labels?: Record<string, string> } = {}): DesiredObject[] => [
    volume('root', { ownerKey: vm }),
    machine('vm', { labels, ...spec }),
  ]
  const seen = after(own(), { seen: [], spec: {} })
  const root = 'DataVolume/default/root'
  const other = machine('other', { guest: guestSpec({ volumes: [] }) })

  it('are held with it, and who lets the machine go is asked about the disks', () => {
    const made = planned([other], { seen })
    assert.deepEqual(reasonsOf(made, root), ['WaitingForDependency', 'ApprovalRequired'])
    assert.deepEqual(changeOf(made, vm).covers, [`lets ${root} go`])
    const kept = planned([volume('root')], { seen })
    assert.deepEqual(changeOf(kept, vm).covers, [`takes ${root} out of the rule by the label tier=prod`])
    assert.notEqual(changeOf(kept, vm).approval, changeOf(made, vm).approval)
  })

  it('leave the rule with their machine only where its approval names them, so that no later commit deletes them unasked', () => {
    const alone = [other, volume('root')]
    const bare = planned(alone, { seen })
    assert.deepEqual(reasonsOf(bare, root), ['ApprovalRequired'])
    const { covers: _, ...silent } = changeOf(bare, vm)
    const given = { ...signedFor(bare, vm), plan: approvalDigest({ change: silent }) }
    const later = after(alone, { seen, approvals: [given] })
    assert.deepEqual(reasonsOf(planned([other], { seen: later, approvals: [given] }), root), ['WaitingForDependency', 'ApprovalRequired'])
    const asked = after(alone, { seen, approvals: [signedFor(bare, vm)] })
    assert.deepEqual(planned(alone, { seen: asked }).changes, [])
  })

  it('are named as well where the template of their machine lost them before, or an annotation keeps them', () => {
    const small = machine('vm', { labels, guest: guestSpec({ volumes: [] }) })
    const lost = after([other, small, volume('root')], { seen })
    assert.deepEqual(changeOf(planned([other, volume('root')], { seen: lost }), vm).covers, [
      `takes ${root} out of the rule by the label tier=prod`,
    ])
    assert.deepEqual(changeOf(planned([other], { seen: lost }), vm).covers, [`lets ${root} go`])
    const kept = [volume('root', { ownerKey: vm, annotations: { 'gitvirt.io/prune': 'disabled' } }), machine('vm', { labels })]
    const made = planned([other], { seen: after(kept, { seen: [], spec: {} }) })
    assert.deepEqual(changeOf(made, vm).covers, [`takes ${root} out of the rule by the label tier=prod`])
  })

  it('let their machine go when their host has the label that Git gives them, and not before', () => {
    const alone = [other, volume('root', { labels })]
    const made = planned(alone, { seen })
    assert.deepEqual(
      [reasonsOf(made, root), reasonsOf(made, vm), changeOf(made, vm).covers],
      [[], ['WaitingForDependency', 'ApprovalRequired'], undefined],
    )
    const gone = after(alone, { seen, approvals: [signedFor(made, vm)] })
    assert.deepEqual(planned(alone, { seen: gone }).changes, [])
    assert.deepEqual(reasonsOf(planned([other], { seen: gone }), root), ['ApprovalRequired'])
  })

  it('stay in the rule when they are no longer made by its template, unless they carry the label themselves', () => {
    const alone = (own: Record<string, string>): string[] =>
      reasonsOf(planned([volume('root', { labels: own }), machine('vm', { labels })], { seen }), root)
    assert.deepEqual([alone({}), alone(labels)], [['ApprovalRequired'], []])
  })
})
