import type { Receipt } from '../../../schemas/generated/receipt.ts'
import { GitvirtError } from '../../lib/errors.ts'
import { receiptsOf, verifyNotes } from '../audit/notes.ts'
import type { ChainReport, KnownHead } from '../audit/verify-chain.ts'
import { notesRef, readNotes } from '../read/notes.ts'
import { openRepository } from '../read/repository.ts'

/**
 * Checks the receipts in a repository's notes.
 * @param heads the newest receipt of environments, where it is known from elsewhere
 * @throws GitvirtError `NoReceipts`, and what reading throws
 */
export async function auditReport(repo: string, heads: ReadonlyMap<string, KnownHead>): Promise<ChainReport> {
  return await withNotes(repo, (notes) => verifyNotes(notes, heads))
}

/** All receipts of a repository, each environment's in the order of its chain. @throws GitvirtError `NoReceipts` */
export async function auditedReceipts(repo: string): Promise<Receipt[]> {
  return await withNotes(repo, receiptsOf)
}

async function withNotes<T>(repo: string, work: (notes: Awaited<ReturnType<typeof readNotes>>) => T): Promise<T> {
  const repository = await openRepository(repo)
  try {
    const notes = await readNotes(repository)
    if (notes.length > 0) return work(notes)
    throw new GitvirtError({
      code: 'NoReceipts',
      message: `${repo} has no receipts (${notesRef}).`,
      action: `A clone does not bring them by itself: git fetch origin ${notesRef}:${notesRef}`,
    })
  } finally {
    await repository.close()
  }
}
