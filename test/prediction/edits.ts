import * as fc from 'fast-check'
import { chooser, type Chooser, type Edited } from './choose.ts'
import { addDisk, removeDisk, setBus, setDiskOption, setSecret, setSeed, setVolume, swapDisks } from './edit-disks.ts'
import { addMachine, deleteMachine, moveFile, renameMachine, setMachineOption, setMemory, setRunStrategy } from './edit-machines.ts'
import { addNetwork, editNetwork, removeNetwork } from './edit-networks.ts'
import { addNic, moveNic, removeNic, setNicOption } from './edit-nics.ts'
import { addVolume, growVolume, removeVolume, setVolumeOption } from './edit-volumes.ts'
import type { FleetModel } from './fleet-model.ts'

/** Free choices of one edit, made by fast-check. */
type Choices = { readonly kind: EditKind; readonly numbers: readonly number[] }

/** One commit: its edits, and whether what waits afterwards is approved. */
export type Attempt = { readonly edits: readonly Choices[]; readonly approve: boolean }

const kinds = {
  setMachineOption: [30, setMachineOption],
  setMemory: [5, setMemory],
  setRunStrategy: [5, setRunStrategy],
  addDisk: [8, addDisk],
  removeDisk: [7, removeDisk],
  setDiskOption: [9, setDiskOption],
  setBus: [3, setBus],
  setVolume: [3, setVolume],
  setSeed: [4, setSeed],
  setSecret: [3, setSecret],
  swapDisks: [2, swapDisks],
  addNic: [5, addNic],
  removeNic: [5, removeNic],
  setNicOption: [7, setNicOption],
  moveNic: [2, moveNic],
  moveFile: [2, moveFile],
  deleteMachine: [4, deleteMachine],
  addMachine: [5, addMachine],
  renameMachine: [3, renameMachine],
  addVolume: [4, addVolume],
  removeVolume: [3, removeVolume],
  growVolume: [5, growVolume],
  setVolumeOption: [3, setVolumeOption],
  addNetwork: [3, addNetwork],
  editNetwork: [5, editNetwork],
  removeNetwork: [3, removeNetwork],
} satisfies Record<string, readonly [number, (model: FleetModel, choose: Chooser) => Edited]>

type EditKind = keyof typeof kinds

const choices: fc.Arbitrary<Choices> = fc.record({
  kind: fc.oneof(...(Object.keys(kinds) as EditKind[]).map((kind) => ({ weight: kinds[kind][0], arbitrary: fc.constant(kind) }))),
  numbers: fc.array(fc.nat(9999), { minLength: 6, maxLength: 6 }),
})

/** One to three edits in one commit, and whether what then waits for a person is approved. */
export const attempts: fc.Arbitrary<Attempt> = fc.record({
  edits: fc.array(choices, { minLength: 1, maxLength: 3 }),
  approve: fc.boolean(),
})

/** The model after a commit, and what was edited. An edit without a place in the model becomes a label, so that none is empty. */
export function applyEdits(model: FleetModel, edits: readonly Choices[]): { readonly model: FleetModel; readonly what: readonly string[] } {
  let next = model
  const what: string[] = []
  for (const { kind, numbers } of edits) {
    const edited = kinds[kind][1](next, chooser(numbers)) ?? setMachineOption(next, chooser(numbers))
    if (edited === undefined) continue
    next = edited.model
    what.push(edited.what)
  }
  return { model: next, what }
}
