import type { ObservedMachine } from '../../../schemas/generated/observation.ts'
import { objectKey } from '../../lib/object-key.ts'
import type { ConditionDraft, Draft, Filling } from '../api-object.ts'
import { condition } from '../common-conditions.ts'
import { wholeSeconds } from '../conditions.ts'
import { appliedOf, type Subject } from '../subject.ts'
import { isAlive, machineFacts, type MachineFacts } from './machine-facts.ts'

/** The instance of a VirtualMachine: one per life of its domain. */
export function virtualMachineInstance(subject: Subject): Draft | undefined {
  const facts = machineFacts(subject)
  const { machine } = facts
  if (!isAlive(machine)) return undefined
  const template = machine.booted?.template ?? appliedOf(subject, 'VirtualMachine')?.template ?? facts.template
  const startedAt = wholeSeconds(machine.startedAt)
  const phase = machine.state === 'starting' ? 'Scheduled' : 'Running'
  return {
    apiVersion: 'kubevirt.io/v1',
    kind: 'VirtualMachineInstance',
    namespace: subject.namespace,
    name: subject.name,
    // A guest that is still starting has no start time yet: its life must not begin twice.
    ...(startedAt === undefined ? {} : { identity: startedAt, createdAt: startedAt }),
    labels: { ...template?.metadata?.labels, 'kubevirt.io/nodeName': facts.node },
    ...(template?.metadata?.annotations === undefined ? {} : { annotations: template.metadata.annotations }),
    owner: { key: objectKey('VirtualMachine', subject.namespace, subject.name), apiVersion: 'kubevirt.io/v1' },
    deleting: machine.state === 'stopping',
    specDigest: machine.booted === undefined ? '' : (startedAt ?? ''),
    settled: true,
    fields: { spec: template?.spec ?? {} },
    conditions: instanceConditions(subject, facts),
    status: (filling) => ({
      phase,
      phaseTransitionTimestamps: transitions(phase, filling, startedAt),
      nodeName: facts.node,
      activePods: {},
      interfaces: interfacesOf(machine),
      ...(machine.guestOs === undefined ? {} : { guestOSInfo: machine.guestOs }),
      volumeStatus: volumeStatus(machine, facts),
      ...machineStatus(template),
      conditions: filling.conditions,
    }),
    marks: { phase: machine.state, node: facts.node, agent: String(machine.agentConnected ?? false) },
  }
}

function machineStatus(template: MachineFacts['template']): Record<string, unknown> {
  const type = template?.spec?.domain.machine?.type
  return type === undefined ? {} : { machine: { type } }
}

/** Conditions of the instance; the VirtualMachine mirrors them. */
export function instanceConditions(subject: Subject, facts: MachineFacts): ConditionDraft[] {
  const { machine } = facts
  if (machine === undefined) return []
  const conditions = [ready(facts), liveMigratable(facts)]
  if (machine.state === 'paused') conditions.push(condition('Paused', 'True', pausedReason(machine)))
  if (machine.agentConnected === true) conditions.push(condition('AgentConnected', 'True', ['', '']))
  if (machine.accelerator === 'tcg') {
    const reason = subject.world.observed.node(facts.node)?.facts.acceleratorReason ?? 'This host has no usable KVM.'
    conditions.push(condition('SoftwareEmulation', 'True', ['NoHardwareVirtualization', reason]))
  }
  return conditions
}

function ready({ machine, connected, node }: MachineFacts): ConditionDraft {
  if (!connected)
    return condition('Ready', 'Unknown', ['NodeNotReady', `The agent of ${node} is not connected; this is the last that it told.`])
  if (machine?.state === 'running') return condition('Ready', 'True', ['', ''])
  return condition('Ready', 'False', ['GuestNotRunning', 'The guest does not run.'])
}

function pausedReason(machine: ObservedMachine): [string, string] {
  const byHost = machine.stateReason !== undefined && !['user', 'unknown', ''].includes(machine.stateReason)
  return byHost
    ? ['PausedByHost', `The host paused the guest: ${machine.stateReason ?? ''}.`]
    : ['PausedByUser', 'A person paused the guest.']
}

function liveMigratable(facts: MachineFacts): ConditionDraft {
  const volumes = facts.template?.spec?.volumes ?? []
  const local = volumes.filter((volume) => volume.dataVolume ?? volume.persistentVolumeClaim ?? volume.hostDisk ?? volume.emptyDisk)
  if (local.length > 0) {
    const names = local.map((volume) => volume.name).join(', ')
    return condition('LiveMigratable', 'False', ['DisksNotLiveMigratable', `Disks lie on storage of this host only: ${names}.`])
  }
  return condition('LiveMigratable', 'False', ['MigrationNotSupported', 'Guests stay on the host that they were started on.'])
}

function interfacesOf(machine: ObservedMachine): unknown[] {
  return machine.interfaces.map((nic) => ({
    name: nic.name,
    mac: nic.mac,
    ...(nic.ips[0] === undefined ? {} : { ipAddress: nic.ips[0], ipAddresses: nic.ips }),
    infoSource: nic.source === 'agent' ? 'domain, guest-agent' : 'domain',
    ...(nic.guestName === undefined ? {} : { interfaceName: nic.guestName }),
  }))
}

function volumeStatus(machine: ObservedMachine, facts: MachineFacts): unknown[] {
  const sources = new Map((facts.template?.spec?.volumes ?? []).map((volume) => [volume.name, volume]))
  return machine.volumes.map(({ name, target }) => {
    const claim = sources.get(name)?.dataVolume?.name ?? sources.get(name)?.persistentVolumeClaim?.claimName
    return { name, target, ...(claim === undefined ? {} : { persistentVolumeClaimInfo: { claimName: claim } }) }
  })
}

/** The times at which phases were reached; each is written once. */
function transitions(phase: string, filling: Filling, startedAt: string | undefined): unknown[] {
  const before =
    (filling.previous?.status as { phaseTransitionTimestamps?: { phase: string }[] } | undefined)?.phaseTransitionTimestamps ?? []
  if (before.some((entry) => entry.phase === phase)) return before
  return [...before, { phase, phaseTransitionTimestamp: (phase === 'Running' ? startedAt : undefined) ?? filling.now }]
}
