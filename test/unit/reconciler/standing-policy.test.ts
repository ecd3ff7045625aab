import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { FleetSpec } from '../../../schemas/generated/fleet.ts'
import type { DesiredView, ManifestError } from '../../../reconciler/desired/types.ts'
import { createStandingPolicy, type StandingPolicy } from '../../../reconciler/standing-policy.ts'
import { desiredView, fleet } from './plan/support.ts'

const keptSpec: FleetSpec = { prune: { maxPercent: 5 }, approvals: {} }

function open(spec: FleetSpec = keptSpec): StandingPolicy {
  const values = new Map<string, string>()
  const settings = { get: (name: string) => values.get(name), put: (name: string, value: string) => void values.set(name, value) }
  const create = (): StandingPolicy => createStandingPolicy({ settings, environment: 'prod', root: 'envs/prod', approvers: true })
  create().accept(desiredView([fleet(spec)]))
  return create()
}

const fault: ManifestError = {
  severity: 'error',
  code: 'YamlSyntax',
  message: 'broken',
  path: 'envs/prod/gitvirt.yaml',
  line: 1,
  column: 1,
}
const broken: DesiredView = { ...desiredView([]), errors: () => [fault] }

describe('the gates that hold', () => {
  it('stay what they were while gitvirt.yaml cannot be read, which nobody can approve', () => {
    const standing = open()
    assert.equal(standing.asked(broken), undefined)
    standing.accept(broken)
    assert.equal(standing.of(broken)?.gates.prune.maxPercent, 5)
    assert.notEqual(standing.approvals(broken), undefined)
    assert.notEqual(standing.asked(desiredView([fleet({ prune: { maxPercent: 100 } })])), undefined)
  })

  it('know their file in its folder also when it is gone', () => {
    const own = fleet(keptSpec)
    const standing = open()
    const none = desiredView([])
    assert.notEqual(standing.asked(none), undefined)
    assert.ok(standing.paths(none).includes(own.origin.path))
    assert.ok(standing.paths(none).includes('envs/prod/gitvirt.yaml'))
  })

  it('change only by as many different people as every rule wants of its own signers', () => {
    const rules: NonNullable<FleetSpec['approvals']>['rules'] = [
      { count: 2 },
      { matchLabels: { tier: 'db' }, count: 1, signers: ['third@example.org'] },
    ]
    const standing = open({ approvals: { rules } })
    const by = (name: string, fingerprint = name): { signer: { name: string; fingerprint: string } } => ({ signer: { name, fingerprint } })
    assert.equal(standing.met([]), false)
    assert.equal(standing.met([by('third@example.org'), by('third@example.org', 'another key')]), false)
    assert.equal(standing.met([by('first@example.org'), by('second@example.org')]), false)
    assert.equal(standing.met([by('first@example.org'), by('third@example.org')]), true)
    assert.equal(open().met([]), false)
    const message = standing.of(desiredView([fleet({})]))?.message ?? ''
    assert.match(message, /2 approvers sign .*; among them must be 1 of third@example\.org\.$/)
  })

  it('are those of drift as well', () => {
    const standing = open({ ...keptSpec, drift: { mode: 'detect' } })
    const corrected = desiredView([fleet({ ...keptSpec, drift: { mode: 'correct' } })])
    assert.notEqual(standing.asked(corrected), undefined)
    assert.equal(standing.of(corrected)?.gates.drift.mode, 'detect')
  })
})
