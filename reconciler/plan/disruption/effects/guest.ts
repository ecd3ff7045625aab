import type { VirtualMachineInstanceSpec } from '../../../../schemas/generated/virtual-machine.ts'
import { segmentName, type Segments } from '../../diff/path.ts'

/** What of a machine decides what its guest gets. */
export type Guest = {
  readonly name: string
  readonly namespace: string
  readonly spec: VirtualMachineInstanceSpec
  /** Digests of the Secrets and ConfigMaps that it reads; undefined where they are not known. */
  readonly inputs: Readonly<Record<string, string>> | undefined
  /** Undefined where no host is meant. */
  readonly accelerator: Accelerator | undefined
}

export type Accelerator = 'kvm' | 'tcg'

/**
 * What a field comes to in the guest together with the fields beside it, as the agent makes it; undefined for nothing. Equal values are
 * one guest.
 *
 * @param entry the name in the field's path, such as the disk's.
 */
export type Effect = (guest: Guest, entry: string) => unknown

/** Name of the list entry or map key that a path goes through. */
export function entryOf(path: Segments): string {
  return segmentName(path.find((segment) => segment.startsWith('[')) ?? '')
}
