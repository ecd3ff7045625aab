import assert from 'node:assert/strict'
import { spawn, type ChildProcess } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, suite, test } from 'node:test'
import { bareMachine, blankDisk } from '../../lab/bare-machine.ts'
import { startDemo, type Demo } from '../../lab/demo.ts'
import { conditionOf, fleetClient, type ApiObject, type FleetClient } from '../../lab/fleet-client.ts'
import { startHost, type LabHost } from '../../lab/host.ts'
import { until } from '../../lab/wait.ts'
import { run } from '../../reconciler/lib/exec.ts'

const launcher = join(import.meta.dirname, '..', '..', 'gitvirt')
/** The wire between the reconciler's host and the agent's. */
const wire = { reconciler: '198.51.100.1', agent: '198.51.100.2', port: 7443 }

const policy = (name: string, selector: string, interfaces: string): string => `apiVersion: nmstate.io/v1
kind: NodeNetworkConfigurationPolicy
metadata:
  name: ${name}
spec:
${selector}  desiredState:
    interfaces:
${interfaces}`

const bridge = (name: string, port = ''): string => `      - name: ${name}
        type: linux-bridge
        state: up
        bridge:
          options:
            stp:
              enabled: false
          port: [${port}]
`

const machine = (name: string): string => `${blankDisk(`${name}-root`)}---
${bareMachine({ name })}`

const needsNmstate = {
  skip: await run('nmstatectl', ['--version']).then(
    () => false as const,
    () => 'nmstatectl is not installed on this machine',
  ),
}

suite('networks of a host that talks to its reconciler over them', () => {
  let demo: Demo
  let node: LabHost
  let agent: AgentProcess
  let fleet: FleetClient

  before(async () => {
    const listen = ['--agents', `${wire.reconciler}:${wire.port}`, '--server-name', wire.reconciler]
    demo = await startDemo({ name: 'hub', command: 'reconciler', upArguments: listen })
    fleet = fleetClient(demo)
    node = await startHost({ name: 'node' })
    await joinHosts(demo.host, node)
    await node.run('ip', ['link', 'add', 'theirs0', 'type', 'bridge'])
    await fleet.remove('vms/demo.yaml')
    await fleet.push('A bridge')
    await demo.startGitvirt()
    agent = await startAgent(demo, node)
  })
  after(async () => {
    await agent?.stop()
    await node?.close()
    await demo?.close()
  })

  const links = async (): Promise<string> => (await node.run('ip', ['-brief', 'link', 'show'])).stdout
  const condition = async (name: string, type: string, seconds = 60): Promise<ApiObject | undefined> =>
    await fleet.wait('nncp', name, { what: type, is: (one) => conditionOf(one, type)?.status === 'True', seconds })

  test('the agent joins over the wire and the policy is carried out', needsNmstate, async () => {
    await condition('br1', 'Available', 90)
    assert.match(await links(), /^br1 /m)
    assert.equal(conditionOf(await fleet.object('nnce', 'node.br1'), 'Available')?.reason, 'SuccessfullyConfigured')
  })

  test('a bridge that somebody deletes is drift, and is mended', needsNmstate, async () => {
    await node.run('ip', ['link', 'delete', 'br1'])
    await until('the bridge to be back', async () => (/^br1 /m.test(await links()) ? true : undefined), { seconds: 150, everyMs: 1000 })
    await until('the event', async () => (/DriftDetected/.test((await demo.gitvirt('events', '-A')).stdout) ? true : undefined))
    await condition('br1', 'Available')
    assert.match((await node.run('ip', ['-brief', 'address', 'show', 'br1'])).stdout, /192\.0\.2\.1\/24/)
  })

  test('a policy whose nodeSelector matches no node is ignored and says so', async () => {
    await fleet.write('networks/nowhere.yaml', policy('nowhere', '  nodeSelector:\n    rack: none\n', bridge('br7')))
    await fleet.push('A policy for other hosts')
    const found = await condition('nowhere', 'Ignored')
    assert.equal(conditionOf(found, 'Ignored')?.reason, 'NoMatchingNode')
    assert.doesNotMatch(await links(), /^br7 /m)
  })

  test('a policy that cuts the host off is rolled back by itself and reported', needsNmstate, async () => {
    // The wire becomes a port of a bridge that has no address: the host's own address stops working.
    await fleet.write('networks/cut.yaml', policy('cut', '', bridge('br9', '{name: up0}')))
    await fleet.push('Put the wire into a bridge')
    await until('the bridge to be made', async () => (/^br9 /m.test(await links()) ? true : undefined), { everyMs: 100 })
    const found = await condition('cut', 'Degraded', 120)
    const words = /probe "reconciler" did not pass/
    assert.match(conditionOf(found, 'Degraded')?.message ?? '', words)
    const enactment = await fleet.object('nnce', 'node.cut')
    assert.equal(conditionOf(enactment, 'Failing')?.status, 'True')
    assert.equal(conditionOf(enactment, 'Failing')?.reason, 'FailedToConfigure')
    assert.match(conditionOf(enactment, 'Failing')?.message ?? '', words)
    assert.match((await demo.gitvirt('events', '-A')).stdout, /Warning\s+FailedToConfigure/)
    assert.doesNotMatch(await links(), /^br9 /m)
    assert.match((await node.run('ip', ['-brief', 'address', 'show', 'up0'])).stdout, new RegExp(`${wire.agent.replaceAll('.', '\\.')}/24`))
    await node.run('ping', ['-c', '1', '-W', '5', wire.reconciler])
    assert.equal(conditionOf(await fleet.object('node', 'node'), 'Ready')?.status, 'True')
    assert.equal(conditionOf(await fleet.object('nncp', 'br1'), 'Available')?.status, 'True')
  })

  test('a policy that is removed from Git leaves the bridge, and the plan says so', needsNmstate, async () => {
    assert.equal((await demo.gitvirt('suspend', '--reason', 'to look at the plan first')).exitCode, 0)
    for (const name of ['br1', 'cut', 'nowhere']) await fleet.remove(`networks/${name}.yaml`)
    await fleet.write('vms/guest.yaml', machine('guest'))
    await fleet.push('Remove the policies')
    assert.match((await demo.gitvirt('plan')).stdout, /The host keeps its network as it is/)
    assert.equal((await demo.gitvirt('resume')).exitCode, 0)
    await fleet.wait('nncp', 'br1', { what: 'gone', is: (one) => one === undefined })
    assert.match(await links(), /^br1 /m)
    assert.match(await links(), /^theirs0 /m)
    await fleet.status('guest', 'Running', 120)
  })

  test('without nmstatectl a policy is Degraded with the reason while machines work', async () => {
    await agent.stop()
    agent = await startAgent(demo, node, ['--nmstatectl', '/nonexistent/nmstatectl'])
    await fleet.write('networks/br2.yaml', policy('br2', '', bridge('br2')))
    await fleet.write('vms/other.yaml', machine('other'))
    await fleet.push('A bridge and another machine')
    const found = await condition('br2', 'Degraded', 90)
    assert.match(conditionOf(found, 'Degraded')?.message ?? '', /nmstatectl does not run: .*\/nonexistent\/nmstatectl/)
    assert.match(conditionOf(found, 'Degraded')?.message ?? '', /cargo install nmstatectl --locked/)
    await fleet.status('other', 'Running', 120)
    assert.doesNotMatch(await links(), /^br2 /m)
  })
})

