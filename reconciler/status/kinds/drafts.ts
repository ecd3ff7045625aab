import type { Draft } from '../api-object.ts'
import type { Subject } from '../subject.ts'
import { dataVolume, persistentVolumeClaim } from './data-volume.ts'
import { enactments, networkPolicy } from './network-policy.ts'
import { node, nodeNetworkState } from './node.ts'
import { plain } from './plain.ts'
import { virtualMachine } from './virtual-machine.ts'
import { virtualMachineInstance } from './virtual-machine-instance.ts'

type Project = (subject: Subject) => readonly (Draft | undefined)[]

const projects: Readonly<Record<string, Project>> = {
  VirtualMachine: (subject) => [virtualMachine(subject), virtualMachineInstance(subject)],
  DataVolume: (subject) => [dataVolume(subject), persistentVolumeClaim(subject)],
  NodeNetworkConfigurationPolicy: (subject) => [networkPolicy(subject), ...enactments(subject)],
  Node: (subject) => [node(subject), nodeNetworkState(subject)],
}

/** All API objects that one key of Git gives; owners stand before what they own. Pure. */
export function draftsOf(subject: Subject): readonly Draft[] {
  const project = projects[subject.kind] ?? ((plainSubject: Subject) => [plain(plainSubject)])
  return project(subject).filter((draft) => draft !== undefined)
}
