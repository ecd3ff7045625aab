import type { BlobContent } from './read-blobs.ts'
/** A commit that the tracked reference pointed to. */
export type Revision = {
  readonly commit: string
  readonly tree: string
  /** The reference as configured: a branch, a tag or a commit id. */
  readonly ref: string
  readonly author: { readonly name: string; readonly email: string }
  readonly committedAt: string
  /** First line of the message. */
  readonly subject: string
  /** The annotated tag that the reference led through, with the name by which it is tracked. */
  readonly tag?: { readonly id: string; readonly name: string; readonly bytes: Uint8Array }
  /** True when the earlier head is not an ancestor: somebody rewrote history. */
  readonly rewritten: boolean
}

/** One file below the configured sub-path; paths are relative to the repository root. */
export type BlobEntry = { readonly path: string; readonly id: string; readonly size?: number }

/** A path whose blob differs between two commits; absent ids mean added or removed. */
export type TreeChange = { readonly path: string; readonly before?: string; readonly after?: string }

/** A file that was passed over, and why: too large, a symlink, a submodule, a path that leaves the root. */
export type RefusedEntry = { readonly path: string; readonly code: string; readonly message: string }

export type Listing = { readonly entries: readonly BlobEntry[]; readonly refused: readonly RefusedEntry[] }

/** What stands at a path of a tree; links, submodules and unsafe names are refused, never followed. */
export type TreeNode =
  | { readonly kind: 'file'; readonly id: string; readonly size: number }
  | { readonly kind: 'folder'; readonly id: string }
  | { readonly kind: 'refused'; readonly code: string; readonly message: string }

/** All files of one revision, from the repository's root on, whatever their names. */
export type FileTree = {
  /** What a path from the root leads to; undefined where nothing is there. */
  at(path: string): Promise<TreeNode | undefined>
  /** Contents of files that `at` told of, by blob id. */
  read(ids: readonly string[]): AsyncIterable<{ readonly id: string; readonly bytes: Uint8Array }>
}

export type MergeRequest = {
  /** A branch, tag, commit or request of the forge. */
  readonly ref: string
  /** A commit that was fetched. */
  readonly into: string
  readonly signal?: AbortSignal
}

/** What merging a branch or request into a commit would give. */
export type MergeResult = {
  /** As it was asked for. */
  readonly ref: string
  /** The commit that would be merged. */
  readonly head: string
  readonly author: Revision['author']
  readonly subject: string
  /** The best common ancestor. */
  readonly base: string
  /** The commit that it would be merged into. */
  readonly into: string
  /** Paths in which the two sides contradict each other. */
  readonly conflicts: readonly string[]
  /**
   * Commit objects that it would bring, newest first.
   * @throws GitvirtError `TooManyCommits`
   */
  commits(): Promise<readonly { readonly id: string; readonly bytes: Uint8Array }[]>
  /** As `Source.changes`, also between commits that only the merge has. */
  changes: Source['changes']
  /** As `Source.sameTree`, likewise. */
  sameTree: Source['sameTree']
  /** All manifests below the sub-path of the merged tree; those in conflict hold markers. */
  list(): Promise<Listing>
  /** All files of the merged tree, also above the sub-path. */
  readonly files: FileTree
  /** Contents by blob id, as `Source.read` gives them. */
  read(ids: readonly string[]): AsyncIterable<BlobContent>
}

/** A new branch with one commit that changes files. */
export type NewBranch = {
  /** Without refs/heads/. Where it is taken, a number is added. */
  readonly name: string
  /** A commit that was fetched. */
  readonly parent: string
  /** New contents by path from the repository's root; all are there already. */
  readonly files: ReadonlyMap<string, string>
  readonly message: string
}

/** A Git repository without a work tree. */
export type Source = {
  /** Fetches, resolves the tracked reference and returns it; throws GitvirtError (FetchFailed, RefNotFound, AuthenticationFailed …). */
  fetch(signal?: AbortSignal): Promise<Revision>
  /** All manifests (*.yaml, *.yml, *.json) below the sub-path. */
  list(commit: string): Promise<Listing>
  /** All files of a commit, also above the sub-path. */
  files(commit: string): Promise<FileTree>
  /**
   * Fetches a branch, a tag, a commit or a request of the forge, and merges it; what is tracked stays where it is, and nothing of the
   * merge is kept. Merges go one at a time, beside fetches.
   * @param use is handed the merge, which can be read until it settles
   * @returns what `use` returns
   * @throws GitvirtError `InvalidRef`, `NoCommonHistory`, `GitNeeded`, `FetchTooLarge` (more than `requestBytes`), and what fetching and
   * `use` throw
   */
  merge<T>(request: MergeRequest, use: (merged: MergeResult) => Promise<T>): Promise<T>
  /**
   * Commit objects that `head` has and `after` has not, newest first; `head` alone without `after`, or where they are the same.
   * @throws GitvirtError `TooManyCommits`
   */
  commits(after: string | undefined, head: string): Promise<readonly { readonly id: string; readonly bytes: Uint8Array }[]>
  /** Ids of commits that `head` has and `after` has not, newest first, 10,000 at most. */
  between(after: string, head: string): Promise<readonly string[]>
  /** False also where the store does not hold the history that would tell. */
  isAncestor(ancestor: string, descendant: string): Promise<boolean>
  /**
   * Adds lines to the notes of commits under refs/notes/gitvirt, and pushes them; what is there stays.
   * @throws GitvirtError `GitNeeded`, `NotesRefused`, and what fetching throws
   */
  note(notes: ReadonlyMap<string, readonly string[]>, signal?: AbortSignal): Promise<void>
  /**
   * Pushes a new branch with one commit that changes files that are there; never by force.
   * @returns the name that it got: with a number where the name was taken
   * @throws GitvirtError `GitNeeded`, `InvalidRef`, `BranchRefused`, and what the remote says
   */
  branch(branch: NewBranch, signal?: AbortSignal): Promise<string>
  /** What differs below the sub-path, without reading equal trees. */
  changes(from: string, to: string): Promise<{ readonly changes: readonly TreeChange[]; readonly refused: readonly RefusedEntry[] }>
  /** True where two commits hold the same files, those above the sub-path too. */
  sameTree(one: string, other: string): Promise<boolean>
  /** Contents by blob id, in bulk; order is free, sizes are capped. */
  read(ids: readonly string[]): AsyncIterable<BlobContent>
  close(): Promise<void>
}
