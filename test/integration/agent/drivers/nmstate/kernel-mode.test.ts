import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { createNetworkDriver } from '../../../../../agent/drivers/nmstate/driver.ts'
import { createJournal } from '../../../../../agent/drivers/nmstate/transaction.ts'
import { policyDigest } from '../../../../../reconciler/lib/policy-digest.ts'
import { GitvirtError } from '../../../../../reconciler/lib/errors.ts'
import { atEnd } from '../../../../at-end.ts'
import { bridge, networkContract } from './network-contract.ts'
import { createNetworkHost, networkSkipReason, policyOf, trueType, type NetworkHost } from './network-host.ts'

const skip = networkSkipReason()

async function host(t: TestContext): Promise<NetworkHost> {
  const made = await createNetworkHost()
  atEnd(t, () => made.close())
  return made
}

const signal = (): AbortSignal => new AbortController().signal

describe('kernel mode', { skip }, () => {
  networkContract({ open: host, provider: 'kernel' })

  it('reports a changed MTU, address and link state as drift, and mends all three', async (t) => {
    const h = await host(t)
    const driver = h.driver()
    await driver.apply(bridge, signal())
    await h.ip('link', 'set', 'br1', 'mtu', '1300', 'down')
    await h.ip('addr', 'add', '192.0.2.77/24', 'dev', 'br1')
    const [drifted] = await driver.observe()
    assert.deepEqual(drifted?.drift.map((one) => one.path).sort(), [
      'interfaces[br1].ipv4.address',
      'interfaces[br1].mtu',
      'interfaces[br1].state',
    ])
    assert.deepEqual(await driver.drifted(), [bridge])
    await assert.rejects(
      h.driver({ nmstatectlPath: '/nonexistent/nmstatectl' }).drifted(),
      'an unreadable network is not one without drift',
    )
    await driver.apply(bridge, signal())
    assert.deepEqual(await driver.drifted(), [])
    const [mended] = await driver.observe()
    assert.deepEqual(mended?.drift, [])
  })

  it('tells a failure once, however often the same policy comes again', async (t) => {
    const h = await host(t)
    const driver = h.driver()
    const broken = policyOf('broken', { interfaces: [{ name: 'br1', type: 'linux-bridge', state: 'sideways' }] })
    await assert.rejects(driver.apply(broken, signal()), { code: 'CommandFailed' })
    const [first] = await driver.observe()
    const told = h.changed.length
    await assert.rejects(driver.apply(broken, signal()), { code: 'HeldOff', message: /sideways/ })
    assert.deepEqual(await driver.observe(), [first])
    assert.equal(h.changed.length, told)
    await driver.apply({ ...broken, desiredState: bridge.desiredState }, signal())
    assert.equal((await driver.observe())[0]?.problem, undefined)
  })

  it('leaves a foreign bridge as it is, also when a policy fails and is rolled back', async (t) => {
    const h = await host(t)
    await h.ip('link', 'add', 'foreign0', 'type', 'bridge', 'forward_delay', '700')
    await h.ip('addr', 'add', '198.51.100.1/24', 'dev', 'foreign0')
    await h.ip('link', 'set', 'foreign0', 'mtu', '1380', 'up')
    const before = (await h.links()).find((link) => link.ifname === 'foreign0')
    const driver = h.driver()
    await driver.apply(bridge, signal())
    const failing = policyOf('both', {
      interfaces: [
        { name: 'foreign0', type: 'linux-bridge', state: 'up', mtu: 1280, ipv4: { enabled: false } },
        { name: 'br2', type: 'linux-bridge', state: 'up', bridge: { port: [] } },
        { name: 'br3', type: 'linux-bridge', state: 'up', mtu: 99_999_999, bridge: { port: [] } },
      ],
    })
    await assert.rejects(driver.apply(failing, signal()), { code: 'CommandFailed' })
    const links = await h.links()
    const after = links.find((link) => link.ifname === 'foreign0')
    assert.deepEqual([after?.ifindex, after?.mtu, after?.flags.includes('UP')], [before?.ifindex, 1380, true])
    assert.match(await h.ip('addr', 'show', 'foreign0'), /198\.51\.100\.1\/24/)
    assert.deepEqual(
      links.map((link) => link.ifname).filter((name) => name === 'br2' || name === 'br3'),
      [],
    )
    await driver.forget(bridge.key)
    assert.ok(
      (await h.links()).some((link) => link.ifname === 'br1'),
      'forgetting reverts nothing',
    )
  })

  it('rolls back a policy that cuts the host off from its gateway, reports it, and holds it off', async (t) => {
    const h = await host(t)
    const gateway = await createNetworkHost()
    atEnd(t, () => gateway.close())
    await h.ip('link', 'add', 'uplink', 'type', 'veth', 'peer', 'name', 'host', 'netns', gateway.name)
    await gateway.ip('addr', 'add', '203.0.113.1/24', 'dev', 'host')
    await gateway.ip('link', 'set', 'host', 'up')
    await h.ip('addr', 'add', '203.0.113.2/24', 'dev', 'uplink')
    await h.ip('link', 'set', 'uplink', 'up')
    await h.ip('route', 'add', 'default', 'via', '203.0.113.1')
    const driver = h.driver()
    const cutting = policyOf('cut', {
      interfaces: [
        { name: 'uplink', type: 'veth', state: 'down' },
        { name: 'br9', type: 'linux-bridge', state: 'up', bridge: { port: [] } },
      ],
    })
    await assert.rejects(driver.apply(cutting, signal()), { code: 'ProbeFailed', message: /default gateway/ })
    assert.match(await h.ip('route', 'show', 'default'), /via 203\.0\.113\.1/)
    assert.ok(!(await h.links()).some((link) => link.ifname === 'br9'))
    const [seen] = await driver.observe()
    assert.equal(seen?.conditions.find((one) => one.status === 'True')?.type, 'Failing')
    assert.equal(seen?.problem?.reason, 'FailedToConfigure')
    assert.equal(seen?.applied, undefined)
    await assert.rejects(driver.apply(cutting, signal()), { code: 'HeldOff' })
  })

  it('gives an interface that a failed policy deleted back with its ports, addresses and routes', async (t) => {
    const h = await host(t)
    const driver = h.driver({ probes: { timeout: 500, interval: 100, dnsName: false, reconcilerReachable: reachableWhile(h, 'br1') } })
    const routed = policyOf('bridge', {
      ...bridge.desiredState,
      routes: { config: [{ destination: '198.51.100.0/24', 'next-hop-address': '192.0.2.9', 'next-hop-interface': 'br1' }] },
    })
    await driver.apply(routed, signal())
    await assert.rejects(
      driver.apply(policyOf('remove', { interfaces: [{ name: 'br1', type: 'linux-bridge', state: 'absent' }] }), signal()),
      {
        code: 'ProbeFailed',
      },
    )
    assert.equal((await h.links()).find((link) => link.ifname === 'eth1')?.master, 'br1')
    const [seen] = await driver.observe([routed.key])
    assert.deepEqual(seen?.drift, [])
  })

  it('undoes the change when the agent is killed between apply and commit', async (t) => {
    const h = await host(t)
    await h.ip('link', 'set', 'eth1', 'mtu', '1480', 'up')
    const child = spawn(process.execPath, [join(import.meta.dirname, 'hanging-apply.ts'), h.name, h.stateDir, JSON.stringify(bridge)], {
      stdio: 'ignore',
    })
    atEnd(t, () => child.kill('SIGKILL'))
    const ended = once(child, 'exit')
    await untilTrue(async () => (await h.ip('addr', 'show', 'br1')).includes('mtu 1400'))
    child.kill('SIGKILL')
    await ended
    assert.ok(
      (await h.links()).some((link) => link.ifname === 'br1'),
      'the change outlives the agent',
    )
    const restarted = h.driver()
    await restarted.prepare()
    const links = await h.links()
    assert.ok(!links.some((link) => link.ifname === 'br1'))
    assert.equal(links.find((link) => link.ifname === 'eth1')?.mtu, 1480)
    assert.ok(links.find((link) => link.ifname === 'eth1')?.flags.includes('UP'))
    const [seen] = await restarted.observe()
    assert.match(seen?.problem?.message ?? '', /agent stopped before it committed/)
    await restarted.apply(bridge, signal())
    assert.equal((await restarted.observe())[0]?.problem, undefined)
  })

  it('names the policy that failed while its hold lasts, tells when it ends, and is Available again with the one before', async (t) => {
    const h = await host(t)
    const driver = h.driver({ holdOff: { passing: 3_000 } })
    await driver.apply(bridge, signal())
    const second = policyOf('bridge', { interfaces: [{ name: 'br1', type: 'linux-bridge', state: 'up', mtu: 99_999_999 }] })
    await assert.rejects(driver.apply(second, signal()))
    const [failed] = await driver.observe()
    assert.deepEqual(failed?.failed, { digest: policyDigest(second) })
    const told = h.changed.length
    await untilTrue(async () => h.changed.length > told)
    const [over] = await driver.observe()
    assert.equal(over?.failed, undefined)
    assert.notEqual(over?.digest, failed.digest)
    await driver.apply(bridge, signal())
    const [back] = await driver.observe()
    assert.deepEqual([back && trueType(back), back?.problem, back?.failed], ['Available', undefined, undefined])
  })

  it('holds nothing off and calls nothing Progressing after the agent was killed while it mended drift', async (t) => {
    const h = await host(t)
    await h.driver().apply(bridge, signal())
    await h.ip('link', 'del', 'br1')
    const child = spawn(process.execPath, [join(import.meta.dirname, 'hanging-apply.ts'), h.name, h.stateDir, JSON.stringify(bridge)], {
      stdio: 'ignore',
    })
    atEnd(t, () => child.kill('SIGKILL'))
    const ended = once(child, 'exit')
    await untilTrue(async () => (await h.ip('addr', 'show', 'br1')).includes('mtu 1400'))
    child.kill('SIGKILL')
    await ended
    const journal = createJournal(join(h.stateDir, 'network'))
    const open = await journal.open()
    assert.ok(open !== undefined)
    await journal.end()
    const early = h.driver()
    await early.prepare()
    const [closed] = await early.observe()
    assert.deepEqual([closed && trueType(closed), closed?.failed], ['Aborted', undefined], 'killed before the journal began')
    await journal.begin(open)
    const late = h.driver()
    await late.prepare()
    const [undone] = await late.observe()
    assert.deepEqual([undone && trueType(undone), undone?.failed, undone?.applied], ['Failing', undefined, bridge])
    await late.apply(bridge, signal())
    assert.deepEqual((await late.observe())[0]?.drift, [])
  })

  it('undoes the change when it is aborted', async (t) => {
    const h = await host(t)
    const driver = h.driver({ probes: { timeout: 60_000, interval: 50, dnsName: false, reconcilerReachable: failsAfterFirst() } })
    const aborted = new AbortController()
    const applying = driver.apply(bridge, aborted.signal)
    applying.catch(() => undefined)
    await untilTrue(async () => (await h.ip('-o', 'link', 'show')).includes('br1'))
    aborted.abort()
    await assert.rejects(applying, { name: 'AbortError' })
    assert.ok(!(await h.links()).some((link) => link.ifname === 'br1'))
    assert.equal((await driver.observe())[0]?.conditions.find((one) => one.status === 'True')?.type, 'Aborted')
  })

  it('calls a change aborted whatever the reason of the signal is, and holds nothing off', async (t) => {
    const h = await host(t)
    const driver = h.driver()
    const stopping = AbortSignal.abort(new GitvirtError({ code: 'AgentStopping', message: 'The agent stops.' }))
    await assert.rejects(driver.apply(bridge, stopping), { code: 'AgentStopping' })
    const [seen] = await driver.observe()
    assert.equal(seen?.conditions.find((one) => one.status === 'True')?.type, 'Aborted')
    assert.equal(seen?.problem?.reason, 'ConfigurationAborted')
    await driver.apply(bridge, signal())
  })

  it('tells what kernel mode leaves undone and finds no drift in it', async (t) => {
    const h = await host(t)
    const driver = h.driver()
    const policy = policyOf('limits', {
      interfaces: [{ name: 'eth1', type: 'ethernet', state: 'up', ipv4: { enabled: true, dhcp: true }, lldp: { enabled: true } }],
      'dns-resolver': { config: { server: ['192.0.2.53'] } },
    })
    await driver.apply(policy, signal())
    const [seen] = await driver.observe()
    assert.deepEqual(
      seen?.limits?.map((limit) => limit.split(':')[0]),
      ['interfaces[eth1].lldp', 'interfaces[eth1].ipv4.dhcp', 'dns-resolver', 'persistence'],
    )
    assert.deepEqual(seen?.drift, [])
  })

  it('refuses an interface type that kernel mode cannot make, and changes nothing', async (t) => {
    const h = await host(t)
    const driver = h.driver()
    const policy = policyOf('ovs', {
      interfaces: [
        { name: 'br1', type: 'linux-bridge', state: 'up' },
        { name: 'ovs0', type: 'ovs-bridge', state: 'up' },
      ],
    })
    await assert.rejects(driver.apply(policy, signal()), { code: 'UnsupportedByKernelMode', terminal: true })
    assert.ok(!(await h.links()).some((link) => link.ifname === 'br1'))
  })

  it('fills captures from the current state and keeps them when it applies again', async (t) => {
    const h = await host(t)
    const driver = h.driver()
    const policy = policyOf(
      'captured',
      {
        interfaces: [
          { name: 'br1', type: 'linux-bridge', state: 'up', bridge: { port: [{ name: '{{ capture.nic.interfaces.0.name }}' }] } },
        ],
      },
      { capture: { nic: 'interfaces.name=="eth1"' } },
    )
    await driver.apply(policy, signal())
    assert.equal((await h.links()).find((link) => link.ifname === 'eth1')?.master, 'br1')
    await driver.apply(policy, signal())
    assert.deepEqual((await driver.observe())[0]?.drift, [])
  })

  it('shows the interfaces and the network state as facts', async (t) => {
    const h = await host(t)
    const driver = h.driver()
    await driver.apply(bridge, signal())
    const facts = await driver.facts()
    assert.equal(facts.networkProvider, 'kernel')
    assert.deepEqual(
      facts.interfaces.find((one) => one.name === 'br1'),
      {
        name: 'br1',
        type: 'linux-bridge',
        up: true,
        mtu: 1400,
        addresses: facts.interfaces.find((one) => one.name === 'br1')?.addresses ?? [],
      },
    )
    assert.ok(JSON.stringify(facts.networkState).includes('linux-bridge'))
  })
})

