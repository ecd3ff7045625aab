import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import type { ObservedMachine } from '../../../../schemas/generated/observation.ts'
import type { Block, Change, Plan } from '../../../../schemas/generated/plan.ts'
import { conditionOf, type ApiObject } from '../../../../reconciler/status/api-object.ts'
import { createStatus, type Status } from '../../../../reconciler/status/status.ts'
import { openStore, type Store } from '../../../../reconciler/store/store.ts'
import { atEnd } from '../../../at-end.ts'
import { fakeDesired, fakeObserved, machineSeen, vmManifest, volumeManifest, volumeSeen } from '../../../fakes/views.ts'

const vmKey = 'VirtualMachine/default/demo'
const dvKey = 'DataVolume/default/demo-root'

function setUp(t: TestContext) {
  const dir = mkdtempSync(join(tmpdir(), 'gitvirt-status-'))
  let at = Date.parse('2026-03-01T00:00:00Z')
  const clock = { now: () => new Date(at), monotonic: () => at }
  const desired = fakeDesired()
  const observed = fakeObserved()
  let store: Store = openStore(dir)
  let status: Status = createStatus({ store, clock, mostEvents: 50 })
  atEnd(t, () => {
    store.close()
    rmSync(dir, { recursive: true, force: true })
  })
  return {
    desired,
    observed,
    get status() {
      return status
    },
    get store() {
      return store
    },
    pass: (milliseconds: number) => {
      at += milliseconds
    },
    refresh: (extra: { plan?: Plan; keys?: string[] } = {}) => status.refresh({ desired, observed, ...extra }),
    restart: () => {
      store.close()
      store = openStore(dir)
      status = createStatus({ store, clock, mostEvents: 50 })
    },
    vm: () => status.objects.get('VirtualMachine', 'default', 'demo'),
    vmi: () => status.objects.get('VirtualMachineInstance', 'default', 'demo'),
    reasons: () => status.objects.list('Event').map((event) => String(event['reason'])),
  }
}

function printable(object: ApiObject | undefined): unknown {
  return (object?.status as { printableStatus?: string } | undefined)?.printableStatus
}

function observedGeneration(object: ApiObject | undefined): unknown {
  return (object?.status as { observedGeneration?: number } | undefined)?.observedGeneration
}

function change(fields: Partial<Change>): Change {
  return {
    key: vmKey,
    node: 'h1',
    action: 'update',
    disruption: 'none',
    fields: [],
    steps: [],
    base: 'd',
    blocked: [],
    notes: [],
    after: [],
    ...fields,
  }
}

function planOf(...changes: Change[]): Plan {
  const summary = { create: 0, update: 1, replace: 0, delete: 0, blocked: 0, disruption: 'none' as const }
  return { id: 'p', revision: 'r', policyDigest: 'd', createdAt: 't', changes, findings: [], summary }
}

function running(t: TestContext, fields: Partial<ObservedMachine> = {}) {
  const world = setUp(t)
  world.desired.put(vmManifest('demo'), { references: [dvKey] })
  world.desired.put(volumeManifest('demo-root'), { owner: vmKey })
  world.observed.setNode('h1')
  world.observed.see('h1', machineSeen(vmManifest('demo'), fields))
  world.observed.see('h1', volumeSeen(volumeManifest('demo-root')))
  world.refresh()
  return world
}

const states: readonly [ObservedMachine['state'], string][] = [
  ['running', 'Running'],
  ['paused', 'Paused'],
  ['stopping', 'Stopping'],
  ['starting', 'Starting'],
]
for (const [state, word] of states) {
  test(`a machine that is ${state} is printed as ${word}`, (t) => {
    assert.equal(printable(running(t, { state }).vm()), word)
  })
}

test('a machine that is off is Starting, CrashLoopBackOff or Stopped by strategy and failures', (t) => {
  const world = running(t, { state: 'off' })
  assert.equal(printable(world.vm()), 'Starting')
  world.observed.see('h1', machineSeen(vmManifest('demo'), { state: 'off', runs: { failures: 2, nextStartAt: '2026-03-01T00:01:00Z' } }))
  world.refresh({ keys: [vmKey] })
  assert.equal(printable(world.vm()), 'CrashLoopBackOff')
  world.observed.see('h1', machineSeen(vmManifest('demo'), { state: 'off', power: { request: 'stop', at: 't' } }))
  world.refresh({ keys: [vmKey] })
  assert.equal(printable(world.vm()), 'Stopped')
  assert.equal(world.vmi(), undefined)
  assert.equal(conditionOf(world.vm(), 'Ready')?.reason, 'VMINotExists')
})

