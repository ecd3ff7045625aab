import type { MergedTree } from './git-merge.ts'
import type { NoteLines } from './git-notes.ts'
import type { RefTarget } from './ref-name.ts'
import type { NewBranch } from './types.ts'

/** A raw Git object. */
export type GitObject = { readonly id: string; readonly type: string; readonly bytes: Buffer }

/** A raw Git object, its content where it was not too large to read. */
export type MeasuredObject = { readonly id: string; readonly type: string; readonly size: number; readonly bytes?: Buffer }

/** Reads objects of a store by their ids. */
export type ObjectReader = {
  /** Sizes in bytes by id; an id that the store lacks is absent. */
  sizes(ids: readonly string[]): Promise<ReadonlyMap<string, number>>
  /** One object, or undefined where it is missing or larger than `maxBytes`. */
  object(id: string, maxBytes: number): Promise<GitObject | undefined>
  /**
   * Many objects, in the order of their ids, as many at a time as there are; without `bytes` where they are more than `maxBytes`. Missing
   * ones are left out.
   */
  objects(ids: readonly string[], maxBytes: number): AsyncIterable<readonly MeasuredObject[]>
}

export type MergeCall = {
  /** A commit of the store. */
  readonly into: string
  readonly target: RefTarget
  readonly signal?: AbortSignal | undefined
}

/** A merged tree, and what reads it and all that it was made of. */
export type MergedObjects = MergedTree &
  ObjectReader & {
    readonly head: string
    /** Ids of at most `most` commits that the merge would bring, newest first. */
    readonly brought: (most: number) => Promise<readonly string[]>
  }

export type RefUpdate = { readonly name: string; readonly id: string }

/** How a store is filled and read; one implementation runs the git program, one is isomorphic-git. */
export type Engine = ObjectReader & {
  /**
   * Brings the tracked commit and its trees and blobs into the store and returns its id.
   * @param have the last head, if any, which the remote need not send again
   */
  fetch(have: string | undefined, signal?: AbortSignal): Promise<string>
  /** The annotated tag that the last fetch found; undefined for a branch, a commit, or a tag that is but a name. */
  tag(maxBytes: number): Promise<GitObject | undefined>
  /**
   * Fetches another reference and merges it into a commit of the store, which itself stays as it is. One call at a time; it may go on
   * beside a fetch.
   * @param use what it is handed can be read until it settles
   * @throws GitvirtError `GitNeeded` where the implementation cannot merge, `FetchTooLarge` beyond `requestBytes`, and what fetching throws
   */
  merge<T>(call: MergeCall, use: (merged: MergedObjects) => Promise<T>): Promise<T>
  /**
   * Adds lines to commits' notes (refs/notes/gitvirt) and pushes them.
   * @throws GitvirtError `GitNeeded`, `NotesRefused`, and what fetching throws
   */
  note(notes: NoteLines, signal?: AbortSignal): Promise<void>
  /**
   * Pushes a new branch with one commit that changes files.
   * @throws GitvirtError `GitNeeded`, `BranchRefused`, and what the remote says
   */
  branch(branch: NewBranch, signal?: AbortSignal): Promise<string>
  readRef(name: string): Promise<string | undefined>
  /** Writes references in this order; a crash may leave the later ones as they were. */
  writeRefs(refs: readonly RefUpdate[]): Promise<void>
  /** False also where the store does not hold the history that would tell. */
  isAncestor(ancestor: string, descendant: string): Promise<boolean>
  /** Ids of at most `most` commits that `head` has and `after` has not, newest first. */
  between(after: string, head: string, most: number): Promise<readonly string[]>
  /** Housekeeping after a fetch; never loses an object that a reference reaches. */
  tidy(): Promise<void>
  close(): Promise<void>
}
