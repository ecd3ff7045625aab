import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { NetworkDriver } from '../../agent/drivers/types.ts'
import type { ObservedPolicy } from '../../schemas/generated/observation.ts'
import type { PolicySpec } from '../../schemas/generated/plan.ts'

export type NetworkContract = {
  /** A driver that is prepared, on a host without policies of ours, and how to end it. */
  readonly create: () => Promise<{ readonly driver: NetworkDriver; close(): Promise<void> }>
  /** A policy that this host can carry out, and another one of the same name. */
  readonly policies: () => readonly [PolicySpec, PolicySpec]
}

const forever = new AbortController().signal

/** What the agent relies on in any network driver. */
export function networkDriverContract(name: string, { create, policies }: NetworkContract): void {
  const withDriver = async (work: (driver: NetworkDriver, first: PolicySpec, second: PolicySpec) => Promise<void>): Promise<void> => {
    const host = await create()
    try {
      await work(host.driver, ...policies())
    } finally {
      await host.close()
    }
  }
  const look = async (driver: NetworkDriver, policy: PolicySpec): Promise<ObservedPolicy | undefined> =>
    (await driver.observe([policy.key]))[0]

  describe(`${name} as a network driver`, () => {
    it('observes no policies where none was applied, and knows its interfaces', () =>
      withDriver(async (driver, policy) => {
        assert.deepEqual(await driver.observe(), [])
        assert.deepEqual(await driver.observe([policy.key]), [])
        const facts = await driver.facts()
        assert.ok(facts.interfaces.length > 0)
        assert.ok(facts.networkProvider !== undefined)
      }))

    it('applies a policy and is Available, without drift', () =>
      withDriver(async (driver, policy) => {
        await driver.apply(policy, forever)
        const seen = await look(driver, policy)
        assert.deepEqual(seen?.applied, policy)
        assert.deepEqual(seen.drift, [])
        const available = seen.conditions.find((one) => one.type === 'Available')
        assert.deepEqual([available?.status, available?.reason], ['True', 'SuccessfullyConfigured'])
        assert.equal(seen.problem, undefined)
      }))

    it('looks the same after the same policy came twice', () =>
      withDriver(async (driver, policy) => {
        await driver.apply(policy, forever)
        const first = await look(driver, policy)
        await driver.apply(policy, forever)
        assert.equal((await look(driver, policy))?.digest, first?.digest)
        assert.equal((await driver.observe()).length, 1)
      }))

    it('takes over a changed policy, and its digest tells', () =>
      withDriver(async (driver, policy, changed) => {
        await driver.apply(policy, forever)
        const first = await look(driver, policy)
        await driver.apply(changed, forever)
        const second = await look(driver, policy)
        assert.deepEqual(second?.applied, changed)
        assert.notEqual(second.digest, first?.digest)
      }))

    it('keeps other labels of the policy that it has, and refuses those of another one', () =>
      withDriver(async (driver, policy, other) => {
        await assert.rejects(driver.record(policy), { code: 'PolicyNotApplied' })
        await driver.apply(policy, forever)
        const labelled = { ...policy, labels: { tier: 'prod' } }
        const first = await look(driver, policy)
        await driver.record(labelled)
        const second = await look(driver, policy)
        assert.deepEqual([second?.applied, second?.conditions], [labelled, first?.conditions])
        assert.notEqual(second?.digest, first?.digest)
        await assert.rejects(driver.record(other), { code: 'PolicyNotApplied' })
        assert.deepEqual((await look(driver, policy))?.applied, labelled)
      }))

    it('forgets, also twice', () =>
      withDriver(async (driver, policy) => {
        await driver.apply(policy, forever)
        await driver.forget(policy.key)
        await driver.forget(policy.key)
        assert.deepEqual(await driver.observe(), [])
      }))
  })
}
