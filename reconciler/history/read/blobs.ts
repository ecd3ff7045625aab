import type { BlobCache } from '../../desired/cache.ts'
import { unreadContent, type FileContent } from '../../desired/engine/file-state.ts'
import { loadBlobs } from '../../desired/engine/load-blobs.ts'
import type { JudgedBlob } from '../../desired/judge/types.ts'
import { defaultLimits } from '../../desired/parse/limits.ts'
import { GitvirtError } from '../../lib/errors.ts'
import type { ObjectKey } from '../../lib/object-key.ts'
import { CatFile } from '../../source/cat-file.ts'
import type { HistoryCommit } from '../meaning/commit.ts'
import { eachPart } from './git-stream.ts'
import { createMentions } from './mentions.ts'

export type BlobQuery = {
  readonly gitDir: string
  readonly commits: readonly HistoryCommit[]
  /** Without it, every blob is judged. */
  readonly wanted?: ObjectKey
  readonly cache?: BlobCache
}

/** Ids of one reading: enough to keep git busy, few enough for memory. */
const batch = 5000

/**
 * What the blobs of these commits say, as far as they can concern the wanted object: the few whose text can declare it are judged, and
 * those that came after one that did at the same path, for they may be the same file, broken.
 */
export async function readContents(query: BlobQuery): Promise<(id: string) => FileContent | undefined> {
  const reader = new BlobReader(query)
  const ids = idsOf(query.commits)
  const { wanted } = query
  const judged = await reader.judge(wanted === undefined ? ids : await reader.search(ids, wanted))
  if (wanted !== undefined) await judgeFollowers(reader, judged, { wanted, commits: query.commits })
  return (id) => {
    const size = reader.tooLarge.get(id)
    if (size !== undefined) return unreadContent(id, size, defaultLimits)
    const blob = judged.get(id)
    return blob === undefined ? undefined : { id, blob }
  }
}

/** Which of these objects some blob of the commits can declare. */
export async function mentionedIn(query: Pick<BlobQuery, 'gitDir' | 'commits'>, keys: readonly ObjectKey[]): Promise<Set<ObjectKey>> {
  return keys.length === 0 ? new Set() : await new BlobReader(query).mentioned(idsOf(query.commits), keys)
}

function idsOf(commits: readonly HistoryCommit[]): string[] {
  const ids = new Set<string>()
  for (const { edits } of commits) for (const { after } of edits) if (after !== undefined) ids.add(after)
  return [...ids]
}

type Read = { readonly id: string; readonly bytes: Buffer }

class BlobReader {
  readonly #query: BlobQuery
  /** Bytes that the search came by. */
  readonly #bytes = new Map<string, Buffer>()
  readonly tooLarge = new Map<string, number>()

  constructor(query: BlobQuery) {
    this.#query = query
  }

