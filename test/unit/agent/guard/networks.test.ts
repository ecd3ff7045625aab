import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import type { ObservedPolicy } from '../../../../schemas/generated/observation.ts'
import type { PolicySpec } from '../../../../schemas/generated/plan.ts'
import { restoreNetworks } from '../../../../agent/guard/networks.ts'
import { silentLogger } from '../../../../reconciler/lib/log.ts'

const spec = (name: string): PolicySpec => ({
  key: `NodeNetworkConfigurationPolicy//${name}`,
  name,
  desiredState: {},
  origin: { path: 'a.yaml', line: 1, column: 1 },
})
const seen = (name: string, drift: ObservedPolicy['drift']): ObservedPolicy => ({
  kind: 'NodeNetworkConfigurationPolicy',
  key: spec(name).key,
  digest: '',
  conditions: [],
  applied: spec(name),
  drift,
})

async function setUp(t: TestContext, policies: ObservedPolicy[], fails: string[] = []) {
  const stateDir = await mkdtemp(join(tmpdir(), 'gv-networks-'))
  t.after(async () => await rm(stateDir, { recursive: true, force: true }))
  const applied: string[] = []
  const networks = {
    observe: async () => policies,
    apply: async ({ name }: PolicySpec) => {
      applied.push(name)
      if (fails.includes(name)) throw new Error('no such port')
    },
  }
  const boot = async (bootId: string): Promise<string[]> => {
    applied.length = 0
    await restoreNetworks(networks, { stateDir, log: silentLogger, signal: new AbortController().signal, bootId })
    return [...applied]
  }
  return boot
}

test('after a reboot applies the policies that are gone, and no others', async (t) => {
  const boot = await setUp(t, [seen('gone', [{ path: 'interfaces[br1]' }]), seen('kept', [])])
  assert.deepEqual(await boot('first'), [], 'the first start knows of no earlier boot')
  assert.deepEqual(await boot('second'), ['gone'])
})

test('a restart of the agent within one boot leaves drift to the reconciler', async (t) => {
  const boot = await setUp(t, [seen('gone', [{ path: 'interfaces[br1]' }])])
  await boot('first')
  assert.deepEqual(await boot('first'), [])
})

test('goes on with the others when one policy cannot be restored', async (t) => {
  const drift = [{ path: 'interfaces[br1]' }]
  const boot = await setUp(t, [seen('bad', drift), seen('good', drift)], ['bad'])
  await boot('first')
  assert.deepEqual(await boot('second'), ['bad', 'good'])
})
