import type { Receipt, Signer } from '../../../schemas/generated/receipt.ts'
import type { ObjectKey } from '../../lib/object-key.ts'
import { appliedCommit } from './receipt.ts'
import { isWithin } from '../../plan/diff/path.ts'

/** Where and when a change reached a host. */
export type Landing = { readonly node: string; readonly at: string; readonly commit: string; readonly plan: string; readonly step: string }

export type LandingSearch = {
  /** In the order of their chain. */
  readonly receipts: readonly Receipt[]
  /** True where one commit holds another. */
  readonly contains: (newer: string, older: string) => boolean
}

/**
 * On each host the first step that succeeded for the object, of a revision that holds the commit, and that brought the field (or the whole
 * object). A change may land with a later commit than its own, and a held-back field later than the rest of its commit.
 * @param field path of the field; without it, any step counts
 */
export function landingsOf(key: ObjectKey, { commit, field }: { commit: string; field?: string }, search: LandingSearch): Landing[] {
  const landed = new Map<string, Landing>()
  for (const receipt of search.receipts) {
    // A person's decision brings nothing to a host.
    if (receipt.decision !== undefined) continue
    if (receipt.object !== key || receipt.result !== 'succeeded' || landed.has(receipt.node)) continue
    if (field !== undefined && !brought(receipt, field)) continue
    const applied = appliedCommit(receipt)
    if (!search.contains(applied, commit)) continue
    const { node, endedAt, plan, step } = receipt
    landed.set(node, { node, at: endedAt, commit: applied, plan, step })
  }
  return [...landed.values()]
}

function brought({ fields }: Receipt, field: string): boolean {
  return fields === undefined || fields.some((path) => isWithin(field, path) || isWithin(path, field))
}

/** Whose signature of a commit was checked and held, as its receipts tell. */
export function signerOf(commit: string, receipts: readonly Receipt[]): Signer | undefined {
  return receipts.find((receipt) => appliedCommit(receipt) === commit && receipt.signer !== undefined)?.signer
}