test('a machine follows its volume: missing, importing, failed', (t) => {
  const world = setUp(t)
  world.observed.setNode('h1')
  world.desired.put(vmManifest('demo'), { references: [dvKey] })
  world.refresh()
  assert.equal(printable(world.vm()), 'ErrorPvcNotFound')
  world.desired.put(volumeManifest('demo-root'))
  world.refresh({ keys: [dvKey] })
  assert.equal(printable(world.vm()), 'Provisioning')
  const failed = { reason: 'ChecksumMismatch', message: 'sha256 differs', at: 't', fatal: true }
  world.observed.see('h1', volumeSeen(volumeManifest('demo-root'), { phase: 'Failed', problem: failed }))
  world.refresh({ keys: [dvKey] })
  assert.equal(printable(world.vm()), 'DataVolumeError')
  const dv = world.status.objects.get('DataVolume', 'default', 'demo-root')
  assert.equal(conditionOf(dv, 'Ready')?.message, 'sha256 differs')
})

test('a disk in quarantine is neither Ready nor Bound', (t) => {
  const world = running(t)
  const dv = (): ApiObject | undefined => world.status.objects.get('DataVolume', 'default', 'demo-root')
  const told = (): unknown =>
    ['Ready', 'Bound'].map((type) => [conditionOf(dv(), type)?.status, conditionOf(dv(), type)?.reason].join(' ').trim())
  assert.deepEqual(told(), ['True', 'True Bound'])
  const quarantined = { since: '2026-03-01T00:00:00Z', until: '2026-03-08T00:00:00Z' }
  world.observed.see('h1', volumeSeen(volumeManifest('demo-root'), { quarantined }))
  world.refresh({ keys: [dvKey] })
  assert.deepEqual(told(), ['False Quarantined', 'False Quarantined'])
})

test('shows progress with one decimal and N/A where it is not known', (t) => {
  const world = running(t)
  const progress = () =>
    (world.status.objects.get('DataVolume', 'default', 'demo-root')?.status as { progress?: string } | undefined)?.progress
  world.observed.see('h1', volumeSeen(volumeManifest('demo-root'), { phase: 'ImportInProgress', progress: 42 }))
  world.refresh({ keys: [dvKey] })
  assert.equal(progress(), '42.0%')
  world.observed.see('h1', volumeSeen(volumeManifest('demo-root'), { phase: 'ImportScheduled' }))
  world.refresh({ keys: [dvKey] })
  assert.equal(progress(), 'N/A')
})

test('bumps resourceVersion only on a real change, and keeps it over a restart', (t) => {
  const world = running(t)
  const before = world.vm()
  world.pass(60_000)
  world.refresh()
  assert.equal(world.vm(), before)
  world.restart()
  world.refresh()
  assert.deepEqual(world.vm(), before)
  world.observed.see('h1', machineSeen(vmManifest('demo'), { state: 'paused' }))
  world.refresh({ keys: [vmKey] })
  assert.ok(Number(world.vm()?.metadata.resourceVersion) > Number(before?.metadata.resourceVersion))
  assert.equal(world.vm()?.metadata.uid, before?.metadata.uid)
})

test('tells each event once, also over a restart', (t) => {
  const world = running(t)
  const before = world.reasons().sort()
  assert.ok(before.includes('Started'))
  world.restart()
  world.refresh()
  assert.deepEqual(world.reasons().sort(), before)
  assert.ok(world.status.objects.list('Event').every((event) => event['count'] === 1))
})

test('a condition keeps its time until its status changes', (t) => {
  const world = running(t)
  const first = conditionOf(world.vm(), 'Ready')?.lastTransitionTime
  world.pass(60_000)
  world.observed.setNode('h1', { connected: false })
  world.refresh({ keys: [] })
  assert.equal(conditionOf(world.vm(), 'Ready')?.status, 'Unknown')
  assert.notEqual(conditionOf(world.vm(), 'Ready')?.lastTransitionTime, first)
})

test('raises the generation for a new spec and not for a new label, and observes it when nothing is left to do', (t) => {
  const world = running(t)
  const manifest = vmManifest('demo')
  world.desired.put({ ...manifest, metadata: { ...manifest.metadata, labels: { tier: 'db' } } }, { references: [dvKey] })
  world.refresh({ keys: [vmKey] })
  assert.equal(world.vm()?.metadata.generation, 1)
  world.desired.put({ ...manifest, spec: { ...(manifest['spec'] as object), runStrategy: 'Halted' } }, { references: [dvKey] })
  world.refresh({ keys: [vmKey], plan: planOf(change({})) })
  assert.equal(world.vm()?.metadata.generation, 2)
  assert.equal(observedGeneration(world.vm()), 1)
  world.refresh({ plan: planOf() })
  assert.equal(observedGeneration(world.vm()), 2)
})

