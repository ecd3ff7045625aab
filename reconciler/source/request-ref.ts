import { parseRef, type RefTarget } from './ref-name.ts'

/**
 * Reads what a person wants to see merged: a branch, a tag, a commit, or the number of a request as its forge writes it (`#12`, `!12`,
 * `pr/12`, `pull/12`, `mr/12`). Forges publish the head of a request under `refs/pull/N/head` (GitHub, Gitea, Forgejo) or
 * `refs/merge-requests/N/head` (GitLab).
 * @throws GitvirtError `InvalidRef`
 */
export function parseRequest(text: string): RefTarget {
  const number = /^(?:#|!|pr\/|pull\/|mr\/)(\d{1,10})$/.exec(text)?.[1]
  if (number === undefined) return parseRef(text)
  return { kind: 'name', candidates: [`refs/pull/${number}/head`, `refs/merge-requests/${number}/head`] }
}
