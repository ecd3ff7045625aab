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
export type WalkContext = { readonly engine: ObjectReader; readonly trees: TreeReader; readonly caps: SourceCaps }

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
    for (const { id, path } of level) {
      const entries = parseTree(await context.trees.read(id), id.length / 2)
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
  return await withSizes(context, found, refused)
}

async function withSizes(context: WalkContext, found: readonly Found[], refused: RefusedEntry[]): Promise<Listing> {
  if (found.length > context.caps.entries) throw tooMany(context.caps.entries)
  const sizes = await context.engine.sizes(found.map((entry) => entry.id))
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