test('a stop that a person asked for is Stopping while the guest runs, and told until it is lifted', (t) => {
  const world = running(t, { power: { request: 'stop', by: 'operator', at: '2026-03-01T00:00:00Z' } })
  assert.equal(printable(world.vm()), 'Stopping')
  const requested = conditionOf(world.vm(), 'PowerRequested')
  assert.deepEqual([requested?.status, requested?.reason], ['True', 'Stop'])
  assert.match(requested?.message ?? '', /^operator stopped this machine .* stays off until "gitvirt start"/)
  const other = running(t)
  assert.equal(conditionOf(other.vm(), 'PowerRequested'), undefined)
})

test('a blocked change becomes a condition and one event that say how to unblock it', (t) => {
  const seen = machineSeen(vmManifest('demo')).applied
  assert.ok(seen?.template.spec !== undefined)
  const domain = { ...seen.template.spec.domain, memory: { guest: '1Mi' } }
  const world = running(t, { booted: { ...seen, template: { ...seen.template, spec: { ...seen.template.spec, domain } } } })
  const block: Block = {
    reason: 'DisruptionNotAllowed',
    message: 'a restart is not allowed unattended',
    unblock: 'Run "gitvirt restart demo".',
  }
  world.refresh({ plan: planOf(change({ disruption: 'restart', blocked: [block] })) })
  world.refresh({ plan: planOf(change({ disruption: 'restart', blocked: [block] })) })
  const synced = conditionOf(world.vm(), 'Synced')
  assert.deepEqual([synced?.status, synced?.reason], ['False', 'DisruptionNotAllowed'])
  assert.match(synced?.message ?? '', /gitvirt restart demo/)
  assert.equal(conditionOf(world.vm(), 'RestartRequired')?.status, 'True')
  const events = world.status.objects.list('Event').filter((event) => event['reason'] === 'DisruptionNotAllowed')
  assert.deepEqual(
    events.map((event) => event['count']),
    [1],
  )
})

test('an object whose file broke is shown as last applied, with the place of the error', (t) => {
  const world = running(t)
  world.desired.breakKey(vmKey, {
    severity: 'error',
    code: 'YamlSyntax',
    message: 'bad indentation',
    path: 'apps/demo.yaml',
    line: 7,
    column: 3,
  })
  world.refresh({ keys: [vmKey] })
  assert.equal(printable(world.vm()), 'Running')
  assert.equal(world.vm()?.metadata.deletionTimestamp, undefined)
  assert.equal(conditionOf(world.vm(), 'ManifestValid')?.message, 'apps/demo.yaml:7:3: bad indentation')
  assert.equal(conditionOf(world.vm(), 'Synced')?.status, 'Unknown')
})

test('an object that left Git is Terminating until the host has it no longer, then gone', (t) => {
  const world = running(t)
  world.desired.remove(vmKey)
  world.refresh({ keys: [vmKey] })
  assert.equal(printable(world.vm()), 'Terminating')
  assert.equal(world.vm()?.metadata.deletionTimestamp, '2026-03-01T00:00:00Z')
  world.observed.lose('h1', vmKey)
  world.refresh({ keys: [vmKey] })
  assert.equal(world.vm(), undefined)
  assert.equal(world.vmi(), undefined)
  assert.ok(world.reasons().includes('Stopped'))
})

test('a second run of a guest is another instance', (t) => {
  const world = running(t)
  const first = world.vmi()?.metadata.uid
  world.observed.see('h1', machineSeen(vmManifest('demo'), { startedAt: '2026-03-01T01:00:00Z' }))
  world.refresh({ keys: [vmKey] })
  assert.notEqual(world.vmi()?.metadata.uid, first)
  assert.equal(world.vmi()?.metadata.creationTimestamp, '2026-03-01T01:00:00Z')
  assert.equal(world.vmi()?.metadata.ownerReferences?.[0]?.uid, world.vm()?.metadata.uid)
})

test('never serves the value of a Secret, nor a copy of the manifest that has it', (t) => {
  const world = setUp(t)
  const annotations = { 'kubectl.kubernetes.io/last-applied-configuration': '{"stringData":{"password":"hunter2"}}', keep: 'me' }
  world.desired.put({
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: 's', namespace: 'default', annotations },
    data: { a: 'aHVudGVyMg==' },
    stringData: { password: 'hunter2' },
  })
  world.refresh()
  const secret = world.status.objects.get('Secret', 'default', 's')
  assert.deepEqual(Object.keys(secret?.['data'] as object), ['a', 'password'])
  assert.equal(secret?.metadata.annotations?.['keep'], 'me')
  const text = JSON.stringify(secret)
  assert.equal(text.includes('hunter2') || text.includes('aHVudGVyMg=='), false)
})

