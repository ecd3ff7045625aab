import type { Receipt } from '../../../schemas/generated/receipt.ts'
import { chainStart, readReceipt, type ChainHead } from './receipt.ts'

/** What is wrong with one receipt, or with the place where one should be. */
export type ChainFault = {
  readonly code: 'Altered' | 'Missing' | 'Reordered' | 'Duplicated' | 'Truncated' | 'Unreadable' | 'Misplaced'
  readonly message: string
  /** Index of the line; absent where a receipt is missing. */
  readonly line?: number
  readonly environment?: string
  readonly sequence?: number
  /** The commit whose note holds it, where that is known. */
  readonly commit?: string
}

/** What is known of an environment's chain from elsewhere: the digest of its newest receipt, and its sequence where that is known too. */
export type KnownHead = { readonly digest: string; readonly sequence?: number }

export type ChainReport = {
  readonly faults: readonly ChainFault[]
  /** The last receipt of each environment. */
  readonly heads: ReadonlyMap<string, ChainHead>
  readonly receipts: number
  /** Environments of which only a part is here, as in the repository of one of several sources: of these no receipt is missed. */
  readonly partial: ReadonlySet<string>
}

type Entry = { readonly line: number; readonly receipt: Receipt }

export type KnownChains = {
  readonly heads?: ReadonlyMap<string, KnownHead>
  /** Environments whose receipts are not all to be found here. */
  readonly partial?: ReadonlySet<string>
}

/**
 * Checks the receipts of any number of environments, each environment's in the order of its chain. Detects altered, missing, reordered
 * and duplicated receipts; a chain that lost its end is whole in itself, so this needs the head from elsewhere. Pure.
 */
export function verifyChain(lines: readonly string[], { heads: known = new Map(), partial = new Set() }: KnownChains = {}): ChainReport {
  const faults: ChainFault[] = []
  const chains = new Map<string, Entry[]>()
  for (const [line, text] of lines.entries()) {
    const { receipt, fault } = readReceipt(text)
    if (fault !== undefined)
      faults.push({
        code: receipt === undefined ? 'Unreadable' : 'Altered',
        line,
        ...nameOf(receipt),
        message: `This receipt was altered: ${fault}.`,
      })
    if (receipt === undefined) continue
    const entries = chains.get(receipt.environment)
    if (entries === undefined) chains.set(receipt.environment, [{ line, receipt }])
    else entries.push({ line, receipt })
  }
  const heads = new Map<string, ChainHead>()
  for (const [environment, entries] of chains) {
    faults.push(...followChain(entries, partial.has(environment)))
    if (!partial.has(environment)) heads.set(environment, headOf(entries))
  }
  for (const [environment, head] of known) faults.push(...headFaults(environment, head, chains.get(environment) ?? []))
  return { faults, heads, receipts: lines.length, partial }
}

function nameOf(receipt: Receipt | undefined): Pick<ChainFault, 'environment' | 'sequence'> {
  return receipt === undefined ? {} : { environment: receipt.environment, sequence: receipt.sequence }
}

function headOf(entries: readonly Entry[]): ChainHead {
  let head = chainStart
  for (const { receipt } of entries) if (receipt.sequence > head.sequence) head = { sequence: receipt.sequence, digest: receipt.digest }
  return head
}

function followChain(entries: readonly Entry[], partial: boolean): ChainFault[] {
  const faults: ChainFault[] = []
  const seen = new Map<number, Receipt>()
  let highest: ChainHead = chainStart
  for (const { line, receipt } of entries) {
    const { sequence } = receipt
    const earlier = seen.get(sequence)
    const at = { line, ...nameOf(receipt) }
    if (earlier !== undefined) {
      const how = earlier.digest === receipt.digest ? 'stands there twice' : 'has the same place as another one'
      faults.push({ code: 'Duplicated', ...at, message: `This receipt ${how}.` })
      continue
    }
    seen.set(sequence, receipt)
    if (sequence < highest.sequence)
      faults.push({ code: 'Reordered', ...at, message: `This receipt stands behind number ${highest.sequence}.` })
    if (sequence > highest.sequence) highest = receipt
  }
  return [...faults, ...linkFaults(seen).filter(({ code }) => !partial || code !== 'Missing')]
}

/** Gaps, and receipts that do not follow the one before them. */
function linkFaults(receipts: ReadonlyMap<number, Receipt>): ChainFault[] {
  const faults: ChainFault[] = []
  let before: ChainHead = chainStart
  for (const receipt of [...receipts.values()].sort((one, other) => one.sequence - other.sequence)) {
    const { sequence, environment, previous } = receipt
    const gap = sequence - before.sequence - 1
    if (gap > 0) {
      const which =
        gap === 1 ? `Receipt ${before.sequence + 1} is missing.` : `Receipts ${before.sequence + 1} to ${sequence - 1} are missing.`
      faults.push({ code: 'Missing', environment, sequence: before.sequence + 1, message: which })
    } else if (previous !== before.digest) {
      // Its own digest may have been made anew: then the next receipt still tells what it was.
      faults.push({
        code: 'Altered',
        environment,
        sequence: Math.max(1, before.sequence),
        message: `Receipt ${sequence} follows another receipt than the one that stands there as ${before.sequence}: one of the two was altered.`,
      })
    }
    before = receipt
  }
  return faults
}

function headFaults(environment: string, head: KnownHead, entries: readonly Entry[]): ChainFault[] {
  const found = entries.find(({ receipt }) => receipt.digest === head.digest)
  if (found !== undefined) return []
  const end = headOf(entries)
  const wanted = head.sequence === undefined ? 'the receipt that is known as the last one' : `receipt ${head.sequence}`
  const cut = head.sequence === undefined || head.sequence > end.sequence
  const message = cut
    ? `The chain ends at receipt ${end.sequence}; ${wanted} is missing.`
    : `Receipt ${head.sequence} is not the one that is known from elsewhere.`
  return [{ code: cut ? 'Truncated' : 'Altered', environment, sequence: head.sequence ?? end.sequence + 1, message }]
}
