import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { plan } from '../../../../../reconciler/plan/plan.ts'
import { maskPlan } from '../../../../../reconciler/plan/text/mask.ts'
import { renderPlan } from '../../../../../reconciler/plan/text/render.ts'
import { desiredView, guestSpec, input, machine, node, observedMachine, observedView } from '../support.ts'

const before = machine('vm', { guest: guestSpec({ volumes: [{ name: 'seed', cloudInitNoCloud: { userData: 'password: hunter2' } }] }) })
const after = machine('vm', {
  labels: { evil: '\u001B[31mred' },
  guest: guestSpec({
    volumes: [{ name: 'seed', cloudInitNoCloud: { userData: 'password: hunter3' } }],
    domain: { ...guestSpec().domain, memory: { guest: '2Gi' } },
  }),
})
const created = plan(input(desiredView([before]), observedView([node('h1')])))
const spec = created.changes[0]?.steps[0]?.machine
assert.ok(spec !== undefined)
const made = plan(input(desiredView([after]), observedView([node('h1')], [{ node: 'h1', object: observedMachine(spec) }])))

describe('plan text', () => {
  it('shows each field with its class, what is held back and how to go on', () => {
    const text = renderPlan(made)
    assert.match(text, /^~ VirtualMachine default\/vm on h1: update in-place \[restart\] {2}vm\.yaml:1$/m)
    assert.match(text, /spec\.template\.spec\.domain\.memory\.guest: +"1Gi" -> "2Gi" {2}\[restart\]/)
    assert.match(text, /> RestartDomain \(held back\)/)
    assert.match(text, /to go on: Restart it \(gitvirt restart vm -n default\)/)
    assert.match(text, /Plan: 0 to create, 1 to update, 0 to replace, 0 to delete; 1 blocked\. Highest disruption: restart\.\n$/)
  })

  it('shows neither secrets nor control characters of manifests', () => {
    const text = renderPlan(made)
    assert.match(text, /userData: +"\(sensitive value\)" -> "\(sensitive value\)"/)
    assert.ok(!text.includes('hunter') && !text.includes('\u001B'))
    assert.doesNotMatch(JSON.stringify(maskPlan(made)), /hunter/)
  })

  it('has colours only when asked', () => {
    assert.ok(renderPlan(made, { color: true }).includes('\u001B[33m~'))
  })

  it('says so when there is nothing to do', () => {
    assert.equal(renderPlan(plan(input(desiredView([]), observedView([])))), 'No changes. What runs is what Git says.\n')
  })
})
