/** A pull or merge request that is open. */
export type Request = {
  readonly number: number
  /** Commit at the head of its branch. */
  readonly head: string
  readonly title: string
}

/** A commit status; forges show it beside the commit and can make it a condition of the merge. */
export type CommitStatus = {
  readonly context: string
  readonly state: 'pending' | 'success' | 'failure'
  /** One line. */
  readonly description: string
}

/**
 * A forge's repository, as far as planning of requests needs it.
 * Every call may throw GitvirtError `ForgeRefused` (token or rights), `ForgeBusy` (rate limit) or `ForgeFailed`.
 */
export type Forge = {
  /** Open requests against a branch. */
  requests(branch: string): Promise<readonly Request[]>
  /** Makes our one comment with this marker on a request, or brings it up to date. */
  comment(request: number, comment: { readonly marker: string; readonly body: string }): Promise<void>
  status(commit: string, status: CommitStatus): Promise<void>
}

export type ForgeKind = 'github' | 'gitlab' | 'gitea'

export type ForgeOptions = {
  readonly kind: ForgeKind
  /** Address of the API, such as https://api.github.com, https://gitlab.example.com/api/v4, https://gitea.example.com/api/v1. */
  readonly api: string
  /** owner/name; of GitLab the whole path with its groups. */
  readonly repository: string
  /** File with the token, read anew at each call, so that it can be rotated. */
  readonly tokenFile: string
}
