import { readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { child } from '../../agent/drivers/libvirt/xml.ts'
import type { MeasuredMachine } from './measure.ts'

type Run = {
  /** The guest's QEMU; empty while it is off. */
  readonly process: string
  readonly log: string
  /** Bytes that its console's log had when the run before was last seen: what this run says stands behind them. */
  readonly from: number
  readonly bytes: number
}

/** Tells of running guests whether they have booted. Their logs go on over all runs, and the firmware may write into them too. */
export class BootWatch {
  readonly #folder: string
  readonly #runs = new Map<string, Run>()
  /** @param folder that has one of each guest, by its UUID. */
  constructor(folder: string) {
    this.#folder = folder
  }

  /** Takes note of which run of each guest is under way. */
  async note(machines: ReadonlyMap<string, MeasuredMachine>): Promise<void> {
    for (const [name, { process, definition }] of machines) {
      const log = join(this.#folder, child(definition, 'uuid')?.text ?? '', 'console.log')
      const bytes = await stat(log).then(
        ({ size }) => size,
        () => 0,
      )
      const last = this.#runs.get(name)
      const run = process === undefined ? '' : `${process.pid} ${process.started}`
      const isSame = last?.process === run && last.log === log
      this.#runs.set(name, { process: run, log, from: isSame ? last.from : last?.log === log ? last.bytes : 0, bytes })
    }
  }

  /** True where the guest has said in this run that it is ready. */
  async hasBooted(name: string): Promise<boolean> {
    const run = this.#runs.get(name)
    if (run === undefined) return false
    const log = await readFile(run.log)
    // A log that was cut begins anew.
    const said = log.subarray(run.from > log.byteLength ? 0 : run.from).toString()
    const boot = said.lastIndexOf('guest: hostname')
    return boot >= 0 && said.includes(': ready', boot)
  }
}
