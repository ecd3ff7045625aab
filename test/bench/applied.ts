import type { NodeFacts, Observation, ObservedObject } from '../../schemas/generated/observation.ts'
import type { Change, MachineSpec, Plan, VolumeSpec } from '../../schemas/generated/plan.ts'
import type { Observed } from '../../reconciler/observed/cache.ts'

/** Name of the one host of the benches; it is as large as the fleet needs. */
export const benchNode = 'bench'

export const benchFacts: NodeFacts = {
  hostname: benchNode,
  architecture: 'x86_64',
  cpus: 1_000_000,
  memoryBytes: 2 ** 50,
  accelerator: 'kvm',
  interfaces: [],
  pools: [],
  versions: { gitvirt: '0', libvirt: '9.0.0', qemu: '7.2.0', kernel: '6.1.0' },
}

/** Objects of one message, as an agent sends them. */
const objectsPerMessage = 500

/** Reports a host that has carried out all of a plan, in messages that went through JSON as they do over the session. */
export function reportApplied(observed: Observed, plan: Plan): void {
  const objects = plan.changes.flatMap(seen)
  let sequence = 0
  observed.connected(benchNode)
  for (let at = 0; at < objects.length || at === 0; at += objectsPerMessage) {
    const more = at + objectsPerMessage < objects.length
    const part = objects.slice(at, at + objectsPerMessage)
    const message = { node: benchNode, sequence, full: true, facts: benchFacts, objects: part, gone: [], at: new Date().toISOString() }
    observed.receive(JSON.parse(JSON.stringify(message)) as Observation, more)
    sequence += 1
  }
}

function seen(change: Change): ObservedObject[] {
  const machine = change.steps.find((step) => step.machine !== undefined)?.machine
  const volume = change.steps.find((step) => step.volume !== undefined)?.volume
  if (machine !== undefined) return [machineSeen(machine)]
  return volume === undefined ? [] : [volumeSeen(volume)]
}

function machineSeen(applied: MachineSpec): ObservedObject {
  const interfaces = [{ name: 'default', mac: '52:54:00:00:00:01', ips: ['10.0.2.15'], source: 'lease' as const }]
  return {
    kind: 'VirtualMachine',
    key: applied.key,
    digest: applied.key,
    uid: applied.uid,
    state: 'running',
    startedAt: '2026-01-01T00:00:05.000Z',
    applied,
    booted: applied,
    drift: [],
    interfaces,
    volumes: [
      { name: 'root', target: 'vda' },
      { name: 'init', target: 'vdb' },
    ],
    accelerator: 'kvm',
  }
}

function volumeSeen(applied: VolumeSpec): ObservedObject {
  return { kind: 'DataVolume', key: applied.key, digest: applied.key, phase: 'Succeeded', applied, restarts: 0 }
}
