import type { RefusedFile } from '../../desired/types.ts'

/** A manifest path that one commit changed against its first parent; absent ids mean added or removed. */
export type PathEdit = {
  readonly path: string
  readonly before?: string
  readonly after?: string
  /** Why what stands there now is not read: a link, a submodule, an unsafe name. */
  readonly refused?: Omit<RefusedFile, 'path'>
}

/** One commit of the walk. Parents are those that the walk visits: commits that do not touch the folder may be left out. */
export type HistoryCommit = {
  readonly id: string
  readonly parents: readonly string[]
  /** Seconds since 1970. */
  readonly committedAt: number
  readonly edits: readonly PathEdit[]
}
