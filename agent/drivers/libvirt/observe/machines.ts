import type { Drift, ObservedMachine } from '../../../../schemas/generated/observation.ts'
import type { ObjectKey } from '../../../../reconciler/lib/object-key.ts'
import type { MachineFacts } from '../../types.ts'
import { noteOff, noteRun } from '../apply/run.ts'
import { aliasOf, readMark } from '../mark.ts'
import type { MachineRecord } from '../records.ts'
import { nicsOf } from '../render/interfaces.ts'
import { disksOf } from '../render/disks.ts'
import { podNetworkName } from '../render/pod-network.ts'
import type { Session } from '../session.ts'
import { found, type Reply } from '../virsh.ts'
import { child, childrenOf, parseXml, type XmlElement } from '../xml.ts'
import { parseLeases, type AgentInterface, type Lease } from './addresses.ts'
import { definitionDrift, fingerprints, liveDrift, reported } from './drift.ts'
import type { GuestAgents } from './guest-agents.ts'
import { parseState, type DomainState } from './state.ts'
import { unrecordedDomains } from './unrecorded.ts'

/** Facts of the machines on record, or of the given ones, and of marked domains whose record is lost. */
export async function observeMachines(
  session: Session,
  agents: GuestAgents,
  keys?: readonly ObjectKey[],
): Promise<readonly MachineFacts[]> {
  const wanted = keys === undefined ? undefined : new Set(keys)
  const records = session.records.all().filter((record) => wanted?.has(record.machine.key) ?? true)
  const busy = new Set(records.map((record) => record.machine.key).filter((key) => session.exclusive.isBusy(key)))
  const [leases, list, ...replies] = await session.virsh.batch([
    ['net-dhcp-leases', podNetworkName],
    ['list', '--all', '--uuid'],
    ...records.flatMap((record) => commandsFor(record.machine.uid)),
  ])
  // A host without libvirt's network daemon has machines all the same.
  const seen = { agents, leases: parseLeases(typeof leases === 'string' ? leases : '') }
  const facts: MachineFacts[] = []
  for (const [index, record] of records.entries()) {
    const [state, inactive, live] = replies.slice(index * 3, index * 3 + 3)
    const changing = busy.has(record.machine.key) || hasChanged(session, record)
    facts.push(await observeOne(session, record, { ...seen, state, inactive, live, changing }))
  }
  return [...facts, ...(await observeUnrecorded(session, found(list) ?? '', wanted))]
}

function commandsFor(uid: string): readonly (readonly string[])[] {
  return [
    ['domstate', '--reason', '--domain', uid],
    ['dumpxml', '--inactive', '--domain', uid],
    ['dumpxml', '--domain', uid],
  ]
}

type Answers = {
  readonly state: Reply | undefined
  readonly inactive: Reply | undefined
  readonly live: Reply | undefined
  readonly leases: readonly Lease[]
  readonly agents: GuestAgents
  /** The machine was changed while libvirt was asked: its domain and its record may not fit together, so drift cannot be told. */
  readonly changing: boolean
}

function hasChanged(session: Session, { machine, definition }: MachineRecord): boolean {
  return session.exclusive.isBusy(machine.key) || session.records.byKey(machine.key)?.definition !== definition
}

async function observeOne(session: Session, record: MachineRecord, answers: Answers): Promise<MachineFacts> {
  const [stateText, inactiveText, liveText] = [answers.state, answers.inactive, answers.live].map((reply) => found(reply, 'DomainNotFound'))
  if (stateText === undefined || inactiveText === undefined || liveText === undefined) return absent(await noteOff(session, record))
  const inactive = parseXml(inactiveText)
  if (readMark(inactive)?.key !== record.machine.key) return foreign(session, record)
  const state = parseState(stateText)
  const live = state.active ? parseXml(liveText) : undefined
  const noted = live === undefined ? await noteOff(session, record) : await noteRun(session, record, live)
  const agentConnected = live === undefined ? false : hasAgent(live)
  const guest = agentConnected ? answers.agents.get(noted.machine) : undefined
  return {
    ...base(noted, state),
    ...(noted.boot === undefined ? {} : { startedAt: noted.boot.at, booted: noted.boot.machine }),
    ...reported(answers.changing ? [] : driftOf(noted, inactive, live)),
    interfaces:
      live === undefined
        ? []
        : interfacesOf(noted.boot?.machine ?? noted.machine, live, { leases: answers.leases, guest: guest?.interfaces }),
    volumes: volumesOf(noted, live ?? inactive),
    accelerator: inactive.attributes['type'] === 'kvm' ? 'kvm' : 'tcg',
    agentConnected,
    ...(guest?.os === undefined ? {} : { guestOs: { ...guest.os } }),
  }
}

