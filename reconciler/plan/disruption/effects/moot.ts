import type { VirtualMachineInstanceSpec } from '../../../../schemas/generated/virtual-machine.ts'
import { setIn } from '../../diff/set-in.ts'
import { equalJson } from '../../diff/tree.ts'
import type { FieldContext } from '../row.ts'
import { entryOf, type Accelerator, type Effect, type Guest } from './guest.ts'

/** A changed place; `countsInBoth`: it counts only where it does so before and after. */
type Change = FieldContext & { readonly countsInBoth?: boolean }

/**
 * True where a change is moot: the old and the new machine have the same guest, or neither does the field make another guest of the old
 * one, nor does the new one become another without it. So each field answers for itself, whatever changes with it. Pure.
 */
export function isMoot(effect: Effect, { path, before, after, from, to, accelerator, countsInBoth }: Change): boolean {
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
