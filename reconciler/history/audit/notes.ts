import type { Receipt } from '../../../schemas/generated/receipt.ts'
import type { ObjectKey } from '../../lib/object-key.ts'
import { parseReceipt, readReceipt } from './receipt.ts'
import { verifyChain, type ChainFault, type ChainReport, type KnownHead } from './verify-chain.ts'

/** The note of one commit: one receipt a line. */
export type ReceiptNote = { readonly commit: string; readonly text: string }

type Line = { readonly commit: string; readonly text: string; readonly receipt?: Receipt; readonly number: number }

function linesOf(notes: readonly ReceiptNote[]): Line[] {
  return notes.flatMap(({ commit, text }) =>
    text.split('\n').flatMap((line, index) => {
      if (line === '') return []
      const { receipt } = readReceipt(line)
      return [{ commit, text: line, number: index + 1, ...(receipt === undefined ? {} : { receipt }) }]
    }),
  )
}

/**
 * All receipts that can be read, each environment's in the order of its chain. Whether they are true, `verifyNotes` tells.
 * @param object key of the object whose receipts are wanted; a line without it is not even parsed
 */
export function receiptsOf(notes: Iterable<ReceiptNote>, object?: ObjectKey): Receipt[] {
  const wanted = object === undefined ? '' : JSON.stringify(object)
  const receipts: Receipt[] = []
  for (const { text } of notes) {
    for (const line of text.split('\n')) {
      const receipt = line !== '' && line.includes(wanted) ? parseReceipt(line) : undefined
      if (receipt !== undefined && (object === undefined || receipt.object === object)) receipts.push(receipt)
    }
  }
  // Where two sources are folders of one repository, it has a receipt and its copy.
  return receipts.sort(byChain).filter((one, index, sorted) => one.digest !== sorted[index - 1]?.digest)
}

function byChain(one: Receipt, other: Receipt): number {
  if (one.environment !== other.environment) return one.environment < other.environment ? -1 : 1
  return one.sequence - other.sequence
}

/** Lines that cannot be read go last: they have no place. */
function byLine({ receipt: one }: Line, { receipt: other }: Line): number {
  if (one === undefined || other === undefined) return Number(one === undefined) - Number(other === undefined)
  return byChain(one, other)
}

/** A receipt of another source's object, in the note of that source's commit: the chain that it is of stands elsewhere. */
function isCopy({ commit, receipt }: Line): boolean {
  return receipt?.source?.commit === commit && receipt.commit !== commit
}

/**
 * Checks the receipts of all notes. A chain goes on from note to note, and a commit may be applied more than once; so the order of notes
 * says nothing, and the order within a note must be that of the chain. A receipt must stand in the note of the commit that it names.
 * The repository of another source of an environment has copies of the receipts of that source's objects, and no more of the chain.
 */
export function verifyNotes(notes: readonly ReceiptNote[], heads: ReadonlyMap<string, KnownHead> = new Map()): ChainReport {
  const all = linesOf(notes)
  const copies = all.filter(isCopy)
  const lines = copies.length === 0 ? all : all.filter((line) => !isCopy(line))
  const whole = new Set(lines.flatMap(({ receipt }) => receipt?.environment ?? []))
  const partial = new Set(copies.flatMap(({ receipt }) => receipt?.environment ?? [])).difference(whole)
  const parts = copies.filter(({ receipt }) => partial.has(receipt?.environment ?? ''))
  const sorted = [...lines, ...parts].sort(byLine)
  const report = verifyChain(
    sorted.map(({ text }) => text),
    { heads, partial },
  )
  const placed = report.faults.map((fault): ChainFault => {
    const line = fault.line === undefined ? holder(sorted, fault) : sorted[fault.line]
    return { ...fault, ...(line === undefined ? {} : { commit: line.commit, line: line.number }) }
  })
  const doubled = copies.filter((line) => !parts.includes(line))
  return { ...report, faults: [...placed, ...misplaced(lines), ...unlike(doubled, lines), ...reordered(all)] }
}

/** Copies beside the chain that they are of. */
function unlike(copies: readonly Line[], lines: readonly Line[]): ChainFault[] {
  if (copies.length === 0) return []
  const texts = new Set(lines.map(({ text }) => text))
  return copies.flatMap(({ commit, number, text, receipt }): ChainFault[] => {
    if (receipt === undefined || texts.has(text)) return []
    const { environment, sequence } = receipt
    return [{ code: 'Altered', line: number, commit, environment, sequence, message: 'This copy is not what stands in the chain.' }]
  })
}

function holder(lines: readonly Line[], { code, environment, sequence }: ChainFault): Line | undefined {
  if (code === 'Missing' || code === 'Truncated') return undefined
  return lines.find(({ receipt }) => receipt?.environment === environment && receipt?.sequence === sequence)
}

function misplaced(lines: readonly Line[]): ChainFault[] {
  return lines.flatMap(({ commit, number, receipt }): ChainFault[] => {
    if (receipt === undefined || receipt.commit === commit) return []
    const { environment, sequence } = receipt
    const message = `This receipt is of commit ${receipt.commit} and stands in another commit's note.`
    return [{ code: 'Misplaced', line: number, commit, environment, sequence, message }]
  })
}

function reordered(lines: readonly Line[]): ChainFault[] {
  const faults: ChainFault[] = []
  const last = new Map<string, number>()
  for (const { commit, number, receipt } of lines) {
    if (receipt === undefined) continue
    const { environment, sequence } = receipt
    const place = `${commit} ${environment}`
    const before = last.get(place) ?? 0
    if (sequence < before) {
      faults.push({
        code: 'Reordered',
        line: number,
        commit,
        environment,
        sequence,
        message: `This receipt stands behind number ${before}.`,
      })
    }
    last.set(place, Math.max(before, sequence))
  }
  return faults
}
