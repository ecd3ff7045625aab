import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { after, before, describe, it, type TestContext } from 'node:test'
import { createCommands } from '../../agent/drivers/nmstate/commands.ts'
import { detectProvider } from '../../agent/drivers/nmstate/provider.ts'
import { startUmlHost, type UmlHost } from '../../lab/uml-host.ts'
import { atEnd } from '../at-end.ts'
import { bondContract, bridge, networkContract, type Contract } from '../integration/agent/drivers/nmstate/network-contract.ts'
import { findNmstatectl, hostBehind, networkSkipReason, type NetworkHost } from '../integration/agent/drivers/nmstate/network-host.ts'

const missing = ['linux.uml', 'mmdebstrap'].filter((program) => !existsSync(`/usr/bin/${program}`))
const skip =
  networkSkipReason() || (missing.length > 0 ? `${missing.join(', ')} is not installed (Debian: user-mode-linux, mmdebstrap)` : false)

/** Takes away what a test made: NetworkManager's profiles and every interface but lo. */
const cleaning = `
nmcli --terse --fields UUID connection show | while read -r uuid; do nmcli --wait 5 connection delete "$uuid"; done
ip -o link show | sed 's/^[0-9]*: \\([^:@]*\\).*/\\1/' | grep -v '^lo$' | while read -r name; do ip link delete dev "$name"; done
true
`

describe('a host with NetworkManager', { skip }, () => {
  let uml: UmlHost
  before(async () => {
    uml = await startUmlHost({ nmstatectl: findNmstatectl() ?? '' })
  })
  after(() => uml.close())

  const open =
    (provider: Contract['provider']) =>
    async (t: TestContext): Promise<NetworkHost> => {
      const remove = async (): Promise<void> => void (await uml.run('bash', ['-c', cleaning], { timeout: 120_000 }))
      const host = await hostBehind({ name: 'uml', prefix: uml.enter, remove, nics: ['eth1', 'eth2', 'eth3'] })
      atEnd(t, () => host.close())
      const probes = { timeout: 3_000, interval: 500, dnsName: false } as const
      return { ...host, driver: (options = {}) => host.driver({ nmstatectlPath: 'nmstatectl', provider, probes, ...options }) }
    }

  describe('through NetworkManager', () => {
    const contract: Contract = { open: open('networkmanager'), provider: 'networkmanager' }
    networkContract(contract)
    bondContract(contract)

    it('is found to be the provider, with its version', async (t) => {
      const host = await open('networkmanager')(t)
      const provider = await detectProvider(createCommands({ prefix: host.prefix }))
      assert.equal(provider.name, 'networkmanager')
      assert.match(provider.reason, /NetworkManager 1\.\d+/)
    })

    it('rolls the open checkpoint of a crashed agent back before it serves again', async (t) => {
      const host = await open('networkmanager')(t)
      const desired = JSON.stringify(bridge.desiredState)
      await uml.run('nmstatectl', ['apply', '-q', '--no-commit', '--timeout', '300', '-'], { input: desired })
      assert.ok((await host.links()).some((link) => link.ifname === 'br1'))
      await host.leaveTransaction({ key: bridge.key, provider: 'networkmanager', startedAt: '2026-01-01T00:00:00Z', policy: '' })
      const driver = host.driver()
      await driver.prepare()
      assert.ok(!(await host.links()).some((link) => link.ifname === 'br1'))
      assert.match((await driver.observe())[0]?.problem?.message ?? '', /checkpoint was rolled back/)
    })
  })

  describe('through the kernel alone', () => {
    bondContract({ open: open('kernel'), provider: 'kernel' })
  })
})