/** Two hosts and a wire between them. */
async function joinHosts(hub: LabHost, node: LabHost): Promise<void> {
  await run('ip', ['link', 'add', 'up0', 'netns', hub.netns, 'type', 'veth', 'peer', 'name', 'up0', 'netns', node.netns])
  for (const [host, address] of [[hub, wire.reconciler] as const, [node, wire.agent] as const]) {
    await host.run('ip', ['address', 'add', `${address}/24`, 'dev', 'up0'])
    await host.run('ip', ['link', 'set', 'up0', 'up'])
  }
}

type AgentProcess = { stop(): Promise<void> }

async function startAgent(demo: Demo, node: LabHost, more: readonly string[] = []): Promise<AgentProcess> {
  const token = join(node.dir, 'join-token')
  const made = await run(launcher, ['token', 'create', node.name, '--state-dir', demo.stateDir])
  await writeFile(token, made.stdout, { mode: 0o600 })
  const [program = '', ...enter] = node.enter
  const own = ['--node', node.name, '--libvirt-uri', node.uri, '--state-dir', join(node.dir, 'state'), '--probe-timeout', '8s']
  const dial = ['--reconciler', `https://${wire.reconciler}:${wire.port}`, '--join-token-file', token]
  const child: ChildProcess = spawn(program, [...enter, launcher, 'agent', ...own, ...dial, ...more], {
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  let words = ''
  child.stderr?.on('data', (chunk: Buffer) => (words = `${words}${chunk.toString()}`.slice(-4000)))
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  await until('the agent to join', async () => {
    if (child.exitCode !== null) throw new Error(`The agent ended: ${words}`)
    const found = await run(launcher, ['--kubeconfig', demo.kubeconfig, 'get', 'node', node.name, '-o', 'json'])
    return conditionOf(JSON.parse(found.stdout) as ApiObject, 'Ready')?.status === 'True' ? true : undefined
  })
  return {
    stop: async () => {
      child.kill()
      await ended
    },
  }
}
