import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { InputData, MachineDriver, MachineFacts } from '../../agent/drivers/types.ts'
import type { MachineSpec } from '../../schemas/generated/plan.ts'

export type MachineContract = {
  /** A driver that is prepared, on a host without machines of ours, and how to end it. */
  readonly create: () => Promise<{ readonly driver: MachineDriver; close(): Promise<void> }>
  /** A machine that runs on this host. */
  readonly machine: () => MachineSpec
}

const none: InputData = { secrets: {}, configMaps: {} }

/** What agent and guard rely on in any machine driver. */
export function machineDriverContract(name: string, { create, machine }: MachineContract): void {
  const withDriver = async (work: (driver: MachineDriver, spec: MachineSpec) => Promise<void>): Promise<void> => {
    const host = await create()
    try {
      await work(host.driver, machine())
    } finally {
      await host.close()
    }
  }
  const look = async (driver: MachineDriver, spec: MachineSpec): Promise<MachineFacts | undefined> => (await driver.observe([spec.key]))[0]

  describe(`${name} as a machine driver`, () => {
    it('observes nothing where nothing was defined', () =>
      withDriver(async (driver, spec) => {
        assert.deepEqual(await driver.observe([spec.key]), [])
        assert.deepEqual(await driver.observe(), [])
      }))

    it('defines without starting, also twice', () =>
      withDriver(async (driver, spec) => {
        await driver.define(spec, none)
        await driver.define(spec, none)
        const facts = await look(driver, spec)
        assert.equal(facts?.state, 'off')
        assert.deepEqual(facts.applied, spec)
        assert.equal(facts.booted, undefined)
        assert.deepEqual(facts.drift, [])
      }))

    it('starts and stops, also twice, and knows what was booted', () =>
      withDriver(async (driver, spec) => {
        await driver.define(spec, none)
        await driver.start(spec.key)
        await driver.start(spec.key)
        const running = await look(driver, spec)
        assert.equal(running?.state, 'running')
        assert.deepEqual(running.booted, spec)
        await driver.stop(spec.key, 0)
        await driver.stop(spec.key, 0)
        assert.equal((await look(driver, spec))?.state, 'off')
      }))

    it('leaves a running guest as it is when the definition changes', () =>
      withDriver(async (driver, spec) => {
        await driver.define(spec, none)
        await driver.start(spec.key)
        const next = { ...spec, labels: { ...spec.labels, tier: 'front' } }
        await driver.define(next, none)
        const facts = await look(driver, spec)
        assert.equal(facts?.state, 'running')
        assert.deepEqual(facts.applied, next)
        await driver.stop(spec.key, 0)
      }))

    it('pauses and goes on', () =>
      withDriver(async (driver, spec) => {
        await driver.define(spec, none)
        await driver.start(spec.key)
        await driver.pause(spec.key)
        assert.equal((await look(driver, spec))?.state, 'paused')
        await driver.unpause(spec.key)
        assert.equal((await look(driver, spec))?.state, 'running')
        await driver.stop(spec.key, 0)
      }))

    it('undefines, also twice, and the machine is gone', () =>
      withDriver(async (driver, spec) => {
        await driver.define(spec, none)
        await driver.undefine(spec.key)
        await driver.undefine(spec.key)
        assert.equal(await look(driver, spec), undefined)
      }))

    it('fails to start what is not there', () =>
      withDriver(async (driver, spec) => {
        await assert.rejects(driver.start(spec.key))
      }))
  })
}
