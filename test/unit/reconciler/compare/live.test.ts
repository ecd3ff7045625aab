import assert from 'node:assert/strict'
import { test } from 'node:test'
import { liveSide } from '../../../../reconciler/compare/live.ts'
import type { ObservedObject } from '../../../../schemas/generated/observation.ts'
import { machineSeen, vmManifest, volumeManifest, volumeSeen } from '../../../fakes/views.ts'
import { compareFiles, fleet, sideOf, type TestSide } from './support.ts'

function running(...seen: readonly (readonly [string, ObservedObject])[]): TestSide {
  const { index, objects } = liveSide({ nodes: [], sightings: seen.map(([node, object]) => ({ node, object })) })
  return { index, bodies: objects }
}

const files = { 'vm.yaml': JSON.stringify(vmManifest('web')), 'dv.yaml': JSON.stringify(volumeManifest('web-root')) }

function applied(): (readonly [string, ObservedObject])[] {
  const { bodies } = sideOf(files)
  const vm = bodies.get('VirtualMachine/default/web') as unknown as Parameters<typeof machineSeen>[0]
  const dv = bodies.get('DataVolume/default/web-root') as unknown as Parameters<typeof volumeSeen>[0]
  const seen = machineSeen(vm)
  const labelled = seen.applied === undefined ? seen : { ...seen, applied: { ...seen.applied, labels: { app: 'web' } } }
  return [
    ['h1', labelled],
    ['h1', volumeSeen(dv)],
  ]
}

test('what runs as Git says is equal, whatever only Git can tell', () => {
  const declared = { ...files, 'gitvirt.yaml': fleet('prod'), 'ns.yaml': '{"apiVersion":"v1","kind":"Namespace","metadata":{"name":"n"}}' }
  const comparison = compareFiles(running(...applied()), declared)
  assert.deepEqual([comparison.objects, comparison.errors, comparison.summary.equal], [[], [], 2])
})

test('a field that runs otherwise is told', () => {
  const changed = { ...files, 'vm.yaml': files['vm.yaml'].replace('256Mi', '512Mi') }
  const { objects } = compareFiles(running(...applied()), changed)
  assert.deepEqual(
    objects.map(({ key, fields }) => [key, fields]),
    [['VirtualMachine/default/web', [{ path: 'spec.template.spec.domain.memory.guest', before: '256Mi', after: '512Mi' }]]],
  )
})

test('an object that hosts have in two versions, or cannot tell, is unknown', () => {
  const [machine, volume] = applied()
  assert.ok(machine !== undefined && volume !== undefined && machine[1].kind === 'VirtualMachine' && machine[1].applied !== undefined)
  const other = { ...machine[1], applied: { ...machine[1].applied, runStrategy: 'Halted' as const } }
  const two = compareFiles(running(machine, ['h2', other], volume), files)
  assert.deepEqual(
    two.objects.map(({ key, change, unknownOn }) => [key, change, unknownOn]),
    [['VirtualMachine/default/web', 'unknown', 'base']],
  )
  const { applied: _, ...silent } = machine[1]
  assert.equal(compareFiles(files, running(['h1', silent], volume)).summary.unknown, 1)
})

test('a volume in quarantine is no longer there', () => {
  const [machine, volume] = applied()
  assert.ok(machine !== undefined && volume !== undefined && volume[1].kind === 'DataVolume')
  const quarantined = { ...volume[1], quarantined: { since: '2026-01-01T00:00:00Z', until: '2026-01-08T00:00:00Z' } }
  assert.equal(compareFiles(running(machine, ['h1', quarantined]), files).summary.added, 1)
})
