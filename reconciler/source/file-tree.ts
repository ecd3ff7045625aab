import { GitvirtError } from '../lib/errors.ts'
import { judgeAnyEntry, refuseSize } from './entry-rules.ts'
import type { WalkContext } from './listing.ts'
import { mayHold, parseTree, type TreeEntry } from './tree.ts'
import type { FileTree, Source, TreeNode } from './types.ts'

/** Entries of one folder by name. */
type Folder = (name: string) => TreeEntry | undefined

/**
 * Looks files up by path from one tree down. A folder is read when a path first leads into it.
 * @param root id of the tree
 */
export function createFileTree(context: WalkContext, root: string, read: Source['read']): FileTree {
  const folders = new Map<string, Promise<Folder>>()
  const open = async (id: string): Promise<Folder> => {
    const known = folders.get(id) ?? readFolder(context, id)
    folders.set(id, known)
    return await known
  }
  return { at: async (path) => await look({ context, open, root }, path), read: (ids) => readWhole(read, ids) }
}

/** `at` refuses what is too large to be read, so that nothing here is. */
async function* readWhole(read: Source['read'], ids: readonly string[]): ReturnType<FileTree['read']> {
  for await (const { id, bytes, size } of read(ids)) {
    if (bytes === undefined) throw new GitvirtError({ code: 'TooLarge', message: `The blob ${id} has ${size} bytes, too many to be read.` })
    yield { id, bytes }
  }
}

async function readFolder({ trees }: WalkContext, id: string): Promise<Folder> {
  const tree = await trees.read(id)
  let entries: ReadonlyMap<string, TreeEntry> | undefined
  return (name) => {
    if (entries === undefined && !mayHold(tree, name)) return undefined
    entries ??= new Map(parseTree(tree, id.length / 2).map((entry) => [entry.name.toString('utf8'), entry]))
    return entries.get(name)
  }
}

type Look = { readonly context: WalkContext; readonly open: (id: string) => Promise<Folder>; readonly root: string }

async function look({ context, open, root }: Look, path: string): Promise<TreeNode | undefined> {
  let node: TreeNode = { kind: 'folder', id: root }
  let parent = ''
  for (const part of path === '' ? [] : path.split('/')) {
    if (node.kind !== 'folder') return node.kind === 'refused' ? node : undefined
    const entry: TreeEntry | undefined = (await open(node.id))(part)
    if (entry === undefined) return undefined
    node = await nodeOf(context, parent, entry)
    parent = parent === '' ? part : `${parent}/${part}`
  }
  return node
}

async function nodeOf({ engine, caps }: WalkContext, parent: string, entry: TreeEntry): Promise<TreeNode> {
  const verdict = judgeAnyEntry(parent, entry, caps.depth)
  if (verdict.kind === 'refused') return { kind: 'refused', code: verdict.refused.code, message: verdict.refused.message }
  if (verdict.kind === 'folder') return { kind: 'folder', id: entry.id }
  const size = (await engine.sizes([entry.id])).get(entry.id)
  if (size === undefined) return { kind: 'refused', code: 'Missing', message: `The repository does not hold the blob ${entry.id}.` }
  if (size > caps.blobBytes) return { kind: 'refused', code: 'TooLarge', message: refuseSize(parent, size, caps.blobBytes).message }
  return { kind: 'file', id: entry.id, size }
}
