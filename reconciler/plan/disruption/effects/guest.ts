import type { VirtualMachineInstanceSpec } from '../../../../schemas/generated/virtual-machine.ts'
import { setIn } from '../../diff/set-in.ts'
import { segmentName, type Segments } from '../../diff/path.ts'
import { equalJson } from '../../diff/tree.ts'

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

/** A changed place, with both whole objects in view. */
type Place = {
  readonly path: Segments
  readonly before?: unknown
  readonly after?: unknown
  readonly from: unknown
  readonly to: unknown
  readonly accelerator?: Accelerator
  /** It counts only where it does so before and after. */
  readonly countsInBoth?: boolean
}

/**
 * True where a change is moot: the old and the new machine have the same guest, or neither does the field make another guest of the old
 * one, nor does the new one become another without it. So each field answers for itself, whatever changes with it. Pure.
 */
export function isMoot(effect: Effect, { path, before, after, from, to, accelerator, countsInBoth }: Place): boolean {
  const entry = entryOf(path)
  const same = (root: unknown, other: unknown): boolean => {
    const guests = [guestOf(root, accelerator), guestOf(other, accelerator)] as const
    return guests[0] !== undefined && guests[1] !== undefined && equalJson(effect(guests[0], entry), effect(guests[1], entry))
  }
  try {
    if (same(from, to)) return true
    const alone = [same(from, setIn(from, path, after)), same(to, setIn(to, path, before))]
    return countsInBoth === true ? alone.includes(true) : !alone.includes(false)
  } catch {
    // With one of several changes alone a machine need not be whole; then the change counts.
    return false
  }
}

/** Name of the list entry or map key that a path goes through. */
export function entryOf(path: Segments): string {
  return segmentName(path.find((segment) => segment.startsWith('[')) ?? '')
}

type Root = {
  readonly metadata?: { readonly name?: string; readonly namespace?: string }
  readonly spec?: { readonly template?: { readonly spec?: VirtualMachineInstanceSpec } }
  readonly inputs?: Readonly<Record<string, string>>
}

function guestOf(root: unknown, accelerator: Accelerator | undefined): Guest | undefined {
  const { metadata, spec, inputs } = (root ?? {}) as Root
  const guest = spec?.template?.spec
  if (guest?.domain === undefined) return undefined
  return { name: metadata?.name ?? '', namespace: metadata?.namespace ?? '', spec: guest, inputs, accelerator }
}
