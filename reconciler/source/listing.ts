import { GitvirtError } from '../lib/errors.ts'
import { judgeEntry, refuseSize } from './entry-rules.ts'
import type { ObjectReader } from './engine.ts'
import type { SourceCaps } from './options.ts'
import { parseTree } from './tree.ts'
import type { TreeReader } from './trees.ts'
import type { Listing, RefusedEntry } from './types.ts'

type Folder = { readonly id: string; readonly path: string }
type Found = { readonly path: string; readonly id: string }

/** What a walk needs of the source. */
export type WalkContext = {
  readonly engine: ObjectReader
  readonly trees: TreeReader
  readonly caps: SourceCaps
  /** False: blobs are measured when they are read, so that a listing needs no look at them. */
  readonly measures?: boolean
}

/**
 * All manifests below a folder, level by level. Trees that name one another many times over are stopped by a count of all entries.
 * @throws GitvirtError `TooManyFiles`, `TooManyBytes`: a part of a listing would look like deletions, so there is none.
 */
export async function listFolder(context: WalkContext, folder: Folder): Promise<Listing> {
  const found: Found[] = []
  const refused: RefusedEntry[] = []
  const seen = new Set<string>()
  let visited = 0
  for (let level: readonly Folder[] = [folder]; level.length > 0;) {
    const next: Folder[] = []
    for await (const { id, path, bytes } of readFolders(context, level)) {
      const entries = parseTree(bytes, id.length / 2)
      visited += entries.length
      if (visited > context.caps.entries * 4 || found.length > context.caps.entries) throw tooMany(context.caps.entries)
      for (const entry of entries) {
        const verdict = judgeEntry(path, entry, context.caps.depth)
        if (verdict.kind === 'refused') refused.push(verdict.refused)
        else if (verdict.kind === 'other') continue
        else if (seen.has(verdict.path)) refused.push(duplicate(verdict.path))
        else {
          seen.add(verdict.path)
          const list = verdict.kind === 'folder' ? next : found
          list.push({ id: entry.id, path: verdict.path })
        }
      }
    }
    level = next
  }
  return context.measures === false ? { entries: atMost(found, context.caps), refused } : await withSizes(context, found, refused)
}

/** Folders that are asked for at the same time: each answer alone would cost a round trip. */
const foldersAtOnce = 64

async function* readFolders({ trees }: WalkContext, folders: readonly Folder[]): AsyncGenerator<Folder & { readonly bytes: Buffer }> {
  for (let at = 0; at < folders.length; at += foldersAtOnce) {
    yield* await Promise.all(
      folders.slice(at, at + foldersAtOnce).map(async (folder) => ({ ...folder, bytes: await trees.read(folder.id) })),
    )
  }
}

function atMost(found: readonly Found[], caps: SourceCaps): readonly Found[] {
  if (found.length > caps.entries) throw tooMany(caps.entries)
  return found
}

async function withSizes(context: WalkContext, found: readonly Found[], refused: RefusedEntry[]): Promise<Listing> {
  const sizes = await context.engine.sizes(atMost(found, context.caps).map((entry) => entry.id))
  const entries = []
  let total = 0
  for (const { path, id } of found) {
    const size = sizes.get(id)
    if (size === undefined) refused.push({ path, code: 'Missing', message: `The repository does not hold the blob ${id}.` })
    else if (size > context.caps.blobBytes) refused.push(refuseSize(path, size, context.caps.blobBytes))
    else {
      total += size
      entries.push({ path, id, size })
    }
  }
  if (total > context.caps.totalBytes) throw tooManyBytes(total, context.caps.totalBytes)
  return { entries, refused }
}

function duplicate(path: string): RefusedEntry {
  return { path, code: 'DuplicateName', message: 'The tree holds this name twice.' }
}

export function tooMany(cap: number): GitvirtError {
  return new GitvirtError({
    code: 'TooManyFiles',
    message: `The repository holds more than ${cap} manifests below the tracked folder.`,
    action: 'Track a folder with fewer files, or raise the cap.',
  })
}

function tooManyBytes(total: number, cap: number): GitvirtError {
  return new GitvirtError({
    code: 'TooManyBytes',
    message: `The manifests below the tracked folder have ${total} bytes together; at most ${cap} are read.`,
    action: 'Track a folder with fewer files, or raise the cap.',
  })
}
