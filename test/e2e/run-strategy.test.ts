import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import { startDemo, type Demo } from '../../lab/demo.ts'
import { conditionOf, fleetClient, type FleetClient, type GuestConsole } from '../../lab/fleet-client.ts'
import { machineManifest } from '../../lab/machine-manifest.ts'
import { until } from '../../lab/wait.ts'

const strategies = { always: 'Always', rerun: 'RerunOnFailure', once: 'Once', manual: 'Manual', halted: 'Halted' } as const
type Name = keyof typeof strategies
const names = Object.keys(strategies) as Name[]
const runsAtFirst: readonly Name[] = ['always', 'rerun', 'once']

suite('machines of every run strategy on one host', () => {
  let demo: Demo
  let fleet: FleetClient
  const consoles = new Map<Name, GuestConsole>()

  before(async () => {
    demo = await startDemo({ name: 'power' })
    fleet = fleetClient(demo)
    for (const path of ['vms/demo.yaml', 'networks/br1.yaml']) await fleet.remove(path)
    await demo.startGitvirt()
  })
  after(async () => {
    for (const guest of consoles.values()) guest.close()
    await demo?.close()
  })

  const consoleOf = (name: Name): GuestConsole => {
    const known = consoles.get(name) ?? fleet.console(name)
    consoles.set(name, known)
    return known
  }
  const pidOf = async (name: Name): Promise<number> => await fleet.qemuPid(`default_${name}`)
  const ask = async (verb: string, name: Name): Promise<void> => {
    const answer = await demo.gitvirt(verb, name)
    assert.equal(answer.exitCode, 0, answer.stderr)
  }
  const refused = async (verb: string, name: Name, words: RegExp): Promise<void> => {
    const answer = await demo.gitvirt(verb, name)
    assert.equal(answer.exitCode, 1, `${verb} ${name} is refused; printed: ${answer.stdout}`)
    assert.match(answer.stderr, words)
  }
  const kill = async (name: Name): Promise<number> => {
    const pid = await pidOf(name)
    process.kill(pid, 'SIGKILL')
    return pid
  }
  /** The guest ends by its own doing, as on a power-off in it. */
  const powerOff = async (name: Name): Promise<number> => {
    const pid = await pidOf(name)
    assert.equal(await consoleOf(name).command('{ sleep 1; poweroff -f; } >/dev/null 2>&1 & echo off'), 'off')
    await until(`${name}'s QEMU to end`, () => (isAlive(pid) ? undefined : true), { seconds: 90 })
    return pid
  }
  const runsAgain = async (name: Name, before: number): Promise<void> => {
    const probe = async (): Promise<true | undefined> => {
      const now = await pidOf(name)
      return now !== before && isAlive(now) ? true : undefined
    }
    await until(`another QEMU of ${name}`, probe, { seconds: 120 })
    await fleet.status(name, 'Running', 60)
  }
  /** Stopped, also after the guard looked again: a request of the same machine is answered only after it. */
  const staysStopped = async (name: Name): Promise<void> => {
    await fleet.status(name, 'Stopped', 90)
    await demo.gitvirt('reconcile')
    await refused('pause', name, /does not run|NotFound|not found/)
    assert.equal((await fleet.object('vm', name))?.status?.printableStatus, 'Stopped')
    assert.doesNotMatch(await demo.host.virsh('list', '--name'), new RegExp(`^default_${name}$`, 'm'))
  }

  test('one push starts Always, RerunOnFailure and Once, and defines Manual and Halted', async () => {
    for (const name of names) {
      // Most are stopped while they still boot, when no guest hears the power button.
      const graceSeconds = name === 'always' ? 30 : 5
      await fleet.write(`vms/${name}.yaml`, machineManifest({ name, runStrategy: strategies[name], graceSeconds }))
    }
    await fleet.push('Add a machine of every run strategy')
    for (const name of runsAtFirst) await fleet.status(name, 'Running', 180)
    for (const name of ['manual', 'halted'] as const) await staysStopped(name)
    await until('an empty plan', async () => ((await fleet.plan()).changes.length === 0 ? true : undefined), { seconds: 60 })
  })

  const conflicts: readonly (readonly [string, Name, RegExp])[] = [
    ['start', 'always', /runStrategy Always starts the machine by itself/],
    ['start', 'rerun', /runs already/],
    ['start', 'once', /runStrategy Once allows one run/],
    ['restart', 'once', /runStrategy Once has no restart/],
    ['stop', 'manual', /does not run/],
    ['restart', 'manual', /does not run/],
    ['stop', 'halted', /runStrategy Halted/],
    ['restart', 'halted', /runStrategy Halted has no restart/],
  ]
  test('what upstream answers with 409 is refused with the reason', async () => {
    for (const [verb, name, words] of conflicts) {
      await refused(verb, name, new RegExp(`Error from server \\(Conflict\\): .*${words.source}`))
    }
  })

  test('a killed QEMU comes back for Always and RerunOnFailure, and not for Once', async () => {
    const always = await kill('always')
    const rerun = await kill('rerun')
    await kill('once')
    await runsAgain('always', always)
    await runsAgain('rerun', rerun)
    await staysStopped('once')
    await refused('start', 'once', /runStrategy Once allows one run/)
  })

  test('a guest that powers itself off is started again by Always only', async () => {
    for (const name of ['always', 'rerun'] as const) consoleOf(name)
    const always = await powerOff('always')
    await runsAgain('always', always)
    await powerOff('rerun')
    await staysStopped('rerun')
    await ask('start', 'rerun')
    await fleet.status('rerun', 'Running', 60)
  })

  test('Manual runs when it is asked to, and not after its end', async () => {
    await ask('start', 'manual')
    await fleet.status('manual', 'Running', 60)
    await refused('start', 'manual', /runs already/)
    await kill('manual')
    await staysStopped('manual')
  })

  test('Halted that was started by hand is kept running as Always, until it is stopped', async () => {
    await ask('start', 'halted')
    await fleet.status('halted', 'Running', 60)
    await runsAgain('halted', await kill('halted'))
    const started = conditionOf(await fleet.object('vm', 'halted'), 'PowerRequested')
    assert.equal(started?.reason, 'Start')
    await ask('stop', 'halted')
    await staysStopped('halted')
    assert.equal(conditionOf(await fleet.object('vm', 'halted'), 'PowerRequested'), undefined)
  })

  test('a paused machine shows Paused, and runs on after unpause with the same QEMU', async () => {
    const pid = await pidOf('rerun')
    await ask('pause', 'rerun')
    const paused = await fleet.status('rerun', 'Paused', 30)
    assert.equal(conditionOf(paused, 'Paused')?.status, 'True')
    await ask('unpause', 'rerun')
    const running = await fleet.status('rerun', 'Running', 30)
    assert.notEqual(conditionOf(running, 'Paused')?.status, 'True')
    assert.equal(await pidOf('rerun'), pid)
  })

  test('restart brings another QEMU', async () => {
    const pid = await pidOf('rerun')
    await ask('restart', 'rerun')
    await runsAgain('rerun', pid)
  })

  test('a stop of Always stands and is shown, and start lifts it', async () => {
    await ask('stop', 'always')
    await staysStopped('always')
    const stopped = conditionOf(await fleet.object('vm', 'always'), 'PowerRequested')
    assert.equal(stopped?.reason, 'Stop')
    assert.match(stopped?.message ?? '', /owner.*stays off/)
    assert.match((await demo.gitvirt('describe', 'vm', 'always')).stdout, /PowerRequested/)
    await ask('start', 'always')
    const running = await fleet.status('always', 'Running', 60)
    assert.equal(conditionOf(running, 'PowerRequested'), undefined)
  })

  test('Halted in Git asks the guest to shut down, and Always in Git starts it again', async () => {
    const guest = consoleOf('always')
    await guest.expect(/always: ready/, 120)
    await fleet.edit('vms/always.yaml', (text) => text.replace('runStrategy: Always', 'runStrategy: Halted'))
    await fleet.push('Halt a machine')
    await guest.expect(/guest: power button/, 60)
    await staysStopped('always')
    await fleet.edit('vms/always.yaml', (text) => text.replace('runStrategy: Halted', 'runStrategy: Always'))
    await fleet.push('Start it again')
    await fleet.status('always', 'Running', 60)
    await until('an empty plan', async () => ((await fleet.plan()).changes.length === 0 ? true : undefined), { seconds: 60 })
  })
})

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}
