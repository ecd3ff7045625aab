import type { Block } from '../../schemas/generated/plan.ts'
import { keyText, parseKey, type ObjectKey } from '../lib/object-key.ts'
import type { Lease } from './types.ts'
import type { Wish } from './wish.ts'

/** A lease that holds a machine now. */
export type LeaseInForce = {
  readonly text: string
  readonly unblock: string
  /** RFC 3339, UTC; absent where the end waits for what Git wants to be known. */
  readonly until?: string
  /** True: the lease itself is over, and its changes wait for Git to take them. */
  readonly kept: boolean
}

/**
 * Whether a lease holds the machine, by the time and by what Git wants of it now: changes in an adoption branch stand until Git says
 * something else. While nobody can tell what Git wants, nothing of them is taken back. Pure.
 */
export function leaseInForce(lease: Lease, { now, wish }: { readonly now: Date; readonly wish: Wish }): LeaseInForce | undefined {
  const time = now.toISOString()
  const { key, by, reason, at, until, ending, kept, endedAt } = lease
  if (endedAt !== undefined) return undefined
  if (kept === undefined) {
    if (until <= time) return ending === 'adopt' ? toBeKept(lease) : undefined
    const then =
      ending === 'adopt'
        ? 'then it is written to a branch for review'
        : 'then it is drift like any other, which is reverted unless spec.drift or an annotation says that it is left'
    return {
      text: `${by} has a lease on ${keyText(key)} since ${at} until ${until}: ${reason}${/[.!?]$/.test(reason) ? '' : '.'} What is changed on it by hand stands; ${then}.`,
      unblock: `Wait, or end it: gitvirt lease end ${objectWord(key)}.`,
      until,
      kept: false,
    }
  }
  if (kept.until <= time || (wish.known && wish.digest !== kept.wish)) return undefined
  const where = kept.branch === undefined ? 'are to be written to a branch' : `wait in branch ${kept.branch}`
  return {
    text: `The lease of ${by} on ${keyText(key)} is over; its changes ${where} and stand until ${kept.until}.`,
    unblock: `Merge the branch, or revert the changes: gitvirt lease end ${objectWord(key)}.`,
    until: kept.until,
    kept: true,
  }
}

/** Its time has come, and nobody has taken note of it yet: what is to be adopted must not be lost meanwhile. */
function toBeKept({ key, by }: Lease): LeaseInForce {
  return {
    text: `The lease of ${by} on ${keyText(key)} is over; its changes are to be adopted as soon as it is known what Git wants.`,
    unblock: 'Mend what cannot be read in Git; where it is, wait a moment.',
    kept: true,
  }
}

/** What a lease holds back: whatever Git or drift ask of the machine and its template's disks. */
export function leaseBlock({ text, unblock, until }: LeaseInForce): Block {
  return { reason: 'Leased', message: text, unblock, ...(until === undefined ? {} : { until }) }
}

function objectWord(key: ObjectKey): string {
  const { namespace, name } = parseKey(key)
  return `vm/${name}${namespace === 'default' ? '' : ` -n ${namespace}`}`
}
