import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Drift, ObservedMachine } from '../../../../schemas/generated/observation.ts'
import type { FleetSpec } from '../../../../schemas/generated/fleet.ts'
import type { Change } from '../../../../schemas/generated/plan.ts'
import type { DesiredObject } from '../../../../reconciler/desired/types.ts'
import { plan } from '../../../../reconciler/plan/plan.ts'
import { forNode } from '../../../../reconciler/plan/seal.ts'
import type { Approval } from '../../../../reconciler/plan/types.ts'
import {
  desiredView,
  fleet,
  guestSpec,
  input,
  machine,
  network,
  node,
  observedMachine,
  observedPolicy,
  observedView,
  volume,
} from './support.ts'

const key = 'VirtualMachine/default/vm'
const stored: Drift = { path: 'domain/memory', expected: '1048576', actual: '2097152' }
const labels = { tier: 'test' }
type World = { drift?: FleetSpec['drift']; wanted?: DesiredObject; seen?: Partial<ObservedMachine>; approvals?: readonly Approval[] }

function planned({ drift, wanted = machine('vm', { labels }), seen = { drift: [stored] }, approvals = [] }: World) {
  const spec = plan(input(desiredView([volume('root'), machine('vm', { labels })]), observedView([node('h1')]))).changes.find(
    (one) => one.key === key,
  )?.steps[0]?.machine
  assert.ok(spec !== undefined)
  const objects = [volume('root'), wanted, ...(drift === undefined ? [] : [fleet({ drift })])]
  const view = observedView([node('h1')], [{ node: 'h1', object: observedMachine(spec, seen) }])
  return plan(input(desiredView(objects), view, { approvals }))
}

const changeOf = (world: World): Change | undefined => planned(world).changes.find((one) => one.key === key)
const sentVerbs = (world: World): string[] =>
  forNode(planned(world), 'h1')
    .changes.filter((one) => one.key === key)
    .flatMap(({ steps }) => steps.map(({ verb }) => verb))

test('drift is mended where nothing is said', () => {
  assert.deepEqual(sentVerbs({}), ['DefineDomain', 'HotplugDomain'])
})

test('drift that is only told is shown with its values, and the plan says why it stays and what would mend it', () => {
  const world = { drift: { mode: 'detect' } } as const
  const change = changeOf(world)
  assert.deepEqual([change?.fields[0]?.path, change?.fields[0]?.before], ['domain:domain/memory', '2097152'])
  assert.equal(change?.blocked[0]?.reason, 'DriftNotCorrected')
  assert.match(change?.blocked[0]?.message ?? '', /spec\.drift in gitvirt\.yaml says that drift is told and left/)
  assert.match(change?.blocked[0]?.unblock ?? '', /^Approve this change to mend it once/)
  assert.deepEqual(sentVerbs(world), [])
})

test('the first rule that matches decides, and the annotation on the object wins over all', () => {
  const rules = [{ matchLabels: labels, mode: 'detect' }] as const
  assert.deepEqual(sentVerbs({ drift: { rules: [...rules] } }), [])
  assert.equal(sentVerbs({ drift: { mode: 'detect', rules: [{ matchLabels: labels, mode: 'correct' }] } }).length, 2)
  const own = (mode: string): DesiredObject => machine('vm', { labels, annotations: { 'gitvirt.io/drift': mode } })
  assert.deepEqual(sentVerbs({ wanted: own('detect') }), [])
  assert.equal(sentVerbs({ drift: { rules: [...rules] }, wanted: own('correct') }).length, 2)
})

test('a change from Git goes through, and tells that the drift goes with it', () => {
  const world = {
    drift: { mode: 'detect' },
    wanted: machine('vm', { labels, guest: guestSpec({ terminationGracePeriodSeconds: 60 }) }),
  } as const
  assert.ok(sentVerbs(world).includes('DefineDomain'))
  assert.ok(!sentVerbs(world).includes('HotplugDomain'), 'only the drift asks for it')
  assert.deepEqual(changeOf(world)?.notes, ['The domain is defined anew, so what was changed on the host goes as well.'])
})

test('a domain that was undefined by hand is told and left as well', () => {
  assert.deepEqual(sentVerbs({ drift: { mode: 'detect' }, seen: { state: 'undefined', drift: [{ path: 'domain', expected: 'vm' }] } }), [])
})

test('an approval mends it once', () => {
  const world = { drift: { mode: 'detect' } } as const
  const approval = changeOf(world)?.approval
  assert.ok(approval !== undefined)
  const approvals = [{ key, plan: approval, by: 'operator', at: '2026-01-01T00:00:00Z' }]
  assert.deepEqual(sentVerbs({ ...world, approvals }), ['DefineDomain', 'HotplugDomain'])
})

