import type { NetworkDriver } from '../../agent/drivers/types.ts'
import { digestOf } from '../../reconciler/lib/digest.ts'
import { GitvirtError } from '../../reconciler/lib/errors.ts'
import { policyDigest } from '../../reconciler/lib/policy-digest.ts'
import type { FakeWorld } from './world.ts'

/** A network driver without networks. Passes test/contract/network-driver.ts. */
export function createFakeNetworkDriver(world: FakeWorld): NetworkDriver {
  const { policies } = world.state
  return {
    prepare: async () => undefined,
    facts: async () => ({ interfaces: [{ name: 'eth0', type: 'ethernet', up: true }], networkProvider: 'kernel' }),
    observe: async (keys) =>
      Object.entries(policies)
        .filter(([key]) => keys === undefined || keys.includes(key))
        .map(([key, { applied, conditions }]) => {
          return {
            kind: 'NodeNetworkConfigurationPolicy',
            key,
            digest: digestOf([applied, conditions[0]?.type]),
            applied,
            conditions,
            drift: [],
          }
        }),
    drifted: async () => [],
    apply: (policy) =>
      world.act('apply', policy.key, () => {
        policies[policy.key] = {
          applied: policy,
          conditions: [{ type: 'Available', status: 'True', reason: 'SuccessfullyConfigured', message: '', at: '2026-01-01T00:00:00Z' }],
        }
        return true
      }),
    record: (policy) =>
      world.act('record', policy.key, () => {
        const known = policies[policy.key]
        if (known === undefined || policyDigest(known.applied) !== policyDigest(policy))
          throw new GitvirtError({ code: 'PolicyNotApplied', message: 'The host has another policy.', object: policy.key })
        policies[policy.key] = { ...known, applied: policy }
        return true
      }),
    forget: (key) => world.act('forget', key, () => delete policies[key]),
    close: async () => undefined,
  }
}
