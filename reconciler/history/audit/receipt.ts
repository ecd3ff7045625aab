import type { Receipt } from '../../../schemas/generated/receipt.ts'
import { Receipt as validate } from '../../../schemas/generated/validators/receipt.js'
import { canonicalJson, digestOf } from '../../lib/digest.ts'

/** A receipt before it has its place in the chain. */
export type ReceiptBody = Omit<Receipt, 'version' | 'sequence' | 'previous' | 'digest'>

/** The end of a chain: what the next receipt follows. */
export type ChainHead = Pick<Receipt, 'sequence' | 'digest'>

/** What the first receipt of an environment follows. */
export const chainStart: ChainHead = { sequence: 0, digest: '0'.repeat(64) }

/** The commit that its object was applied from: of another source's object, that source's. */
export function appliedCommit({ commit, source }: Pick<Receipt, 'commit' | 'source'>): string {
  return source?.commit ?? commit
}

/** The receipt that follows `previous` in its environment's chain. Pure. */
export function chain(previous: ChainHead, body: ReceiptBody): Receipt {
  const receipt = { ...body, version: 1 as const, sequence: previous.sequence + 1, previous: previous.digest }
  return { ...receipt, digest: digestOf(receipt) }
}

/** The line of a receipt in a note: canonical JSON (RFC 8785), without the line break. */
export function receiptLine(receipt: Receipt): string {
  return canonicalJson(receipt)
}

/** A line that is a receipt in its own canonical form, with the digest of its content; or why it is not. */
export type ReadLine = { readonly receipt: Receipt; readonly fault?: string } | { readonly receipt?: undefined; readonly fault: string }

/** Reads one line. A fault together with a receipt means that it can be read and was altered. Faults never quote values. */
export function readReceipt(line: string): ReadLine {
  const value = parseJson(line)
  if (value === undefined) return { fault: 'it is no JSON' }
  if (!validate(value)) {
    const [error] = validate.errors ?? []
    return { fault: `it has not the form of a receipt: ${error?.instancePath || '/'} ${error?.message ?? 'is invalid'}` }
  }
  const receipt = value as Receipt
  const { digest, ...rest } = receipt
  if (digestOf(rest) !== digest) return { receipt, fault: 'its digest is not that of its content' }
  return canonicalJson(receipt) === line ? { receipt } : { receipt, fault: 'it is not written in its canonical form' }
}

/** The receipt in a line, in whatever form and whether true or not; undefined where the line is none. */
export function parseReceipt(line: string): Receipt | undefined {
  const value = parseJson(line)
  return value !== undefined && validate(value) ? (value as Receipt) : undefined
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown
  } catch {
    return undefined
  }
}
