/** How forges name the pull request in the message of a merge or of a squashed commit. */
const patterns: readonly RegExp[] = [
  // GitHub; Bitbucket; Gitea and Forgejo; Azure DevOps.
  /^Merge pull request (#\d+) from /,
  /^Merged in .* \(pull request (#\d+)\)/,
  /^Merge pull request '.*' (?:\((#\d+)\)|(#\d+)) /,
  /^Merged PR (\d+): /,
  // GitLab's merge and squash messages.
  /^See merge request ([^\s]*!\d+)$/m,
  // Trailers.
  /^(?:PR-URL|Reviewed-on|Pull-Request): \S*\/(?:pull|pulls|pull-requests|pullrequest)\/(\d+)\/?$/im,
  /^(?:Reviewed-on|Merge-Request): \S*\/merge_requests\/(\d+)\/?$/im,
  /^(?:Pull-Request|Merge-Request): ([#!]?\d+)$/im,
  // Squashed commits, in the subject only: elsewhere a number is an issue as likely as not.
  /^[^\n]* \((#\d+)\)(?:\n|$)/,
  /^[^\n]* \((!\d+)\)(?:\n|$)/,
]

/** The pull request that a commit's message names, as people write it: #12, group/project!12. */
export function pullRequestOf(message: string): string | undefined {
  for (const pattern of patterns) {
    const match = pattern.exec(message)
    const found = match?.[1] ?? match?.[2]
    if (found !== undefined) return /^\d/.test(found) ? `${pattern.source.includes('merge_requests') ? '!' : '#'}${found}` : found
  }
  return undefined
}
