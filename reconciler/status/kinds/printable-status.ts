import type { ObservedVolume } from '../../../schemas/generated/observation.ts'
import type { Subject } from '../subject.ts'
import { isAlive, volumeKeys, volumeSeen, type MachineFacts } from './machine-facts.ts'

type Case = { readonly status: string; readonly when: (facts: Situation) => boolean }

type Situation = MachineFacts & {
  readonly subject: Subject
  readonly volumes: readonly (ObservedVolume | undefined)[]
  /** A referenced DataVolume or claim that neither Git nor a host has. */
  readonly volumeMissing: boolean
}

/**
 * First match wins, in upstream's order (KubeVirt's VirtualMachinePrintableStatus); states that cannot arise on a plain host
 * (image pulls of a pod, a migration's receiver) have no line.
 */
const cases: readonly Case[] = [
  { status: 'Terminating', when: ({ subject }) => subject.deleting },
  { status: 'Stopping', when: ({ machine }) => isAlive(machine) && (machine.state === 'stopping' || machine.power?.request === 'stop') },
  { status: 'Paused', when: ({ machine }) => machine?.state === 'paused' },
  { status: 'Running', when: ({ machine }) => machine?.state === 'running' },
  { status: 'ErrorPvcNotFound', when: ({ volumeMissing }) => volumeMissing },
  { status: 'DataVolumeError', when: ({ volumes }) => volumes.some(hasFailed) },
  { status: 'ErrorUnschedulable', when: ({ subject }) => blockedBy(subject, 'Unschedulable') || blockedBy(subject, 'HostsUnheard') },
  { status: 'Provisioning', when: ({ volumes }) => volumes.some(isProvisioning) },
  { status: 'WaitingForVolumeBinding', when: ({ volumes }) => volumes.some((volume) => volume?.phase === 'WaitForFirstConsumer') },
  { status: 'Starting', when: isStarting },
  { status: 'CrashLoopBackOff', when: isBackingOff },
  { status: 'Stopped', when: ({ machine, subject }) => machine !== undefined || subject.desired !== undefined || subject.broken },
]

/** status.printableStatus of a VirtualMachine. */
export function printableStatus(subject: Subject, facts: MachineFacts): string {
  const keys = volumeKeys(subject, facts)
  const volumes = keys.map((key) => volumeSeen(subject, key))
  const volumeMissing = keys.some(
    (key, index) =>
      volumes[index] === undefined && subject.world.desired.get(key) === undefined && !subject.world.desired.isUnknownKey(key),
  )
  const situation: Situation = { ...facts, subject, volumes, volumeMissing }
  return cases.find((line) => line.when(situation))?.status ?? 'Unknown'
}

function hasFailed(volume: ObservedVolume | undefined): boolean {
  return volume?.phase === 'Failed' || (volume !== undefined && volume.phase !== 'Succeeded' && volume.problem !== undefined)
}

function isProvisioning(volume: ObservedVolume | undefined): boolean {
  return volume === undefined || !['Succeeded', 'Failed', 'WaitForFirstConsumer'].includes(volume.phase)
}

function isStarting(situation: Situation): boolean {
  const { machine, runStrategy, subject } = situation
  if (machine?.state === 'starting') return true
  if (isBackingOff(situation) || machine?.power?.request === 'stop') return false
  const starts = subject.changes.some((change) => {
    const held = new Set(change.blocked.flatMap((block) => block.steps ?? change.steps.map((step) => step.id)))
    return change.steps.some((step) => (step.verb === 'StartDomain' || step.verb === 'RestartDomain') && !held.has(step.id))
  })
  if (starts) return true
  if (machine === undefined || machine.state === 'undefined') return false
  return (
    runStrategy === 'Always' ||
    (runStrategy === 'RerunOnFailure' && machine.runs?.lastOutcome === 'failed') ||
    machine.power?.request === 'start'
  )
}

function isBackingOff({ machine }: Situation): boolean {
  return machine?.runs !== undefined && machine.runs.failures > 0 && machine.runs.nextStartAt !== undefined
}

function blockedBy(subject: Subject, reason: string): boolean {
  return subject.changes.some((change) => change.blocked.some((block) => block.reason === reason))
}
