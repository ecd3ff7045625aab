import assert from 'node:assert/strict'
import type { ChildProcess } from 'node:child_process'
import { copyFile, open, readFile, stat, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, suite, test } from 'node:test'
import { onStep, readSteps } from '../../lab/agent-journal.ts'
import { createJoinToken, startAgentProcess, type AgentProcess } from '../../lab/agent-process.ts'
import { startDemo, type Demo } from '../../lab/demo.ts'
import { conditionOf, fleetClient, type FleetClient } from '../../lab/fleet-client.ts'
import { machineManifest } from '../../lab/machine-manifest.ts'
import { until } from '../../lab/wait.ts'

/** Bytes of which the download writes a part before it has all; the tiny guest's image is five times as large. */
const partBytes = 4 * 2 ** 20
/** Whole seconds, which utimes(2) sets exactly: the served image keeps its ETag, made from this time, when its bytes are spoiled. */
const imageTime = 1_700_000_000

suite('gitvirt up is killed at each step of a first plan', () => {
  let demo: Demo
  let fleet: FleetClient
  let process: ChildProcess
  let journals: string

  before(async () => {
    demo = await startDemo({ name: 'crash' })
    fleet = fleetClient(demo)
    for (const path of ['vms/demo.yaml', 'networks/br1.yaml']) await fleet.remove(path)
    await fleet.push('Begin with the policy alone')
    journals = join(demo.stateDir, 'agent', 'journal')
    process = await demo.startGitvirt()
  })
  after(async () => await demo?.close())

  const qemuStarts = async (name: string): Promise<number> => {
    const log = await readFile(join(demo.host.dir, 'log', 'qemu', `default_${name}.log`), 'utf8').catch(() => '')
    return log.match(/starting up libvirt version/g)?.length ?? 0
  }
  const imageOf = (name: string): string => join(demo.stateDir, 'pools', 'local', `gitvirt_default_${name}-root.raw`)
  const isDone = (step: string): boolean => readSteps(journals).some((record) => record.step === step && record.state === 'done')
  const push = async (name: string, image: string): Promise<void> => {
    await fleet.write(`vms/${name}.yaml`, machineManifest({ name, runStrategy: 'Always', image }))
    await fleet.write(`networks/${name}.yaml`, bridgePolicy(name))
    await fleet.push(`Add ${name}`)
  }
  const endOf = async (child: ChildProcess): Promise<void> =>
    void (await until('the killed process to end', () => (child.exitCode !== null || child.signalCode !== null ? true : undefined), {
      seconds: 120,
    }))
  /** The state that a fleet without any crash comes to, with everything done once. */
  const converges = async (name: string, image: string): Promise<void> => {
    await fleet.status(name, 'Running', 120)
    await fleet.wait('nncp', name, { what: 'Available', is: (one) => conditionOf(one, 'Available')?.status === 'True', seconds: 90 })
    await until('an empty plan', async () => ((await fleet.plan()).changes.length === 0 ? true : undefined), { seconds: 60 })
    assert.equal((await fleet.object('dv', `${name}-root`))?.status?.phase, 'Succeeded')
    assert.equal(await qemuStarts(name), 1, 'QEMU was started once')
    const keys = [`NodeNetworkConfigurationPolicy//${name}`, `DataVolume/default/${name}-root`, `VirtualMachine/default/${name}`]
    const done = readSteps(journals).filter(({ key, state }) => state === 'done' && keys.includes(key))
    for (const { step } of done) assert.equal(done.filter((other) => other.step === step).length, 1, `${step} was done once`)
    const compared = await demo.host.run('qemu-img', ['compare', '-U', image, imageOf(name)])
    assert.match(compared.stdout, /Images are identical/)
  }

  const points = [
    ['EnsureVolume', 'started'],
    ['EnsureVolume', 'done'],
    ['DefineDomain', 'started'],
    ['DefineDomain', 'done'],
    ['StartDomain', 'started'],
    ['StartDomain', 'done'],
    ['ApplyNetworkPolicy', 'started'],
    ['ApplyNetworkPolicy', 'done'],
  ] as const
  for (const [index, [verb, state]] of points.entries()) {
    test(`${verb} ${state}: the next start finishes the plan and does nothing twice`, async () => {
      const name = `kill-${index}`
      const image = await smallImage(demo, name)
      const killed = process
      const isPoint = (step: string): boolean => step.startsWith(`${verb}:`) && new RegExp(`/${name}(-root)?$`).test(step)
      const watch = await onStep(
        journals,
        (record) => record.state === state && isPoint(record.step),
        () => killed.kill('SIGKILL'),
      )
      try {
        await push(name, `${name}.img`)
        await endOf(killed)
      } finally {
        watch.close()
      }
      assert.ok(watch.acted(), 'it was the test that ended it')
      // What was downloaded is not asked for again: it is not there any more.
      if (isDone(`EnsureVolume:DataVolume/default/${name}-root`)) demo.imageFault(`/${name}.img`, { kind: 'status', status: 410 })
      process = await demo.startGitvirt()
      await converges(name, image)
    })
  }

  test('in the middle of a download: it goes on where it ended, and only the whole image is booted', async () => {
    const name = 'half'
    const served = join(demo.images, 'half.qcow2')
    const original = join(demo.host.dir, 'half-original.qcow2')
    for (const path of [served, original]) await copyFile(join(demo.images, 'tiny-guest.qcow2'), path)
    await utimes(served, imageTime, imageTime)
    demo.imageFault('/half.qcow2', { kind: 'slow', rate: partBytes })
    await push(name, 'half.qcow2')
    const part = join(demo.stateDir, 'pools', 'local', '.gitvirt', 'partial', 'gitvirt_default_half-root.part')
    await until('a part of the image', async () => ((await stat(part)).size >= partBytes ? true : undefined), { seconds: 60, everyMs: 20 })
    process.kill('SIGKILL')
    await endOf(process)
    assert.equal(await qemuStarts(name), 0)
    await assert.rejects(stat(imageOf(name)), { code: 'ENOENT' })
    // Only who goes on where the download ended still gets the right image.
    await spoilStart(served)
    demo.imageFault('/half.qcow2')
    process = await demo.startGitvirt()
    await converges(name, original)
    const guest = fleet.console(name)
    try {
      await guest.expect(/half: ready/, 120)
    } finally {
      guest.close()
    }
  })
})

