import { judgeEntry, refuseSize } from './entry-rules.ts'
import { tooMany, type WalkContext } from './listing.ts'
import { diffTrees, type TreeEntry } from './tree.ts'
import type { RefusedEntry, TreeChange } from './types.ts'

type Side = { id?: string; refused?: RefusedEntry }
type Slot = { before: Side; after: Side }
type FolderPair = { readonly path: string; readonly before?: string; readonly after?: string }
type Walk = { readonly context: WalkContext; readonly slots: Map<string, Slot>; readonly next: FolderPair[] }

const emptyTree = Buffer.alloc(0)

export type ChangeSet = { readonly changes: readonly TreeChange[]; readonly refused: readonly RefusedEntry[] }

/**
 * What differs below a folder between two revisions. Equal trees are never read. A refused path also covers what stood below it.
 * A path that was refused before and is gone now is a change without ids.
 * @throws GitvirtError `TooManyFiles`
 */
export async function diffFolders(context: WalkContext, root: FolderPair): Promise<ChangeSet> {
  const slots = new Map<string, Slot>()
  let visited = 0
  for (let level: readonly FolderPair[] = [root]; level.length > 0;) {
    const next: FolderPair[] = []
    const walk = { context, slots, next }
    for (const pair of level) {
      if (pair.before === pair.after) continue
      visited += await diffFolder(walk, pair)
      if (visited > context.caps.entries * 8) throw tooMany(context.caps.entries)
    }
    level = next
  }
  await refuseLarge(context, slots)
  return summarize(slots)
}

async function diffFolder(walk: Walk, folder: FolderPair): Promise<number> {
  const { trees } = walk.context
  const before = folder.before === undefined ? emptyTree : await trees.read(folder.before)
  const after = folder.after === undefined ? emptyTree : await trees.read(folder.after)
  const idBytes = (folder.before ?? folder.after ?? '').length / 2
  const pairs = diffTrees(before, after, idBytes)
  for (const pair of pairs) {
    const left = place(walk, folder.path, { entry: pair.before, side: 'before' })
    const right = place(walk, folder.path, { entry: pair.after, side: 'after' })
    const path = left?.path ?? right?.path
    if (path === undefined) continue
    walk.next.push({
      path,
      ...(left === undefined ? {} : { before: left.id }),
      ...(right === undefined ? {} : { after: right.id }),
    })
  }
  return pairs.length
}

/** Notes a manifest or refusal; returns a folder for the next level. */
function place(
  walk: Walk,
  parent: string,
  one: { readonly entry: TreeEntry | undefined; readonly side: 'before' | 'after' },
): { path: string; id: string } | undefined {
  if (one.entry === undefined) return undefined
  const verdict = judgeEntry(parent, one.entry, walk.context.caps.depth)
  if (verdict.kind === 'other') return undefined
  if (verdict.kind === 'folder') return { path: verdict.path, id: one.entry.id }
  const path = verdict.kind === 'refused' ? verdict.refused.path : verdict.path
  const slot = walk.slots.get(path) ?? { before: {}, after: {} }
  walk.slots.set(path, slot)
  if (verdict.kind === 'refused') slot[one.side].refused = verdict.refused
  else if (slot[one.side].id === undefined) slot[one.side].id = one.entry.id
  else slot[one.side].refused = { path, code: 'DuplicateName', message: 'The tree holds this name twice.' }
  return undefined
}

async function refuseLarge(context: WalkContext, slots: ReadonlyMap<string, Slot>): Promise<void> {
  const ids = new Set<string>()
  for (const { before, after } of slots.values()) {
    if (before.id !== undefined) ids.add(before.id)
    if (after.id !== undefined) ids.add(after.id)
  }
  const sizes = await context.engine.sizes([...ids])
  for (const [path, slot] of slots) {
    for (const side of [slot.before, slot.after]) {
      if (side.id === undefined) continue
      const size = sizes.get(side.id)
      if (size === undefined) side.refused = { path, code: 'Missing', message: `The repository does not hold the blob ${side.id}.` }
      else if (size > context.caps.blobBytes) side.refused = refuseSize(path, size, context.caps.blobBytes)
    }
  }
}

function summarize(slots: ReadonlyMap<string, Slot>): ChangeSet {
  const changes: TreeChange[] = []
  const refused: RefusedEntry[] = []
  for (const [path, slot] of slots) {
    if (slot.after.refused !== undefined) refused.push(slot.after.refused)
    const before = slot.before.refused === undefined ? slot.before.id : undefined
    const after = slot.after.refused === undefined ? slot.after.id : undefined
    const cleared = slot.before.refused !== undefined && slot.after.refused === undefined
    if (before === after && !cleared) continue
    changes.push({ path, ...(before === undefined ? {} : { before }), ...(after === undefined ? {} : { after }) })
  }
  return { changes, refused }
}
