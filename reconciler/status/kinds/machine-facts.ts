import type { ObservedMachine, ObservedVolume } from '../../../schemas/generated/observation.ts'
import type { VirtualMachineInstanceTemplateSpec } from '../../../schemas/generated/virtual-machine.ts'
import type { ObjectKey } from '../../lib/object-key.ts'
import { objectKey } from '../../lib/object-key.ts'
import { appliedOf, observedOf, type Subject } from '../subject.ts'

export type RunStrategy = 'Always' | 'RerunOnFailure' | 'Manual' | 'Halted' | 'Once'

/** What the status of a VirtualMachine and of its instance are told from. */
export type MachineFacts = {
  readonly node: string
  readonly connected: boolean
  readonly machine: ObservedMachine | undefined
  readonly template: VirtualMachineInstanceTemplateSpec | undefined
  readonly runStrategy: RunStrategy
}

/** States in which a guest process exists, so that there is an instance. */
const alive: ReadonlySet<ObservedMachine['state']> = new Set(['running', 'paused', 'starting', 'stopping'])

export function machineFacts(subject: Subject): MachineFacts {
  const seen = observedOf(subject, 'VirtualMachine')
  // Two hosts can both know a name; the one where a guest lives is the one to tell of.
  const best = seen.find(({ object }) => alive.has(object.state)) ?? seen[0]
  const node = best?.node ?? subject.changes.find((change) => change.node !== '')?.node ?? ''
  const applied = appliedOf(subject, 'VirtualMachine')
  const desired = subject.desired?.kind === 'VirtualMachine' ? subject.desired.object : undefined
  return {
    node,
    connected: node === '' || (subject.world.observed.node(node)?.connected ?? false),
    machine: best?.object,
    template: desired?.spec.template ?? applied?.template,
    runStrategy: (desired?.spec.runStrategy ?? applied?.runStrategy ?? 'Manual') as RunStrategy,
  }
}

export function isAlive(machine: ObservedMachine | undefined): machine is ObservedMachine {
  return machine !== undefined && alive.has(machine.state)
}

/** Keys of the DataVolumes that the template's volumes name, as DataVolume or as claim. */
export function volumeKeys(subject: Subject, facts: MachineFacts): readonly ObjectKey[] {
  const names = (facts.template?.spec?.volumes ?? []).map((volume) => volume.dataVolume?.name ?? volume.persistentVolumeClaim?.claimName)
  return names.filter((name) => name !== undefined).map((name) => objectKey('DataVolume', subject.namespace, name))
}

/** What is seen of a volume; undefined where no host has it yet. */
export function volumeSeen(subject: Subject, key: ObjectKey): ObservedVolume | undefined {
  const objects = subject.world.observed.get(key).map((sighting) => sighting.object)
  return objects.find((object) => object.kind === 'DataVolume')
}
