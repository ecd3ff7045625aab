import { after, before } from 'node:test'
import { machineDriverContract } from '../../../../contract/machine-driver.ts'
import { machineOf, openBench, type Bench } from './guest.ts'

/** One libvirtd serves all: what a test leaves is taken away after it. */
let bench: Bench
before(async () => {
  bench = await openBench('lvc')
})
after(async () => await bench?.close())

const machine = machineOf('contract')

machineDriverContract('libvirt', {
  create: async () => {
    const close = async (): Promise<void> => {
      const left = await bench.driver.observe()
      for (const { key } of left) {
        await bench.driver.stop(key, 0)
        await bench.driver.undefine(key)
      }
    }
    return { driver: bench.driver, close }
  },
  machine: () => machine,
})
