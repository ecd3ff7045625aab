import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createMachineDriver } from '../../../../../agent/drivers/libvirt/driver.ts'
import type { DriverContext, MachineDriver, VolumeFile } from '../../../../../agent/drivers/types.ts'
import { startHost, type LabHost } from '../../../../../lab/host.ts'
import { systemClock } from '../../../../../reconciler/lib/clock.ts'
import { silentLogger } from '../../../../../reconciler/lib/log.ts'
import type { MachineSpec } from '../../../../../schemas/generated/plan.ts'
import type { VirtualMachineInstanceSpec } from '../../../../../schemas/generated/virtual-machine.ts'

/** A boot sector that writes `text` to the first serial port and halts: a guest that is up at once. */
export function bootSector(text: string): Buffer {
  const code = Buffer.from([
    0xfa, 0x31, 0xc0, 0x8e, 0xd8, 0xbe, 0x20, 0x7c, 0xba, 0xf8, 0x03, 0xac, 0x84, 0xc0, 0x74, 0x03, 0xee, 0xeb, 0xf8, 0xf4, 0xeb, 0xfd,
  ])
  const sector = Buffer.alloc(1024 * 1024)
  code.copy(sector)
  sector.write(`${text}\0`, 0x20, 'latin1')
  sector.writeUInt16LE(0xaa55, 510)
  return sector
}

export type Bench = {
  readonly host: LabHost
  readonly driver: MachineDriver
  readonly context: DriverContext
  readonly changed: string[]
  readonly files: Map<string, VolumeFile>
  /** Makes a second driver on the same state, as after a restart of the agent. */
  again(): Promise<MachineDriver>
  close(): Promise<void>
}

/** A lab host with a driver on it and the boot-sector guest's image as DataVolume/test/root. */
export async function openBench(name: string): Promise<Bench> {
  const host = await startHost({ name })
  const dir = await mkdtemp(join(tmpdir(), 'gv-lv-'))
  const changed: string[] = []
  const files = new Map<string, VolumeFile>()
  const path = join(dir, 'root.raw')
  await writeFile(path, bootSector('hello from the boot sector\r\n'))
  files.set('DataVolume/test/root', { path, format: 'raw', virtualBytes: 1024 * 1024 })
  const context: DriverContext = {
    node: name,
    stateDir: join(dir, 'state'),
    runDir: join(dir, 'run'),
    libvirtUri: host.uri,
    clock: systemClock,
    log: silentLogger,
    changed: (key) => changed.push(key),
  }
  const volumes = { file: async (key: string) => files.get(key) }
  const drivers: MachineDriver[] = []
  const again = async (): Promise<MachineDriver> => {
    const driver = createMachineDriver(context, volumes)
    drivers.push(driver)
    await driver.prepare()
    return driver
  }
  const close = async (): Promise<void> => {
    for (const driver of drivers) await driver.close()
    await host.close()
    await rm(dir, { recursive: true, force: true })
  }
  try {
    return { host, driver: await again(), context, changed, files, again, close }
  } catch (error) {
    await close()
    throw error
  }
}

export const noData = { secrets: {}, configMaps: {} }

/** A machine with the root disk, cloud-init, one masquerade NIC, and whatever the test adds. */
export function machineOf(name: string, change: (spec: VirtualMachineInstanceSpec) => void = () => undefined): MachineSpec {
  const spec: VirtualMachineInstanceSpec = {
    terminationGracePeriodSeconds: 0,
    domain: {
      memory: { guest: '64Mi' },
      devices: {
        disks: [
          { name: 'root', disk: { bus: 'virtio' } },
          { name: 'seed', disk: { bus: 'virtio' } },
        ],
        interfaces: [{ name: 'default', masquerade: {} }],
      },
    },
    networks: [{ name: 'default', pod: {} }],
    volumes: [
      { name: 'root', dataVolume: { name: 'root' } },
      { name: 'seed', cloudInitNoCloud: { userData: '#cloud-config\nhostname: x\n' } },
    ],
  }
  change(spec)
  return {
    key: `VirtualMachine/test/${name}`,
    namespace: 'test',
    name,
    uid: `00000000-0000-4000-8000-${Buffer.from(name).toString('hex').padEnd(12, '0').slice(0, 12)}`,
    labels: {},
    annotations: {},
    runStrategy: 'Always',
    template: { spec },
    inputs: {},
    origin: { path: `${name}.yaml`, line: 1, column: 1 },
  }
}

/** Calls until the answer satisfies; the last answer is the error's text when time is up. */
export async function until<T>(ask: () => Promise<T>, good: (answer: T) => boolean, seconds = 15): Promise<T> {
  const end = performance.now() + seconds * 1000
  for (;;) {
    const answer = await ask()
    if (good(answer)) return answer
    if (performance.now() > end) throw new Error(`Not so after ${seconds} s: ${JSON.stringify(answer)}`)
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
}
