import type { MachineSpec } from '../../../../schemas/generated/plan.ts'
import type { DriverContext } from '../../types.ts'
import type { Virsh } from '../virsh.ts'
import { parseAgentAddresses, type AgentInterface } from './addresses.ts'

export type GuestFacts = { readonly interfaces: readonly AgentInterface[]; readonly os: Readonly<Record<string, string>> | undefined }

/** What guest agents say, asked in the background so that a hung guest delays no observation. */
export type GuestAgents = {
  /** The last answer; asks again when it is old, and reports the machine as changed when the answer differs. */
  get(machine: MachineSpec): GuestFacts | undefined
  close(): Promise<void>
}

/** Milliseconds that an answer counts, and that a guest may take. */
const fresh = 30_000
const patience = 5000
const mostBytes = 256 * 1024

export function createGuestAgents(context: DriverContext, virsh: Virsh): GuestAgents {
  const answers = new Map<string, { readonly at: number; readonly facts: GuestFacts | undefined }>()
  const asking = new Map<string, Promise<void>>()
  const abort = new AbortController()

  const ask = async (machine: MachineSpec): Promise<void> => {
    const options = { timeout: patience, maxBytes: mostBytes, signal: abort.signal }
    const before = answers.get(machine.uid)?.facts
    let facts: GuestFacts | undefined
    try {
      const addresses = await virsh.call(['domifaddr', '--full', '--source', 'agent', '--domain', machine.uid], options)
      const os = await virsh.call(['guestinfo', '--os', '--domain', machine.uid], options).catch(() => '')
      facts = { interfaces: parseAgentAddresses(addresses), os: parseGuestOs(os) }
    } catch {
      facts = before
    }
    answers.set(machine.uid, { at: context.clock.monotonic(), facts })
    if (!abort.signal.aborted && JSON.stringify(before) !== JSON.stringify(facts)) context.changed(machine.key)
  }
  return {
    get(machine) {
      const answer = answers.get(machine.uid)
      const old = answer === undefined || context.clock.monotonic() - answer.at > fresh
      if (old && !asking.has(machine.uid) && !abort.signal.aborted) {
        asking.set(
          machine.uid,
          ask(machine).finally(() => asking.delete(machine.uid)),
        )
      }
      return answer?.facts
    },
    async close() {
      abort.abort()
      await Promise.allSettled(asking.values())
    },
  }
}

/** libvirt's keys of the operating system, and the names of upstream's VirtualMachineInstanceGuestOSInfo. */
const osFields: Readonly<Record<string, string>> = {
  id: 'id',
  name: 'name',
  'pretty-name': 'prettyName',
  version: 'version',
  'version-id': 'versionId',
  machine: 'machine',
  'kernel-release': 'kernelRelease',
  'kernel-version': 'kernelVersion',
}

/** The guest's operating system under upstream's names; undefined where the agent told nothing. Source: virsh(1), guestinfo. */
export function parseGuestOs(text: string): Record<string, string> | undefined {
  const info = parseGuestInfo(text) ?? {}
  const known = Object.entries(osFields).flatMap(([key, field]) => (info[key] === undefined ? [] : [[field, info[key]] as const]))
  return known.length === 0 ? undefined : Object.fromEntries(known)
}

/** `virsh guestinfo`'s `key : value` lines of a flat kind; what a guest says is bounded. */
export function parseGuestInfo(text: string): Record<string, string> | undefined {
  const info: Record<string, string> = {}
  for (const line of text.split('\n').slice(0, 500)) {
    const match = /^\s*([a-zA-Z0-9_.-]{1,80})\s*: (.{0,300})/.exec(line)
    if (match !== null && !Object.hasOwn(Object.prototype, match[1] ?? '')) info[(match[1] ?? '').replace(/^os\./, '')] = match[2] ?? ''
  }
  return Object.keys(info).length === 0 ? undefined : info
}
