import { namesOf, writersOf } from './people.ts'
import { readAnyCommit } from './signed-commit.ts'
import { findTrailers } from './trailers.ts'
import type { RawCommit } from './trust.ts'
import { verifySignature, type Keys, type Signer } from './verify-signature.ts'

/** A commit that approves what its trailers name. */
export type CommitApproval = {
  readonly commit: string
  readonly signer: Signer
  /** All names by which who approved may be known. */
  readonly people: readonly string[]
  readonly tokens: readonly string[]
  /** When the commit says that it was made. */
  readonly at: Date
}

export type RefusedApproval = { readonly commit: string; readonly why: string }

export type ApprovalCheck = {
  readonly keys: Keys
  /** Name of the trailer. */
  readonly trailer: string
  /** How long after its commit an approval counts. */
  readonly validMilliseconds: number
  readonly now: Date
}

/** Clocks of people and hosts differ a little. */
const aheadMilliseconds = 3_600_000
const mostTokens = 20

/**
 * What a commit approves, or why its words do not count; undefined where it has none. It must be signed by an approver's key which is
 * good now: that one could sign with an old date is no help.
 * @throws GitvirtError what reading commits and keys throws
 */
export async function readApproval(raw: RawCommit, check: ApprovalCheck): Promise<CommitApproval | RefusedApproval | undefined> {
  const { trailer, validMilliseconds, now, keys } = check
  // Most commits say nothing of the kind, and are not looked at any further.
  if (!Buffer.from(raw.bytes).toString('latin1').toLowerCase().includes(trailer.toLowerCase())) return undefined
  const commit = readAnyCommit(raw.id, raw.bytes)
  const { values, misplaced } = findTrailers(messageOf(commit.payload), trailer)
  const refuse = (why: string): RefusedApproval => ({ commit: raw.id, why })
  if (values.length === 0) {
    return misplaced ? refuse(`its line "${trailer}:" is not among the trailers, which are the last paragraph and nothing else`) : undefined
  }
  const tokens = values.filter((value) => /^[0-9a-f]{64}$/.test(value))
  if (tokens.length < values.length || tokens.length > mostTokens)
    return refuse(`its trailer "${trailer}" does not name a change by the 64 digits that the plan shows`)
  if (commit.signature === undefined) return refuse(commit.unreadable ?? 'it is not signed')
  const signer = await verifySignature(commit, keys, now)
  if (signer === undefined) return refuse('no key of an approver that is good now made its signature, or it was altered since')
  const at = new Date(commit.committedAt * 1000)
  if (at.getTime() > now.getTime() + aheadMilliseconds) return refuse(`its time ${at.toISOString()} lies ahead`)
  if (at.getTime() + validMilliseconds < now.getTime())
    return refuse(`it is of ${at.toISOString()}, which is too long ago (spec.approvals.validFor)`)
  return { commit: raw.id, signer, people: [...new Set([...namesOf(signer), ...writersOf(commit)])], tokens, at }
}

export function isRefused(one: CommitApproval | RefusedApproval): one is RefusedApproval {
  return 'why' in one
}

function messageOf(payload: Buffer): string {
  const text = payload.toString('utf8')
  const start = text.indexOf('\n\n')
  return start === -1 ? '' : text.slice(start + 2)
}
