import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import * as fc from 'fast-check'
import { planSeal } from '../../../../reconciler/lib/seal.ts'
import { exceeds, highest } from '../../../../reconciler/plan/disruption/classes.ts'
import { plan } from '../../../../reconciler/plan/plan.ts'
import { maskPlan } from '../../../../reconciler/plan/text/mask.ts'
import { renderPlan } from '../../../../reconciler/plan/text/render.ts'
import { desiredView, input, observedView } from './support.ts'
import { limit, nodes, revision, sentOf, settle, withFleet, worldOf } from './worlds.ts'

describe('safety of plans', () => {
  it('plans nothing right after a plan was carried out', () => {
    fc.assert(
      fc.property(revision, (objects) => {
        const desired = desiredView(withFleet(objects, 'migrate'))
        const { world } = settle(desired)
        assert.deepEqual(plan(input(desired, observedView(nodes, world))).changes, [])
      }),
      { numRuns: 200 },
    )
  })

  it('comes to rest from any earlier revision, sending nothing again', () => {
    fc.assert(
      fc.property(revision, revision, limit, (before, after, unattended) => {
        const desired = desiredView(withFleet(after, unattended))
        const { world, passes } = settle(desired, worldOf(before).world)
        assert.ok(passes < 5, `${passes} passes`)
        const left = plan(input(desired, observedView(nodes, world)))
        assert.deepEqual(sentOf(left), [])
        assert.ok(left.changes.every(({ blocked }) => blocked.length > 0))
      }),
      { numRuns: 300 },
    )
  })

  it('never deletes what is unknown', () => {
    fc.assert(
      fc.property(revision, revision, fc.array(fc.constantFrom('a', 'b', 'c', 'd')), (before, after, broken) => {
        const { view } = worldOf(before)
        const desired = desiredView(withFleet(after, 'data-loss'), {
          paths: broken.map((name) => `${name}.yaml`),
          keys: broken.map((name) => `VirtualMachine/default/${name}`),
        })
        for (const { key, steps } of plan(input(desired, view)).changes) {
          const applied = view.get(key)[0]?.object.applied
          if (desired.isUnknownKey(key)) assert.deepEqual(steps, [])
          if (desired.get(key) === undefined && applied !== undefined) assert.ok(!desired.isUnknownPath(applied.origin.path))
        }
      }),
      { numRuns: 200 },
    )
  })

  it('only has steps for what Git has or our agents report', () => {
    fc.assert(
      fc.property(revision, revision, (before, after) => {
        const { view } = worldOf(before)
        const desired = desiredView(withFleet(after, 'data-loss'))
        const ours = new Set([...view.keys(), ...desired.keys()])
        for (const { key, steps } of plan(input(desired, view)).changes) {
          assert.ok(ours.has(key))
          for (const step of steps) assert.equal(step.key, key)
        }
      }),
      { numRuns: 100 },
    )
  })

  it('gives a part of the keys what the whole plan gives them', () => {
    fc.assert(
      fc.property(revision, revision, limit, fc.nat(), (before, after, unattended, pick) => {
        const { view } = worldOf(before)
        const desired = desiredView(withFleet(after, unattended))
        const whole = plan(input(desired, view))
        const keys = [...new Set([...view.keys(), ...desired.keys()])].filter((key) => !key.startsWith('Fleet/')).sort()
        const key = keys[pick % Math.max(1, keys.length)]
        if (key === undefined) return
        const part = plan(input(desired, view, { keys: [key] }))
        const own = (changes: typeof whole.changes): unknown => changes.filter((change) => change.key === key)
        assert.deepEqual(own(part.changes), own(whole.changes))
        for (const change of part.changes)
          assert.deepEqual(
            change,
            whole.changes.find((other) => other.key === change.key),
          )
      }),
      { numRuns: 300 },
    )
  })

  it('has the highest class of its fields and steps on every change', () => {
    fc.assert(
      fc.property(revision, revision, (before, after) => {
        const { view } = worldOf(before)
        for (const { fields, steps, disruption, action } of plan(input(desiredView(withFleet(after, 'none')), view)).changes) {
          assert.equal(disruption, highest([...fields, ...steps].map((one) => one.disruption)))
          if (fields.length > 0 && action === 'update') assert.equal(disruption, highest(fields.map((field) => field.disruption)))
        }
      }),
      { numRuns: 200 },
    )
  })

  it('sends no step above the policy but deletions and what the commit itself asks for', () => {
    fc.assert(
      fc.property(revision, revision, limit, (before, after, unattended) => {
        const { view } = worldOf(before)
        const made = plan(input(desiredView(withFleet(after, unattended)), view))
        for (const { changes } of sentOf(made)) {
          for (const { action, steps } of changes) {
            if (action === 'delete') continue
            for (const step of steps) {
              const halted = step.verb === 'StopDomain' && step.machine?.runStrategy === 'Halted'
              assert.ok(halted || !exceeds(step.disruption, unattended), `${step.id} is ${step.disruption}`)
            }
          }
        }
      }),
      { numRuns: 300 },
    )
  })

  it('gives the same sealed plan for the same input', () => {
    fc.assert(
      fc.property(revision, revision, (before, after) => {
        const { view } = worldOf(before)
        const desired = desiredView(withFleet(after, 'migrate'))
        const made = plan(input(desired, view))
        assert.deepEqual(plan(input(desiredView(withFleet(after.toReversed(), 'migrate')), view)), made)
        if (before.length > 1 && made.changes.length > 0) assert.notEqual(plan(input(desired, observedView(nodes))).id, made.id)
        for (const sent of sentOf(made)) assert.equal(sent.id, planSeal(sent))
      }),
      { numRuns: 100 },
    )
  })

  it('shows no secret in text or in the masked plan', () => {
    fc.assert(
      fc.property(revision, revision, (before, after) => {
        const { view } = worldOf(before)
        const made = plan(input(desiredView(withFleet(after, 'migrate')), view))
        for (const text of [renderPlan(made), JSON.stringify(maskPlan(made))])
          assert.doesNotMatch(text, /cloud-config|hostname: (?:one|two)/)
      }),
      { numRuns: 100 },
    )
  })
})