describe('a host without nmstatectl', { skip: process.getuid?.() === 0 ? false : 'needs root to make network namespaces' }, () => {
  it('says what to install, and still shows its interfaces', async (t) => {
    const h = await host(t)
    const driver = createNetworkDriver(h.context, { prefix: h.prefix, nmstatectlPath: '/nonexistent/nmstatectl' })
    await driver.prepare()
    await assert.rejects(driver.apply(bridge, signal()), { code: 'NetworkProviderMissing', message: /nmstatectl does not run/ })
    const [seen] = await driver.observe()
    assert.equal(seen?.provider, 'none')
    assert.match(seen?.problem?.message ?? '', /cargo install nmstatectl --locked/)
    const told = h.changed.length
    await assert.rejects(driver.apply(bridge, signal()), { code: 'NetworkProviderMissing' })
    assert.equal(h.changed.length, told, 'the same failure is no news')
    const facts = await driver.facts()
    assert.equal(facts.networkState, undefined)
    assert.ok(facts.interfaces.some((one) => one.name === 'eth1'))
    await driver.close()
  })
})

function reachableWhile(h: NetworkHost, name: string): () => Promise<void> {
  let appeared = false
  return async () => {
    const there = (await h.links()).some((link) => link.ifname === name)
    appeared ||= there
    if (appeared && !there) throw new Error(`${name} is gone`)
  }
}

/** Passes before the change and never after it. */
function failsAfterFirst(): () => Promise<void> {
  let calls = 0
  return async () => {
    calls += 1
    if (calls > 1) throw new Error('cut off')
  }
}

async function untilTrue(ask: () => Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 200; tries += 1) {
    if (await ask().catch(() => false)) return
    await sleep(50)
  }
  throw new Error('waited in vain')
}
