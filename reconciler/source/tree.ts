import { GitvirtError } from '../lib/errors.ts'

/** One entry of a tree object; `name` is a view on the tree's bytes. */
export type TreeEntry = { readonly mode: string; readonly name: Buffer; readonly id: string; readonly isTree: boolean }

/** Two entries of one name, as two versions of a tree hold it. */
export type EntryPair = { readonly before?: TreeEntry; readonly after?: TreeEntry }

const block = 65_536

/**
 * All entries of a raw tree object: `mode SP name NUL id`, ids of `idBytes` raw bytes (20, or 32 for SHA-256).
 * Source: git's tree format, gitrepository-layout(5) and git-hash-object(1).
 * @throws GitvirtError `InvalidTree`
 */
export function parseTree(tree: Buffer, idBytes: number): TreeEntry[] {
  const entries: TreeEntry[] = []
  for (let at = 0; at < tree.length;) {
    const end = entryEnd(tree, at, idBytes)
    entries.push(readEntry(tree, { at, end, idBytes }))
    at = end
  }
  return entries
}

/**
 * False where no entry has this name. Searches bytes, so that asking a folder of a hundred thousand files for a file that it lacks
 * costs no reading of its entries. True is no proof: the bytes of an id may look like a name.
 */
export function mayHold(tree: Buffer, name: string): boolean {
  return tree.includes(` ${name}\0`)
}

/**
 * The entry of a name; undefined where there is none. Only entries that end like it are read.
 * @throws GitvirtError `InvalidTree`
 */
export function findEntry(tree: Buffer, name: string, idBytes: number): TreeEntry | undefined {
  if (!mayHold(tree, name)) return undefined
  const wanted = Buffer.from(name)
  for (let at = 0, end = 0; at < tree.length; at = end) {
    end = entryEnd(tree, at, idBytes)
    const nul = end - idBytes - 1
    if (nul - wanted.length <= at || wanted.compare(tree, nul - wanted.length, nul) !== 0) continue
    const entry = readEntry(tree, { at, end, idBytes })
    if (entry.name.equals(wanted)) return entry
  }
  return undefined
}

/**
 * The entries that differ. Equal stretches at the start and at the end are passed over as bytes,
 * so that one changed entry among a hundred thousand costs little more than comparing memory.
 * @throws GitvirtError `InvalidTree`
 */
export function diffTrees(before: Buffer, after: Buffer, idBytes: number): EntryPair[] {
  const pairs: EntryPair[] = []
  let left = lastBoundary(before, firstDifference(before, after), idBytes)
  let right = left
  while (left < before.length || right < after.length) {
    if (before.length - left === after.length - right && before.subarray(left).equals(after.subarray(right))) break
    const a = left < before.length ? readEntry(before, { at: left, end: entryEnd(before, left, idBytes), idBytes }) : undefined
    const b = right < after.length ? readEntry(after, { at: right, end: entryEnd(after, right, idBytes), idBytes }) : undefined
    const order = a === undefined ? 1 : b === undefined ? -1 : compareEntries(a, b)
    if (a !== undefined && order <= 0) left = entryEnd(before, left, idBytes)
    if (b !== undefined && order >= 0) right = entryEnd(after, right, idBytes)
    if (order === 0 && a?.id === b?.id && a?.mode === b?.mode) continue
    pairs.push({ ...(a !== undefined && order <= 0 ? { before: a } : {}), ...(b !== undefined && order >= 0 ? { after: b } : {}) })
  }
  return pairs
}

/** Git sorts a folder as if its name ended in a slash. */
function compareEntries(a: TreeEntry, b: TreeEntry): number {
  const shared = Math.min(a.name.length, b.name.length)
  const order = a.name.compare(b.name, 0, shared, 0, shared)
  if (order !== 0) return order
  return sortByte(a, shared) - sortByte(b, shared)
}

function sortByte(entry: TreeEntry, index: number): number {
  return entry.name[index] ?? (entry.isTree ? 0x2f : 0)
}

function firstDifference(a: Buffer, b: Buffer): number {
  const length = Math.min(a.length, b.length)
  let at = 0
  while (at < length) {
    const end = Math.min(at + block, length)
    if (a.compare(b, at, end, at, end) !== 0) break
    at = end
  }
  while (at < length && a[at] === b[at]) at += 1
  return at
}

/** The last start of an entry at or before the offset. */
function lastBoundary(tree: Buffer, offset: number, idBytes: number): number {
  let at = 0
  while (at < tree.length) {
    const end = entryEnd(tree, at, idBytes)
    if (end > offset) break
    at = end
  }
  return at
}

function entryEnd(tree: Buffer, at: number, idBytes: number): number {
  let nul = at
  while (nul < tree.length && tree[nul] !== 0) nul += 1
  const end = nul + 1 + idBytes
  if (end > tree.length) throw invalidTree()
  return end
}

function readEntry(tree: Buffer, span: { readonly at: number; readonly end: number; readonly idBytes: number }): TreeEntry {
  const nul = span.end - span.idBytes - 1
  const space = tree.indexOf(0x20, span.at)
  if (space === -1 || space >= nul) throw invalidTree()
  const mode = tree.toString('latin1', span.at, space).replace(/^0+/, '')
  return { mode, name: tree.subarray(space + 1, nul), id: tree.toString('hex', nul + 1, span.end), isTree: mode === '40000' }
}

function invalidTree(): GitvirtError {
  return new GitvirtError({
    code: 'InvalidTree',
    message: 'The repository holds a damaged tree.',
    action: 'Check the repository with git fsck.',
  })
}
