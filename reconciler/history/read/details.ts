import type { Person } from '../../../schemas/generated/receipt.ts'
import { eachPart } from './git-stream.ts'

/** Who made a commit, and what its message says. */
export type CommitDetails = {
  readonly id: string
  readonly author: Person
  /** RFC 3339, in the author's time zone. */
  readonly authoredAt: string
  readonly committer: Person
  readonly committedAt: string
  readonly message: string
}

const fields = ['%H', '%an', '%ae', '%aI', '%cn', '%ce', '%cI', '%B']
const longestMessage = 20_000

/** Details of these commits, read by one process. @throws GitvirtError `HistoryUnreadable` */
export async function readDetails(gitDir: string, ids: Iterable<string>): Promise<Map<string, CommitDetails>> {
  const details = new Map<string, CommitDetails>()
  const input = [...new Set(ids)].map((id) => `${id}\n`).join('')
  if (input === '') return details
  let parts: string[] = []
  const args = ['log', '--no-walk=unsorted', '--stdin', '--no-show-signature', '--no-patch', '-z', `--format=${fields.join('%x00')}`]
  await eachPart({ gitDir, args, input }, (part) => {
    parts.push(part)
    if (parts.length < fields.length) return
    const one = readOne(parts)
    details.set(one.id, one)
    parts = []
  })
  return details
}

function readOne([
  id = '',
  name = '',
  email = '',
  authoredAt = '',
  committerName = '',
  committerEmail = '',
  committedAt = '',
  message = '',
]: string[]): CommitDetails {
  return {
    id,
    author: { name, email },
    authoredAt,
    committer: { name: committerName, email: committerEmail },
    committedAt,
    message: message.slice(0, longestMessage),
  }
}
