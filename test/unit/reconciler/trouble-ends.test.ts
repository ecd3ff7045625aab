import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ObjectKey } from '../../../reconciler/lib/object-key.ts'
import type { ApiObject } from '../../../reconciler/status/api-object.ts'
import { createCollection } from '../../../reconciler/status/collection.ts'
import type { ManifestState } from '../../../reconciler/status/engine.ts'
import { endedBy, endOf } from '../../../reconciler/trouble-ends.ts'

const sound: ManifestState = { unknown: false, invalid: false, codes: new Set() }
const vm = 'VirtualMachine/default/web'

/** Type, status and reason of each condition. */
type Conditions = readonly (readonly [type: string, status: string, reason?: string])[]

function served(key: ObjectKey, conditions: Conditions): ApiObject {
  const [kind = '', namespace = '', name = ''] = key.split('/')
  const metadata = { name, namespace, uid: 'u', resourceVersion: '1', creationTimestamp: '2026-03-01T00:00:00Z' }
  const all = conditions.map(([type, status, reason = '']) => ({ type, status, reason, message: '' }))
  return { apiVersion: 'v1', kind, metadata, status: { conditions: all } }
}

/** Whether the end of a trouble shows, of an object with these conditions; without any it is not there. */
function ends(key: ObjectKey, reason: string, conditions?: Conditions, manifest: ManifestState | null = sound): boolean {
  const objects = createCollection({ version: 0 })
  if (conditions !== undefined) objects.put(served(key, conditions))
  return endOf({ objects, manifest: () => manifest ?? undefined }, key, reason) !== undefined
}

test('what an event ends is ended by no condition, however well the object looks', () => {
  const synced: Conditions = [['Synced', 'True', 'UpToDate']]
  assert.equal(ends('Node//h1', 'NodeNotReady', [['Ready', 'Unknown', 'NodeStatusUnknown'], ...synced]), false)
  assert.equal(ends('Node//h1', 'NodeNotReady', synced), false)
  assert.equal(ends(vm, 'DriftDetected', [['Drifted', 'True', 'ChangedOnHost'], ...synced]), false)
  assert.equal(ends('VirtualMachineInstance/default/web', 'AgentDisconnected', [['Ready', 'True']]), false)
  assert.equal(ends('DataVolume/default/web', 'ImportFailed', synced), false)
  assert.equal(ends('NodeNetworkConfigurationPolicy//br', 'FailedToConfigure', synced), false)
})

test('an event ends what it is the end of, for its own kinds', () => {
  assert.deepEqual(endedBy('Node//h1', 'NodeReady'), ['NodeNotReady', 'AgentRefused'])
  assert.deepEqual(endedBy(vm, 'NodeReady'), [])
  assert.deepEqual(endedBy('VirtualMachineInstance/default/web', 'Stopped'), ['AgentDisconnected'])
  assert.deepEqual(endedBy('Fleet//*', 'PolicyApproved'), ['PolicyHeld'])
  assert.deepEqual(endedBy('Fleet//*', 'NothingToApprove'), ['ApprovalIgnored'])
  assert.deepEqual(endedBy('Fleet//*', 'NoApprovalPending'), ['ApprovalPending'])
})

test('a block of that name is another trouble than the event of a node, and ends when the object is in sync', () => {
  assert.equal(ends(vm, 'NodeNotReady', [['Synced', 'False', 'NodeNotReady']]), false)
  assert.equal(ends(vm, 'NodeNotReady', [['Synced', 'True', 'UpToDate']]), true)
})

test('a change that failed is over when the object is in sync and nothing of it says what is wrong', () => {
  assert.equal(ends(vm, 'ErrNoSpace', [['Synced', 'True']]), true)
  assert.equal(ends(vm, 'ErrNoSpace', [['Synced', 'False', 'Applying']]), false)
  for (const bad of [
    ['Failure', 'True', 'GuestCrashed'],
    ['Degraded', 'True', 'Other'],
    ['ManifestValid', 'False', 'InvalidValue'],
    ['Ready', 'False', 'ErrNoSpace'],
  ] as const)
    assert.equal(ends(vm, 'ErrNoSpace', [['Synced', 'True'], bad]), false, bad[0])
})

test('what has a condition of its own is over without it', () => {
  for (const [reason, type] of [
    ['UnsupportedFields', 'SpecHonoured'],
    ['Leased', 'Leased'],
    ['Suspended', 'Suspended'],
  ] as const) {
    assert.equal(
      ends(vm, reason, [
        ['Synced', 'True'],
        [type, 'True', 'Whatever'],
      ]),
      false,
    )
    assert.equal(ends(vm, reason, [['Synced', 'False', 'Window']]), true)
  }
})

test('a trouble of a manifest ends with the errors of it, for kinds without conditions as well', () => {
  const missing: ManifestState = { unknown: false, invalid: true, codes: new Set(['MissingReference']) }
  const other: ManifestState = { ...missing, codes: new Set(['InvalidValue']) }
  for (const key of ['Secret/default/keys', 'ConfigMap/default/seed', 'Fleet//prod', 'Namespace//team', vm]) {
    assert.equal(ends(key, 'MissingReference', [], missing), false)
    assert.equal(ends(key, 'ManifestInvalid', [], missing), false)
    assert.equal(ends(key, 'MissingReference', [], other), true)
    assert.equal(ends(key, 'ManifestInvalid', [], { ...sound, unknown: true }), false)
    assert.equal(ends(key, 'ManifestInvalid', [], sound), true)
  }
})

test('an object that is gone has no trouble, but one that nobody can read is not gone', () => {
  for (const key of [vm, 'Secret/default/keys', 'Node//h1']) {
    assert.equal(ends(key, 'NodeNotReady'), true)
    assert.equal(ends(key, 'ManifestInvalid', undefined, { ...sound, unknown: true }), false)
    assert.equal(ends(key, 'ManifestInvalid', undefined, { ...sound, codes: new Set(['YamlSyntax']) }), false)
  }
})

test('before anything is known, and of the environment as a whole, no end shows', () => {
  assert.equal(ends(vm, 'ErrNoSpace', [['Synced', 'True']], null), false)
  assert.equal(ends(vm, 'ErrNoSpace', undefined, null), false)
  assert.equal(ends('Fleet//*', 'HistoryRewritten'), false)
})
