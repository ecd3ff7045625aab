import { createNetworkDriver } from '../../../../../agent/drivers/nmstate/driver.ts'
import { systemClock } from '../../../../../reconciler/lib/clock.ts'
import { silentLogger } from '../../../../../reconciler/lib/log.ts'
import type { PolicySpec } from '../../../../../schemas/generated/plan.ts'
import { quickOptions } from './network-host.ts'

/** An agent that waits between apply and commit until it is killed: `node hanging-apply.ts <namespace> <state folder> <policy>`. */
const [name = '', stateDir = '', policy = ''] = process.argv.slice(2)
const context = { node: name, stateDir, runDir: stateDir, libvirtUri: '', clock: systemClock, log: silentLogger, changed: () => undefined }
let calls = 0
const driver = createNetworkDriver(context, {
  ...quickOptions(),
  prefix: ['ip', 'netns', 'exec', name],
  probes: {
    timeout: 60_000,
    dnsName: false,
    reconcilerReachable: async () => {
      calls += 1
      if (calls > 1) await new Promise((resolve) => setTimeout(resolve, 60_000))
    },
  },
})
await driver.apply(JSON.parse(policy) as PolicySpec, new AbortController().signal)