function base(record: MachineRecord, state: Pick<DomainState, 'state' | 'reason'>): MachineFacts {
  return {
    kind: 'VirtualMachine',
    key: record.machine.key,
    uid: record.machine.uid,
    state: state.state,
    ...(state.reason === '' ? {} : { stateReason: state.reason }),
    applied: record.machine,
    drift: [],
    interfaces: [],
    volumes: [],
    ...(record.unsupported.length === 0 ? {} : { unsupported: [...record.unsupported] }),
    ...(record.problem === undefined ? {} : { problem: record.problem }),
  }
}

function absent(record: MachineRecord): MachineFacts {
  return { ...base(record, { state: 'undefined', reason: '' }), drift: [{ path: 'domain', expected: record.name }] }
}

/** Somebody put a domain of their own in the place of ours: it is left alone. */
function foreign(session: Session, record: MachineRecord): MachineFacts {
  const problem = {
    reason: 'NameConflict',
    message: `The domain ${record.name} does not carry gitvirt's mark any more, so it is not touched. Rename or undefine it.`,
    at: session.context.clock.now().toISOString(),
    fatal: true,
  }
  return { ...base(record, { state: 'undefined', reason: '' }), problem }
}

function driftOf(record: MachineRecord, inactive: XmlElement, live: XmlElement | undefined): Drift[] {
  const stored = definitionDrift(parseXml(record.definition), inactive)
  return live === undefined || record.boot === undefined ? stored : [...stored, ...liveDrift(record.boot.devices, fingerprints(live))]
}

function hasAgent(live: XmlElement): boolean {
  return childrenOf(child(live, 'devices'), 'channel').some((channel) => {
    const target = child(channel, 'target')?.attributes ?? {}
    return target['name'] === 'org.qemu.guest_agent.0' && target['state'] === 'connected'
  })
}

type Addresses = { readonly leases: readonly Lease[]; readonly guest: readonly AgentInterface[] | undefined }

function interfacesOf(machine: MachineRecord['machine'], live: XmlElement, addresses: Addresses): ObservedMachine['interfaces'] {
  const names = new Map(nicsOf(machine).map((nic) => [aliasOf('nic', nic.interface.name), nic.interface.name]))
  return childrenOf(child(live, 'devices'), 'interface').flatMap((item): ObservedMachine['interfaces'] => {
    const mac = child(item, 'mac')?.attributes['address']?.toLowerCase()
    const name = names.get(child(item, 'alias')?.attributes['name'] ?? '')
    if (mac === undefined || name === undefined) return []
    const guest = addresses.guest?.find((candidate) => candidate.mac === mac)
    if (guest !== undefined) return [{ name, mac, ips: [...guest.ips], source: 'agent' as const, guestName: guest.name }]
    const ips = addresses.leases.filter((lease) => lease.mac === mac).map((lease) => lease.ip)
    return [{ name, mac, ips, ...(ips.length === 0 ? {} : { source: 'lease' as const }) }]
  })
}

function volumesOf(record: MachineRecord, domain: XmlElement): ObservedMachine['volumes'] {
  const machines = [record.machine, ...(record.boot === undefined ? [] : [record.boot.machine])]
  const names = new Map(machines.flatMap((machine) => disksOf(machine).map((disk) => [aliasOf('disk', disk.name), disk.name] as const)))
  return childrenOf(child(domain, 'devices'), 'disk').flatMap((item) => {
    const name = names.get(child(item, 'alias')?.attributes['name'] ?? '')
    const { dev, bus } = child(item, 'target')?.attributes ?? {}
    return name === undefined || dev === undefined ? [] : [{ name, target: dev, ...(bus === undefined ? {} : { bus }) }]
  })
}

/** Marked domains without a record are reported, so that a plan can define or delete them. */
async function observeUnrecorded(session: Session, list: string, wanted: ReadonlySet<string> | undefined): Promise<MachineFacts[]> {
  const facts: MachineFacts[] = []
  for (const { key, uid } of await unrecordedDomains(session, list)) {
    if (wanted?.has(key) === false) continue
    const state = parseState(await session.virsh.call(['domstate', '--reason', '--domain', uid]))
    facts.push({
      kind: 'VirtualMachine',
      key,
      uid,
      state: state.state,
      drift: [{ path: 'domain' }],
      interfaces: [],
      volumes: [],
    })
  }
  return facts
}