suite('reconciler and agent in processes of their own', () => {
  const agents = '127.0.0.1:7443'
  let demo: Demo
  let fleet: FleetClient
  let reconciler: ChildProcess
  let agent: AgentProcess
  let stateDir: string

  before(async () => {
    demo = await startDemo({ name: 'apart', command: 'reconciler', upArguments: ['--agents', agents] })
    fleet = fleetClient(demo)
    for (const path of ['vms/demo.yaml', 'networks/br1.yaml']) await fleet.remove(path)
    stateDir = join(demo.host.dir, 'agent-state')
    reconciler = await demo.startGitvirt()
  })
  after(async () => await demo?.close())

  const startAgent = async (joinToken?: string): Promise<void> => {
    const token = joinToken === undefined ? {} : { joinToken }
    agent = await startAgentProcess({ host: demo.host, reconciler: `https://${agents}`, stateDir, ...token })
  }
  const connected = async (expected: boolean): Promise<void> => {
    const probe = async (): Promise<true | undefined> => {
      const { stdout } = await demo.gitvirt('status')
      return new RegExp(`^apart\\s+${String(expected)}\\b`, 'm').test(stdout) ? true : undefined
    }
    await until(`the agent to be ${expected ? 'connected' : 'away'}; its log: ${agent.log().slice(-2000)}`, probe, { seconds: 60 })
  }

  test('an agent joins by a token, and its guest comes up', async () => {
    await startAgent(await createJoinToken(demo.host, demo.stateDir))
    await connected(true)
    await fleet.write('vms/solo.yaml', machineManifest({ name: 'solo', runStrategy: 'Always' }))
    await fleet.push('Add a machine')
    await fleet.status('solo', 'Running', 120)
  })

  test('the guest survives a kill of the agent, which comes back without a token', async () => {
    const pid = await fleet.qemuPid('default_solo')
    agent.child.kill('SIGKILL')
    await agent.ended
    await connected(false)
    await startAgent()
    await connected(true)
    await fleet.status('solo', 'Running', 60)
    await until('an empty plan', async () => ((await fleet.plan()).changes.length === 0 ? true : undefined), { seconds: 60 })
    assert.equal(await fleet.qemuPid('default_solo'), pid)
  })

  test('a stop that the agent was killed in is finished by its next start', async () => {
    await smallImage(demo, 'deaf')
    await fleet.write('vms/deaf.yaml', machineManifest({ name: 'deaf', runStrategy: 'Always', image: 'deaf.img', graceSeconds: 15 }))
    await fleet.push('Add a machine whose guest does not hear the power button')
    await fleet.status('deaf', 'Running', 120)
    const pid = await fleet.qemuPid('default_deaf')
    assert.equal((await demo.gitvirt('stop', 'deaf')).exitCode, 0)
    agent.child.kill('SIGKILL')
    await agent.ended
    globalThis.process.kill(pid, 0)
    await startAgent()
    await connected(true)
    await fleet.status('deaf', 'Stopped', 90)
  })

  test('without the reconciler the agent starts a killed guest again; the reconciler takes it up as it is', async () => {
    const pid = await fleet.qemuPid('default_solo')
    reconciler.kill('SIGKILL')
    await until('the reconciler to end', () => (reconciler.signalCode === null ? undefined : true))
    assert.equal(await fleet.qemuPid('default_solo'), pid)
    globalThis.process.kill(pid, 'SIGKILL')
    const probe = async (): Promise<number | undefined> => {
      const now = await fleet.qemuPid('default_solo')
      return now === pid ? undefined : now
    }
    const again = await until('another QEMU', probe, { seconds: 90 })
    await fleet.edit('vms/solo.yaml', (text) => text.replace('  name: solo\n', '  name: solo\n  labels:\n    tier: test\n'))
    await fleet.push('Label the machine while nobody reads')
    reconciler = await demo.startGitvirt()
    await connected(true)
    await fleet.wait('vm', 'solo', { what: 'the label', is: (one) => one?.metadata.labels?.['tier'] === 'test' })
    await fleet.status('solo', 'Running', 60)
    await until('an empty plan', async () => ((await fleet.plan()).changes.length === 0 ? true : undefined), { seconds: 60 })
    assert.equal(await fleet.qemuPid('default_solo'), again)
  })
})

/** A raw image that no firmware boots, so that its guest costs no time; distinct for each name. */
async function smallImage(demo: Demo, name: string): Promise<string> {
  const path = join(demo.images, `${name}.img`)
  const image = Buffer.alloc(2 ** 20)
  for (let offset = 4096; offset + name.length < image.length; offset += 4096) image.write(name, offset)
  await writeFile(path, image)
  return path
}

/** Overwrites the first part of a file in place; size and time, from which the server makes its tag, stay. */
async function spoilStart(path: string): Promise<void> {
  const file = await open(path, 'r+')
  try {
    await file.write(Buffer.alloc(2 ** 20), 0, 2 ** 20, 0)
  } finally {
    await file.close()
  }
  await utimes(path, imageTime, imageTime)
}

function bridgePolicy(name: string): string {
  return `apiVersion: nmstate.io/v1
kind: NodeNetworkConfigurationPolicy
metadata:
  name: ${name}
spec:
  desiredState:
    interfaces:
      - name: br-${name}
        type: linux-bridge
        state: up
        bridge:
          options:
            stp:
              enabled: false
          port: []
`
}
