/**
 * An agent over fake drivers that keep their host in a file, as a program that can be killed.
 * argv[2] is JSON: {dir, node, endpoint, kill?: {moment, verb}}: where it kills itself with SIGKILL, once.
 */
import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { startAgent } from '../../../agent/agent.ts'
import type { Endpoint } from '../../../agent/session/connect.ts'
import { silentLogger } from '../../../reconciler/lib/log.ts'
import { createFakeGuard, fakeMachineDigest } from '../../fakes/guard.ts'
import { createFakeMachineDriver } from '../../fakes/machine-driver.ts'
import { createFakeNetworkDriver } from '../../fakes/network-driver.ts'
import { createFakeVolumeDriver } from '../../fakes/volume-driver.ts'
import { createFakeWorld } from '../../fakes/world.ts'

type Arguments = { dir: string; node: string; endpoint: Endpoint; kill?: { moment: 'before' | 'after'; verb: string } }

const { dir, node, endpoint, kill } = JSON.parse(process.argv[2] ?? '{}') as Arguments
const mark = join(dir, 'killed')

await startAgent({
  node,
  version: '0.1.0',
  stateDir: join(dir, 'state'),
  runDir: join(dir, 'run'),
  libvirtUri: 'test:///default',
  reconciler: endpoint,
  log: silentLogger,
  times: { firstRetryMs: 20, mostRetryMs: 100 },
  parts: {
    drivers: (context) => {
      const world = createFakeWorld({
        path: join(dir, 'world.json'),
        changed: context.changed,
        around: (moment, verb) => {
          if (kill === undefined || moment !== kill.moment || verb !== kill.verb || existsSync(mark)) return
          writeFileSync(mark, '')
          process.kill(process.pid, 'SIGKILL')
        },
      })
      return { machines: createFakeMachineDriver(world), volumes: createFakeVolumeDriver(world), networks: createFakeNetworkDriver(world) }
    },
    guard: (_context, drivers) => ({
      ...createFakeGuard(drivers.machines),
      prepare: async () => undefined,
      changed: () => undefined,
      close: async () => undefined,
    }),
    machineDigest: fakeMachineDigest,
  },
})