  /** The blobs that can declare an object. */
  async search(ids: readonly string[], wanted: ObjectKey): Promise<string[]> {
    const mentions = createMentions(wanted)
    for (let at = 0; at < ids.length; at += batch) {
      await this.#read(ids.slice(at, at + batch), ({ id, bytes }) => {
        if (mentions(bytes)) this.#bytes.set(id, bytes)
      })
    }
    return [...this.#bytes.keys()]
  }

  /** Which of these objects some of the blobs can declare; one that is too large to be read may declare any. */
  async mentioned(ids: readonly string[], keys: readonly ObjectKey[]): Promise<Set<ObjectKey>> {
    const open = new Map(keys.map((key) => [key, createMentions(key)]))
    for (let at = 0; at < ids.length && open.size > 0; at += batch) {
      await this.#read(ids.slice(at, at + batch), ({ bytes }) => {
        for (const [key, mentions] of open) if (mentions(bytes)) open.delete(key)
      })
    }
    return new Set(keys.filter((key) => !open.has(key) || this.tooLarge.size > 0))
  }

  async judge(ids: readonly string[]): Promise<Map<string, JudgedBlob>> {
    const { cache } = this.#query
    const read = (missing: readonly string[]): AsyncGenerator<Read> => this.#contents(missing)
    return await loadBlobs(ids, { cache, limits: defaultLimits, read })
  }

  async *#contents(ids: readonly string[]): AsyncGenerator<Read> {
    for (let at = 0; at < ids.length; at += batch) {
      const some = ids.slice(at, at + batch)
      const found: Read[] = some.flatMap((id) => this.#known(id))
      await this.#read(
        some.filter((id) => !this.#bytes.has(id)),
        (one) => void found.push(one),
      )
      yield* found
    }
  }

  #known(id: string): Read[] {
    const bytes = this.#bytes.get(id)
    return bytes === undefined ? [] : [{ id, bytes }]
  }

  async #read(ids: readonly string[], take: (one: Read) => void): Promise<void> {
    const git = new CatFile(this.#query.gitDir, true, 'bulk')
    const answers = ids.map(async (id) => {
      const answer = await git.request(id, defaultLimits.maxBytes)
      if (answer === undefined) throw missingBlob(id)
      if (answer.bytes === undefined) this.tooLarge.set(id, answer.size)
      else take({ id, bytes: answer.bytes })
    })
    await Promise.all([...answers, git.close()])
  }
}

function missingBlob(id: string): GitvirtError {
  return new GitvirtError({
    code: 'HistoryUnreadable',
    message: `The repository does not hold the file content ${id}, so what it said is not known.`,
    action: 'A partial clone must be filled first: git fetch --refetch --no-filter. Else check the repository with git fsck.',
    terminal: true,
  })
}

type Trail = { readonly wanted: ObjectKey; readonly commits: readonly HistoryCommit[] }

/** Judges what came after a blob that has, or may have, a word on the key, until nothing new does. */
async function judgeFollowers(reader: BlobReader, judged: Map<string, JudgedBlob>, { wanted, commits }: Trail): Promise<void> {
  const followers = followersOf(commits)
  let concerned = [...judged].filter(([, blob]) => declares(blob, wanted)).map(([id]) => id)
  while (concerned.length > 0) {
    const next = new Set(concerned.flatMap((id) => [...(followers.get(id) ?? [])]).filter((id) => !judged.has(id)))
    const more = await reader.judge([...next])
    for (const [id, blob] of more) judged.set(id, blob)
    // What is whole and does not declare the key ends the trail.
    concerned = [...more].filter(([, blob]) => blob.broken).map(([id]) => id)
  }
}

function declares({ objects, invalid, guesses, broken }: JudgedBlob, key: ObjectKey): boolean {
  return broken || guesses.includes(key) || objects.some((one) => one.key === key) || invalid.some((one) => one.key === key)
}

function followersOf(commits: readonly HistoryCommit[]): Map<string, Set<string>> {
  const followers = new Map<string, Set<string>>()
  for (const { edits } of commits) {
    for (const { before, after } of edits) {
      if (before === undefined || after === undefined) continue
      const known = followers.get(before)
      if (known === undefined) followers.set(before, new Set([after]))
      else known.add(after)
    }
  }
  return followers
}

/** Id of the file at a path of a commit; undefined where there is none. */
export async function readPath(gitDir: string, commit: string, path: string): Promise<string | undefined> {
  let id: string | undefined
  await eachPart({ gitDir, args: ['ls-tree', '-z', commit, '--', path] }, (part) => {
    id = /^100(?:644|755|664) blob ([0-9a-f]+)\t/.exec(part)?.[1]
  })
  return id
}

/** The bytes of one blob; undefined where it is gone or larger than a manifest may be. */
export async function readBlob(gitDir: string, id: string): Promise<Buffer | undefined> {
  const git = new CatFile(gitDir, true)
  const [answer] = await Promise.all([git.request(id, defaultLimits.maxBytes), git.close()])
  return answer?.bytes
}
