/** Kinds that grow with the fleet: their objects stay in the store and are read when somebody asks. */
const resting: ReadonlySet<string> = new Set(['VirtualMachine', 'VirtualMachineInstance', 'DataVolume', 'PersistentVolumeClaim'])

/** True where an object of the kind is in the store whole, so that a restart forgets nothing of it. */
export function rests(kind: string): boolean {
  return resting.has(kind)
}
