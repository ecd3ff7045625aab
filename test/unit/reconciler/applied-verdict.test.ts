import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Block, Change, Plan, Step } from '../../../schemas/generated/plan.ts'
import { appliedVerdict, type AppliedInput, type AppliedVerdict } from '../../../reconciler/applied-verdict.ts'
import { desiredView, node, observedView, observedVolume, volume } from './plan/support.ts'
import { volumeSpec } from '../../integration/session/lab.ts'

const key = 'VirtualMachine/default/vm'
const step = (verb: Step['verb']): Step => ({ id: `${verb}:${key}`, verb, key, phase: 'compute', disruption: 'restart' })
const restart = step('RestartDomain')

function change(steps: Step[], ...blocked: Block[]): Change {
  return { key, node: 'h1', action: 'update', disruption: 'restart', fields: [], steps, base: 'x', blocked, notes: [], after: [] }
}

function verdict(changes: Change[], rest: Partial<AppliedInput> = {}): AppliedVerdict {
  const summary = { create: 0, update: changes.length, replace: 0, delete: 0, blocked: 0, disruption: 'restart' } as const
  const plan: Plan = { id: 'p', revision: 'r', policyDigest: 'd', createdAt: 'now', changes, findings: [], summary }
  return appliedVerdict({ plan, desired: desiredView([]), observed: observedView([node('h1')]), failure: () => undefined, ...rest })
}

const held = (reason: Block['reason'], rest: Partial<Block> = {}): Block => ({ reason, message: 'm', unblock: `Do ${reason}.`, ...rest })

describe('the verdict on a commit that is in force', () => {
  it('is success once nothing differs, and while only a restart waits for somebody', () => {
    assert.deepEqual(verdict([]), { state: 'success', description: 'What runs is what Git says.' })
    const waits = verdict([change([restart], held('DisruptionNotAllowed', { steps: [restart.id] }))])
    assert.deepEqual(waits, { state: 'success', description: 'All is defined as Git says; 1 guest waits for a restart.' })
  })

  it('is pending while changes are under way or wait for their time', () => {
    assert.match(verdict([change([step('DefineDomain')])]).description, /^1 change is under way; first VirtualMachine\/default\/vm$/)
    const window = verdict([change([restart], held('Window', { steps: [restart.id] }))])
    assert.deepEqual(window, { state: 'pending', description: '1 change is under way; Window: Do Window.' })
  })

  it('is failure with the reason where a host failed, a person must come, or a manifest is broken', () => {
    const failed = verdict([change([restart])], { failure: () => ({ code: 'NoSpace', message: 'the pool is full', node: 'h1' }) })
    assert.deepEqual(failed, { state: 'failure', description: 'VirtualMachine/default/vm on h1: NoSpace: the pool is full' })
    const person = verdict([change([restart], held('PruneThreshold'))])
    assert.deepEqual(person, { state: 'failure', description: '1 change is blocked (PruneThreshold): Do PruneThreshold.' })
    const error = { severity: 'error', code: 'InvalidYaml', path: 'a.yaml', line: 3, column: 1, message: 'no' } as const
    const broken = verdict([], { desired: desiredView([], { errors: [error] }) })
    assert.deepEqual(broken, { state: 'failure', description: '1 fault in manifests, first a.yaml:3: no' })
  })

  it('waits for disks that are being filled, and tells of those that failed', () => {
    const desired = desiredView([volume('root')])
    const seen = (phase: 'ImportInProgress' | 'Failed'): AppliedInput['observed'] =>
      observedView([node('h1')], [{ node: 'h1', object: observedVolume(volumeSpec('root'), { phase }) }])
    assert.equal(verdict([], { desired, observed: seen('ImportInProgress') }).state, 'pending')
    assert.deepEqual(verdict([], { desired, observed: seen('Failed') }), {
      state: 'failure',
      description: 'DataVolume/default/root on h1: Failed',
    })
  })
})
