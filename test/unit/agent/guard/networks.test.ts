import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import type { PolicySpec } from '../../../../schemas/generated/plan.ts'
import { restoreNetworks } from '../../../../agent/guard/networks.ts'
import { silentLogger } from '../../../../reconciler/lib/log.ts'
import { atEnd } from '../../../at-end.ts'

const spec = (name: string): PolicySpec => ({
  key: `NodeNetworkConfigurationPolicy//${name}`,
  name,
  desiredState: {},
  origin: { path: 'a.yaml', line: 1, column: 1 },
})
/** A host whose network is as the flags say; `boot` starts the agent and resolves with what was applied by then. */
async function setUp(t: TestContext, gone: string[], fails: string[] = []) {
  const stateDir = await mkdtemp(join(tmpdir(), 'gv-networks-'))
  const stopping = new AbortController()
  atEnd(t, async () => {
    stopping.abort()
    await rm(stateDir, { recursive: true, force: true })
  })
  const applied: string[] = []
  const flags = { readable: true }
  const networks = {
    drifted: async () => {
      if (!flags.readable) throw new Error('nmstatectl took too long')
      return gone.map(spec)
    },
    apply: async ({ name }: PolicySpec) => {
      applied.push(name)
      if (fails.includes(name)) throw new Error('no such port')
    },
  }
  const boot = async (bootId: string): Promise<string[]> => {
    applied.length = 0
    await restoreNetworks(networks, { stateDir, log: silentLogger, signal: stopping.signal, bootId, firstDelay: 20 })
    return [...applied]
  }
  const seenBoot = async (): Promise<string> => await readFile(join(stateDir, 'boot-id'), 'utf8')
  const untilSeen = async (bootId: string): Promise<void> => {
    for (let tries = 0; tries < 500 && (await seenBoot()) !== bootId; tries += 1) await sleep(20)
    assert.equal(await seenBoot(), bootId)
  }
  return { boot, seenBoot, untilSeen, applied, fails, flags }
}

test('after a reboot applies the policies that are gone', async (t) => {
  const { boot, untilSeen } = await setUp(t, ['gone'])
  assert.deepEqual(await boot('first'), [], 'the first start knows of no earlier boot')
  assert.deepEqual(await boot('second'), ['gone'])
  await untilSeen('second')
})

test('a restart of the agent within one boot leaves drift to the reconciler', async (t) => {
  const { boot } = await setUp(t, ['gone'])
  await boot('first')
  assert.deepEqual(await boot('first'), [])
})

test('does not hold the start up where the network cannot be read, and restores it once it can', async (t) => {
  const { boot, seenBoot, untilSeen, applied, flags } = await setUp(t, ['gone'])
  await boot('first')
  flags.readable = false
  assert.deepEqual(await boot('second'), [])
  assert.equal(await seenBoot(), 'first')
  flags.readable = true
  await untilSeen('second')
  assert.deepEqual(applied, ['gone'])
})

test('goes on with the others when one policy cannot be restored, and tries again until it is', async (t) => {
  const { boot, seenBoot, untilSeen, fails } = await setUp(t, ['bad', 'good'], ['bad'])
  await boot('first')
  assert.deepEqual(await boot('second'), ['bad', 'good'])
  assert.equal(await seenBoot(), 'first')
  fails.length = 0
  await untilSeen('second')
})