test('a policy is Available on all nodes, Degraded on a failure, Ignored where no node matches', (t) => {
  const world = setUp(t)
  const policy = (nodeSelector: Record<string, string>) => ({
    apiVersion: 'nmstate.io/v1',
    kind: 'NodeNetworkConfigurationPolicy',
    metadata: { name: 'br1' },
    spec: { nodeSelector, desiredState: {} },
  })
  const see = (type: 'Available' | 'Failing') =>
    world.observed.see('h1', {
      kind: 'NodeNetworkConfigurationPolicy',
      key: 'NodeNetworkConfigurationPolicy//br1',
      digest: 'd',
      conditions: [{ type, status: 'True', reason: 'R', message: 'words of nmstate', at: '2026-03-01T00:00:00Z' }],
      drift: [],
    })
  const standing = () => {
    const object = world.status.objects.get('NodeNetworkConfigurationPolicy', '', 'br1')
    return ['Available', 'Degraded', 'Progressing', 'Ignored'].filter((type) => conditionOf(object, type)?.status === 'True')
  }
  world.observed.setNode('h1')
  world.desired.put(policy({ 'kubernetes.io/hostname': 'h1' }))
  world.refresh()
  assert.deepEqual(standing(), ['Progressing'])
  see('Available')
  world.refresh()
  assert.deepEqual(standing(), ['Available'])
  see('Failing')
  world.refresh()
  assert.deepEqual(standing(), ['Degraded'])
  assert.equal(world.status.objects.get('NodeNetworkConfigurationEnactment', '', 'h1.br1')?.metadata.labels?.['nmstate.io/policy'], 'br1')
  world.observed.lose('h1', 'NodeNetworkConfigurationPolicy//br1')
  world.desired.put(policy({ 'kubernetes.io/hostname': 'other' }))
  world.refresh()
  assert.deepEqual(standing(), ['Ignored'])
})

test('counts equal events, drops the oldest beyond the limit and those older than a day', (t) => {
  const world = setUp(t)
  world.refresh()
  const tell = (message: string) => world.status.record({ key: vmKey, type: 'Normal', reason: 'Test', message })
  tell('same')
  tell('same')
  assert.deepEqual(
    world.status.objects.list('Event').map((event) => event['count']),
    [2],
  )
  for (let index = 0; index < 80; index += 1) tell(`number ${index}`)
  assert.equal(world.status.objects.count('Event'), 50)
  world.restart()
  assert.equal(world.status.objects.count('Event'), 50)
  world.pass(25 * 3600 * 1000)
  world.refresh()
  assert.equal(world.status.objects.count('Event'), 0)
})

test('a namespace that Git does not declare is shown while something lives in it', (t) => {
  const world = setUp(t)
  const key = world.desired.put(vmManifest('web', 'shop'))
  world.refresh()
  assert.ok(world.status.objects.get('Namespace', '', 'shop'))
  world.desired.remove(key)
  world.refresh({ keys: [key] })
  assert.equal(world.status.objects.get('Namespace', '', 'shop'), undefined)
  assert.ok(world.status.objects.get('Namespace', '', 'default'))
})

test('a failed step is kept as receipt and told as event', (t) => {
  const world = running(t)
  world.status.receipt({ plan: 'p', step: `StartDomain:${vmKey}`, key: vmKey, node: 'h1', state: 'failed', at: 't', message: 'no memory' })
  assert.equal(world.store.receipts.list({ key: vmKey })[0]?.message, 'no memory')
  assert.ok(world.status.objects.list('Event').some((event) => event['message'] === 'StartDomain failed: no memory'))
})

test('what is recorded together with work that fails is neither kept nor told', (t) => {
  const world = setUp(t)
  const event = { key: 'Fleet//*', type: 'Normal', reason: 'Resumed', message: 'operator resumed the environment.' } as const
  const fails = (): void => {
    world.store.settings.put('decision', 'made')
    world.status.record(event)
    throw new Error('database or disk is full')
  }
  assert.throws(() => world.status.together(fails), /disk is full/)
  assert.deepEqual([world.reasons(), world.store.settings.get('decision')], [[], undefined])
  world.status.together(() => world.status.record(event))
  assert.deepEqual(world.reasons(), ['Resumed'])
  world.restart()
  assert.deepEqual(world.reasons(), ['Resumed'])
})