test('the approval of a restart mends no drift that came afterwards, nor does that of one drift mend another', () => {
  const bigger = guestSpec({ domain: { ...guestSpec().domain, memory: { guest: '4Gi' } } })
  const drift = { mode: 'detect' } as const
  const approvedBy = (world: World): Approval[] => [{ key, plan: changeOf(world)?.approval ?? assert.fail(), by: 'operator', at: 'now' }]
  const waiting = (seen: Partial<ObservedMachine>): World => {
    const wanted = machine('vm', { labels, guest: bigger })
    const spec = changeOf({ wanted })?.steps[0]?.machine ?? assert.fail()
    return { drift, wanted, seen: { applied: spec, ...seen } }
  }
  const alone = waiting({})
  assert.deepEqual(sentVerbs({ ...alone, approvals: approvedBy(alone) }), ['RestartDomain'])
  const drifted = waiting({ drift: [stored] })
  assert.deepEqual(changeOf(drifted)?.covers, ['mends domain:domain/memory'])
  assert.deepEqual(sentVerbs({ ...drifted, approvals: approvedBy(alone) }), [])
  assert.deepEqual(sentVerbs({ ...drifted, approvals: approvedBy(drifted) }), ['DefineDomain', 'HotplugDomain', 'RestartDomain'])
  const other = waiting({ drift: [{ ...stored, actual: '3145728' }] })
  assert.deepEqual(sentVerbs({ ...other, approvals: approvedBy(drifted) }), [])
})

test('drift of a host network is left likewise', () => {
  const policy = network('bridge')
  const spec = plan(input(desiredView([policy]), observedView([node('h1')]))).changes[0]?.steps[0]?.policy
  assert.ok(spec !== undefined)
  const view = observedView(
    [node('h1')],
    [{ node: 'h1', object: observedPolicy(spec, { drift: [{ path: 'interfaces[br1]', expected: 'up', actual: 'down' }] }) }],
  )
  assert.equal(plan(input(desiredView([policy]), view)).changes[0]?.blocked.length, 0)
  const [change] = plan(input(desiredView([policy, fleet({ drift: { mode: 'detect' } })]), view)).changes
  assert.equal(change?.blocked[0]?.reason, 'DriftNotCorrected')
})

test('new labels of a network policy are kept by its host without a touch of what was changed there by hand', () => {
  const spec = plan(input(desiredView([network('bridge')]), observedView([node('h1')]))).changes[0]?.steps[0]?.policy ?? assert.fail()
  const wanted = network('bridge', { labels, path: 'moved.yaml' })
  const drift = [{ path: 'interfaces[br1].mtu', expected: '1500', actual: '9000' }]
  for (const mode of ['detect', 'correct'] as const) {
    const objects = desiredView([wanted, fleet({ drift: { mode } })])
    const over = (applied: typeof spec) =>
      plan(input(objects, observedView([node('h1')], [{ node: 'h1', object: observedPolicy(applied, { drift }) }])))
    const [sent] = forNode(over(spec), 'h1').changes
    assert.deepEqual(
      sent?.steps.map(({ verb, disruption }) => [verb, disruption]),
      [['RecordNetworkPolicy', 'none']],
    )
    const later = over(sent?.steps[0]?.policy ?? assert.fail()).changes[0]
    assert.deepEqual(
      [later?.fields[0]?.path, later?.blocked[0]?.reason],
      ['network:interfaces[br1].mtu', mode === 'detect' ? 'DriftNotCorrected' : undefined],
    )
  }
})

test('new labels of a network policy wait while its host works on it, and are applied with what has to be applied anyway', () => {
  const spec = plan(input(desiredView([network('bridge')]), observedView([node('h1')]))).changes[0]?.steps[0]?.policy ?? assert.fail()
  const verbs = (type: 'Progressing' | 'Failing') => {
    const conditions = [{ type, status: 'True', reason: type, message: '', at: '2026-01-01T00:00:00Z' }] as const
    const object = observedPolicy(spec, { conditions: [...conditions] })
    const made = plan(input(desiredView([network('bridge', { labels })]), observedView([node('h1')], [{ node: 'h1', object }])))
    return made.changes.flatMap(({ steps }) => steps.map(({ verb }) => verb))
  }
  assert.deepEqual([verbs('Progressing'), verbs('Failing')], [[], ['ApplyNetworkPolicy']])
})
