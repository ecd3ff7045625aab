import { mkdir, rm, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { GitvirtError } from '../../../reconciler/lib/errors.ts'
import { createTurns } from '../../../reconciler/lib/turns.ts'
import type { DriverContext, MachineDriver, VolumeDriver } from '../types.ts'
import { trimConsoleLogs } from './apply/console-log.ts'
import { createConsoles, openSocket } from './apply/console.ts'
import { defineMachine } from './apply/define.ts'
import { guestInfo } from './apply/guest-info.ts'
import { hotplugMachine } from './apply/hotplug.ts'
import { findDomain, signalMachine, startMachine, stopMachine } from './apply/power.ts'
import { undefineMachine } from './apply/undefine.ts'
import { letQemuPass } from './files.ts'
import { watchDomains, type DomainEvents } from './events.ts'
import { nodeFacts, probeHost, type HostFacts } from './host.ts'
import { createAddressWatch } from './observe/address-watch.ts'
import { createGuestAgents } from './observe/guest-agents.ts'
import { observeMachines } from './observe/machines.ts'
import { createRecords } from './records.ts'
import { pathsOf, recordOf, type Session } from './session.ts'
import { createVirsh } from './virsh.ts'

/** Milliseconds between looks at the size of console logs. */
const logInterval = 15_000

/** Folders of an interrupted change, by the prefixes of their names. */
const leftovers = ['define-', 'device-', 'network-']

/** The libvirt driver of one host. `prepare` comes before all other calls. */
export function createMachineDriver(context: DriverContext, volumes: Pick<VolumeDriver, 'file'>): MachineDriver {
  const virsh = createVirsh(context.libvirtUri)
  const records = createRecords(context.stateDir, context.log)
  const agents = createGuestAgents(context, virsh)
  const consoles = createConsoles()
  const addresses = createAddressWatch(context.changed)
  let host: HostFacts | undefined
  let events: DomainEvents | undefined
  let timer: NodeJS.Timeout | undefined
  const session: Session = {
    context,
    volumes,
    virsh,
    records,
    exclusive: createTurns(),
    host: () => host ?? unprepared(),
    events: () => events ?? unprepared(),
  }
  const changedAll = (): void => records.all().forEach((record) => context.changed(record.machine.key))

  return {
    async prepare() {
      await mkdir(context.stateDir, { recursive: true, mode: 0o700 })
      await mkdir(context.runDir, { recursive: true, mode: 0o700 })
      await removeLeftovers(context.stateDir)
      await records.load()
      host = await probeHost(virsh)
      await letQemuPass([context.stateDir, context.runDir], host.qemuUser)
      events = watchDomains({ uri: context.libvirtUri, log: context.log, resync: changedAll })
      events.listen((event) => {
        const record = records.byName(event.domain)
        if (record !== undefined) context.changed(record.machine.key)
      })
      timer = setInterval(() => void trimConsoleLogs(session), logInterval)
      timer.unref()
    },
    facts: async () => nodeFacts(session.host()),
    async observe(keys) {
      const facts = await observeMachines(session, agents, keys)
      addresses.note(facts)
      return facts
    },
    define: async (machine, data) => await session.exclusive(machine.key, async () => await defineMachine(session, machine, data)),
    hotplug: async (machine) => await session.exclusive(machine.key, async () => await hotplugMachine(session, machine)),
    start: async (key, options) => await session.exclusive(key, async () => await startMachine(session, key, options?.paused)),
    stop: async (key, grace) => await session.exclusive(key, async () => await stopMachine(session, key, grace)),
    restart: async (key, grace) =>
      await session.exclusive(key, async () => {
        // A guest that could not be started again is not stopped.
        recordOf(session, key)
        await stopMachine(session, key, grace)
        await startMachine(session, key)
      }),
    pause: async (key) => await session.exclusive(key, async () => await signalMachine(session, key, 'pause')),
    unpause: async (key) => await session.exclusive(key, async () => await signalMachine(session, key, 'unpause')),
    reset: async (key) => await session.exclusive(key, async () => await signalMachine(session, key, 'reset')),
    softReboot: async (key) => await session.exclusive(key, async () => await signalMachine(session, key, 'soft-reboot')),
    guestInfo: async (key) => await guestInfo(session, key),
    undefine: async (key) => await session.exclusive(key, async () => await undefineMachine(session, key)),
    async openConsole(key) {
      const { record } = await findDomain(session, key)
      return await consoles(key, pathsOf(session, record.machine.uid).console)
    },
    openVnc: async (key) => await openSocket(pathsOf(session, recordOf(session, key).machine.uid).vnc, key),
    async close() {
      clearInterval(timer)
      addresses.close()
      await events?.close()
      await agents.close()
      await virsh.close()
    },
  }
}

function unprepared(): never {
  throw new GitvirtError({ code: 'NotPrepared', message: 'The libvirt driver is used before prepare().' })
}

async function removeLeftovers(stateDir: string): Promise<void> {
  for (const name of await readdir(stateDir)) {
    if (leftovers.some((prefix) => name.startsWith(prefix))) await rm(join(stateDir, name), { recursive: true, force: true })
  }
}
