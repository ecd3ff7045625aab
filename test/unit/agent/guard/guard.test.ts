import assert from 'node:assert/strict'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, it } from 'node:test'
import * as fc from 'fast-check'
import { backoff } from '../../../../agent/guard/backoff.ts'
import { machineDigest } from '../../../../agent/guard/digest.ts'
import { createGuard, type Guard } from '../../../../agent/guard/guard.ts'
import type { MachineDriver, MachineFacts } from '../../../../agent/drivers/types.ts'
import { silentLogger } from '../../../../reconciler/lib/log.ts'
import type { MachineSpec } from '../../../../schemas/generated/plan.ts'
import type { Command } from '../../../../schemas/generated/session.ts'

const key = 'VirtualMachine/test/a'
const uid = '11111111-1111-5111-8111-111111111111'

function specOf(runStrategy: MachineSpec['runStrategy']): MachineSpec {
  return {
    key,
    namespace: 'test',
    name: 'a',
    uid,
    labels: {},
    annotations: {},
    runStrategy,
    template: { spec: { domain: { devices: {} } } },
    inputs: {},
    origin: { path: 'a.yaml', line: 1, column: 1 },
  }
}

/** One machine whose guest does what the test says, and a clock that stands still. */
function createWorld(stateDir: string, runStrategy: MachineSpec['runStrategy']) {
  const calls: string[] = []
  let runs = 0
  const timers: { at: number; callback: () => void }[] = []
  const world = {
    time: Date.parse('2026-01-01T00:00:00Z'),
    calls,
    failStart: false,
    /** A stop takes until this resolves. */
    stopping: undefined as Promise<undefined> | undefined,
    /** A restart's stop takes until this resolves. */
    restarting: undefined as Promise<undefined> | undefined,
    facts: {
      kind: 'VirtualMachine',
      key,
      uid,
      state: 'off',
      stateReason: 'unknown',
      applied: specOf(runStrategy),
      drift: [],
      interfaces: [],
      volumes: [],
    } as MachineFacts,
    /** Another run begins. */
    begin() {
      runs += 1
      world.facts = { ...world.facts, startedAt: new Date(Date.parse('2025-01-01T00:00:00Z') + runs).toISOString() }
    },
    set(state: MachineFacts['state'], stateReason = '') {
      world.facts = { ...world.facts, state, stateReason }
    },
    strategy(next: MachineSpec['runStrategy']) {
      world.facts = { ...world.facts, applied: specOf(next) }
    },
    /** Lets time pass and runs what is due. */
    async pass(seconds: number, guard: Guard) {
      world.time += seconds * 1000
      for (const timer of timers.splice(0)) {
        if (timer.at <= world.time) timer.callback()
        else timers.push(timer)
      }
      await guard.settled()
    },
  }
  const act = (verb: string, state?: MachineFacts['state'], reason?: string) => async (): Promise<void> => {
    calls.push(verb)
    if (state !== undefined) world.set(state, reason)
  }
  const machines = {
    observe: async () => [world.facts],
    start: async (_: string, options: { paused?: boolean } = {}) => {
      calls.push(options.paused === true ? 'start paused' : 'start')
      if (world.failStart) throw new Error('no memory')
      world.set('running', 'booted')
      world.begin()
    },
    stop: async () => {
      calls.push('stop')
      await world.stopping
      world.set('off', 'shutdown')
    },
    restart: async () => {
      calls.push('restart')
      await world.restarting
      world.set('running', 'booted')
      world.begin()
    },
    pause: act('pause', 'paused', 'user'),
    unpause: act('unpause', 'running'),
    reset: act('reset'),
    softReboot: act('soft-reboot'),
    guestInfo: async () => ({ hostname: 'a' }),
  } as unknown as MachineDriver
  const clock = { now: () => new Date(world.time), monotonic: () => world.time }
  const context = { stateDir, clock, log: silentLogger, changed: () => undefined }
  const later = (milliseconds: number, callback: () => void): (() => void) => {
    const timer = { at: world.time + milliseconds, callback }
    timers.push(timer)
    return () => void (timers.includes(timer) && timers.splice(timers.indexOf(timer), 1))
  }
  const make = (): Guard => createGuard({ context, machines, later, random: () => 0 })
  return { world, make }
}

const request = (verb: Command['verb'], more: Partial<Command> = {}): Command => ({ type: 'command', id: '1', verb, key, ...more })

describe('guard', () => {
  let stateDir: string
  let guard: Guard
  let world: ReturnType<typeof createWorld>['world']
  let make: () => Guard
  beforeEach(async () => {
    stateDir = await mkdtemp(join(tmpdir(), 'gv-guard-'))
  })
  afterEach(async () => {
    await guard?.close()
    await rm(stateDir, { recursive: true, force: true })
  })
  const open = async (strategy: MachineSpec['runStrategy']): Promise<void> => {
    ;({ world, make } = createWorld(stateDir, strategy))
    guard = make()
    await guard.prepare()
    await guard.settled()
  }
  const exit = async (state: MachineFacts['state'], reason: string): Promise<void> => {
    world.time += 5000
    world.calls.length = 0
    world.set(state, reason)
    guard.changed(key)
    await guard.settled()
  }

  const table = [
    { strategy: 'Always', first: ['start'], shutdown: ['start'], crash: ['start'] },
    { strategy: 'RerunOnFailure', first: ['start'], shutdown: [], crash: ['start'] },
    { strategy: 'Once', first: ['start'], shutdown: [], crash: [] },
    { strategy: 'Manual', first: [], shutdown: [], crash: [] },
    { strategy: 'Halted', first: [], shutdown: [], crash: [] },
  ] as const
  for (const row of table) {
    const lease = (id: string, seconds: number, by = 'operator'): Command => request('lease', { by, lease: { id, seconds } })

    it('lets a stop by hand stand while the machine is leased, over a restart of the agent, and starts it when the lease is over', async () => {
      await open('Always')
      await guard.command(lease('l1', 3600))
      assert.deepEqual(guard.view(key).lease, { id: 'l1', by: 'operator', until: '2026-01-01T01:00:00.000Z' })
      world.calls.length = 0
      await exit('off', 'destroyed')
      await world.pass(1800, guard)
      await guard.close()
      // libvirt's daemon was restarted as well and no longer knows why.
      world.set('off', 'unknown')
      guard = make()
      await guard.prepare()
      await guard.settled()
      await world.pass(1790, guard)
      assert.deepEqual(world.calls, [])
      for (let minute = 0; minute < 6; minute += 1) await world.pass(60, guard)
      assert.deepEqual(world.calls, ['start'])
      assert.equal(guard.view(key).lease, undefined)
    })

    it('starts a leased machine that crashed or was lost with its host: nobody stopped it', async () => {
      await open('Always')
      await guard.command(lease('l1', 3600))
      for (const [state, reason] of [
        ['crashed', 'crashed'],
        ['off', 'unknown'],
      ] as const) {
        world.calls.length = 0
        await exit(state, reason)
        assert.deepEqual(world.calls, ['start'])
      }
    })

    it('lets a start by hand stand against a standing stop, and stops it when the lease is ended', async () => {
      await open('Always')
      await guard.command(request('stop'))
      await guard.command(lease('l1', 3600))
      world.calls.length = 0
      world.set('running', 'booted')
      world.begin()
      guard.changed(key)
      await guard.settled()
      assert.deepEqual(world.calls, [])
      await guard.command(request('end-lease', { lease: { id: 'l1' } }))
      guard.changed(key)
      await guard.settled()
      assert.deepEqual(world.calls, ['stop'])
    })

    it('ends a lease that a clock which was set back would make longer', async () => {
      await open('Always')
      await guard.command(lease('l1', 3600))
      world.time -= 3_600_000
      assert.equal(guard.view(key).lease, undefined)
    })

    it('keeps one lease of a machine: the same again changes nothing, another one is refused, and only its own end ends it', async () => {
      await open('Always')
      await guard.command(lease('l1', 3600))
      await guard.command(lease('l1', 7200))
      assert.equal(guard.view(key).lease?.until, '2026-01-01T01:00:00.000Z')
      await assert.rejects(guard.command(lease('l2', 60, 'other')), /operator has a lease on this machine/)
      await guard.command(request('end-lease', { lease: { id: 'l2' } }))
      assert.equal(guard.view(key).lease?.id, 'l1')
    })

    it('keeps a lease when Git changes the run strategy', async () => {
      await open('Always')
      await guard.command(lease('l1', 3600))
      world.strategy('RerunOnFailure')
      guard.changed(key)
      await guard.settled()
      assert.equal(guard.view(key).lease?.id, 'l1')
    })

    it(`${row.strategy}: at first [${row.first.join()}], after a shutdown [${row.shutdown.join()}], after a crash [${row.crash.join()}]`, async () => {
      await open(row.strategy)
      assert.deepEqual(world.calls, row.first)
      world.set('running', 'booted')
      guard.changed(key)
      await guard.settled()
      await exit('off', 'shutdown')
      assert.deepEqual(world.calls, row.shutdown)
      world.set('running', 'booted')
      guard.changed(key)
      await guard.settled()
      await exit('crashed', 'crashed')
      assert.deepEqual(world.calls, row.crash)
    })
  }

  it('tells a clean shutdown from a kill', async () => {
    await open('RerunOnFailure')
    await exit('off', 'shutdown')
    assert.equal(guard.view(key).runs?.lastOutcome, 'succeeded')
    await guard.command(request('start'))
    await exit('off', 'destroyed')
    assert.equal(guard.view(key).runs?.lastOutcome, 'failed')
    assert.deepEqual(world.calls, ['start'])
  })

  it('waits 10, 40, 90 s after starts that fail, and not at all after one that worked', async () => {
    ;({ world, make } = createWorld(stateDir, 'Always'))
    world.failStart = true
    guard = make()
    await guard.prepare()
    await guard.settled()
    for (const [failures, seconds] of [
      [1, 10],
      [2, 40],
      [3, 90],
    ] as const) {
      assert.equal(guard.view(key).runs?.failures, failures)
      await world.pass(seconds - 1, guard)
      assert.equal(guard.view(key).runs?.failures, failures)
      await world.pass(1, guard)
      assert.equal(guard.view(key).runs?.failures, failures + 1)
    }
    world.failStart = false
    await world.pass(300, guard)
    assert.deepEqual(guard.view(key).runs, { failures: 0, lastOutcome: 'failed' })
  })

  it('keeps a stop of Always until start, across a restart of the agent', async () => {
    await open('Always')
    await guard.command(request('stop', { by: 'operator' }))
    assert.deepEqual(guard.view(key).power, { request: 'stop', at: '2026-01-01T00:00:00.000Z', by: 'operator' })
    await guard.close()
    world.calls.length = 0
    guard = make()
    await guard.prepare()
    await guard.settled()
    assert.deepEqual(world.calls, [])
    assert.equal(guard.view(key).power?.request, 'stop')
    await guard.command(request('start'))
    assert.deepEqual(world.calls, ['start'])
    assert.equal(guard.view(key).power, undefined)
  })

  it('answers a stop before the guest has used its grace period, and a start waits for its end', async () => {
    await open('Always')
    const ended = Promise.withResolvers<undefined>()
    world.stopping = ended.promise
    await guard.command(request('stop'))
    assert.equal(guard.view(key).power?.request, 'stop')
    assert.equal(world.facts.state, 'running')
    const started = guard.command(request('start'))
    ended.resolve(undefined)
    await started
    assert.deepEqual(world.calls, ['start', 'stop', 'start'])
  })

  it('finishes a stop that a killed agent began', async () => {
    await open('Always')
    const killed = Promise.withResolvers<undefined>()
    world.stopping = killed.promise
    await guard.command(request('stop'))
    world.stopping = undefined
    const next = make()
    await next.prepare()
    await next.settled()
    assert.equal(world.facts.state, 'off')
    assert.deepEqual(world.calls, ['start', 'stop', 'stop'])
    await next.close()
    killed.resolve(undefined)
  })

  for (const strategy of ['RerunOnFailure', 'Manual'] as const) {
    /** An agent that ended in the middle of a restart, by a person or by a plan. */
    const interrupted = async (by: 'person' | 'plan', meanwhile: () => void): Promise<void> => {
      await open(strategy)
      if (strategy === 'Manual') await guard.command(request('start'))
      const killed = Promise.withResolvers<undefined>()
      world.restarting = killed.promise
      if (by === 'person') await guard.command(request('restart'))
      else {
        guard.hold(key)
        await guard.restarting(key)
      }
      world.calls.length = 0
      world.time += 5000
      meanwhile()
      const next = make()
      await next.prepare()
      await next.settled()
      // The stop that was finished is told by an event, and the start follows it.
      world.time += 5000
      next.changed(key)
      await next.settled()
      await next.close()
      killed.resolve(undefined)
      await guard.settled()
    }
    for (const by of ['person', 'plan'] as const) {
      const seen = (): string[] => world.calls.filter((call) => call !== 'restart')
      it(`${strategy}: starts the guest that a killed agent stopped for the restart of a ${by}`, async () => {
        await interrupted(by, () => world.set('off', 'shutdown'))
        assert.deepEqual(seen(), ['start'])
      })

      it(`${strategy}: ends the run that a killed agent was to end for the restart of a ${by}, and starts the next`, async () => {
        await interrupted(by, () => undefined)
        assert.deepEqual(seen(), ['stop', 'start'])
      })

      it(`${strategy}: leaves a run that began after the restart of a ${by}, and its end too`, async () => {
        await interrupted(by, () => world.begin())
        assert.deepEqual(seen(), [])
        guard = make()
        await guard.prepare()
        await exit('off', 'shutdown')
        assert.deepEqual(seen(), [])
      })
    }
  }

  it('owes a restart that is done nothing', async () => {
    await open('Manual')
    await guard.command(request('start'))
    await guard.command(request('restart'))
    await guard.settled()
    await exit('off', 'shutdown')
    assert.deepEqual(world.calls, [])
  })

  it('drops a standing request when runStrategy changes in Git', async () => {
    await open('Always')
    await guard.command(request('stop'))
    world.strategy('RerunOnFailure')
    await exit('off', 'shutdown')
    assert.equal(guard.view(key).power, undefined)
    assert.deepEqual(world.calls, ['start'])
  })

  it('keeps a start of Halted until stop', async () => {
    await open('Halted')
    await guard.command(request('start'))
    await exit('off', 'shutdown')
    assert.deepEqual(world.calls, ['start'])
    await guard.command(request('stop'))
    assert.equal(guard.view(key).power, undefined)
    await exit('off', 'shutdown')
    assert.deepEqual(world.calls, [])
  })

  const conflicts = [
    ['Always', 'start'],
    ['Once', 'start'],
    ['Once', 'restart'],
    ['Halted', 'stop'],
    ['Halted', 'restart'],
    ['Manual', 'stop'],
    ['Manual', 'restart'],
    ['Manual', 'pause'],
    ['Manual', 'soft-reboot'],
  ] as const
  for (const [strategy, verb] of conflicts) {
    it(`${strategy}: refuses ${verb} with Conflict`, async () => {
      await open(strategy)
      await assert.rejects(guard.command(request(verb)), { code: 'Conflict', object: key })
    })
  }

  it('passes pause, unpause, reset, restart and a paused start on', async () => {
    await open('Manual')
    await guard.command(request('start', { paused: true }))
    for (const verb of ['pause', 'unpause', 'reset', 'soft-reboot', 'restart'] as const) await guard.command(request(verb))
    assert.deepEqual(world.calls, ['start paused', 'pause', 'unpause', 'reset', 'soft-reboot', 'restart'])
    assert.deepEqual(await guard.command(request('guestosinfo')), { hostname: 'a' })
  })

  it('keeps its hands off while a plan holds the machine, and looks again afterwards', async () => {
    await open('Always')
    const release = guard.hold(key)
    const second = guard.hold(key)
    await exit('off', 'shutdown')
    release()
    release()
    await guard.settled()
    assert.deepEqual(world.calls, [])
    second()
    await guard.settled()
    assert.deepEqual(world.calls, ['start'])
  })

  it('does not start what somebody else has put in the place of ours', async () => {
    await open('Manual')
    world.strategy('Always')
    world.facts = { ...world.facts, problem: { reason: 'NameConflict', message: '', at: '', fatal: true } }
    await exit('off', 'shutdown')
    assert.deepEqual(world.calls, [])
  })

  it('forgets a machine that is gone', async () => {
    await open('Always')
    assert.deepEqual(await readdir(join(stateDir, 'guard')), [`${uid}.json`])
    world.facts = { ...world.facts, key: 'VirtualMachine/test/other' }
    guard.changed(key)
    await guard.settled()
    assert.deepEqual(await readdir(join(stateDir, 'guard')), [])
  })
})

describe('backoff', () => {
  it('never falls as failures rise, and stays at or below 300 s', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 1000 }), fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), (failures, random) => {
        assert.ok(backoff(failures, random) <= 300_000)
        assert.ok(backoff(failures, random) <= backoff(failures + 1, random))
      }),
    )
  })
})

describe('machineDigest', () => {
  const facts: MachineFacts = {
    kind: 'VirtualMachine',
    key,
    uid,
    state: 'running',
    drift: [],
    interfaces: [],
    volumes: [],
  }
  it('changes with state, applied and drift, not with addresses', () => {
    const digest = machineDigest(facts)
    assert.equal(machineDigest({ ...facts, interfaces: [{ name: 'a', mac: 'b', ips: ['10.0.0.1'] }], agentConnected: true }), digest)
    assert.equal(machineDigest({ ...facts, state: 'starting' }), digest)
    assert.notEqual(machineDigest({ ...facts, state: 'off' }), digest)
    assert.notEqual(machineDigest({ ...facts, applied: specOf('Always') }), digest)
    assert.notEqual(machineDigest({ ...facts, drift: [{ path: 'x' }] }), digest)
  })
})
