import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { lstat, readFile } from 'node:fs/promises'
import { dirname, join, relative, resolve, sep } from 'node:path'
import type { FileTree, TreeNode } from '../source/types.ts'

/** A folder on disk within its repository: the nearest folder above that holds `.git`, or else itself. */
export type PlacedFolder = { readonly repository: string; /** From there, `/`-separated. */ readonly root: string }

export function placeFolder(folder: string): PlacedFolder {
  const start = resolve(folder)
  for (let at = start; ; at = dirname(at)) {
    if (existsSync(join(at, '.git'))) return { repository: at, root: relative(at, start).replaceAll(sep, '/') }
    if (dirname(at) === at) return { repository: start, root: '' }
  }
}

/** Files on disk, committed or not, as Git would hold them. Symbolic links are refused, wherever they stand on the way. */
export function createFolderTree(repository: string): FileTree {
  const contents = new Map<string, Uint8Array>()
  return {
    at: async (path) => await look(repository, path, contents),
    read: async function* (ids) {
      for (const id of ids) {
        const bytes = contents.get(id)
        if (bytes !== undefined) yield { id, bytes }
      }
    },
  }
}

/** Larger files are in no overlay, so nothing of them is read. */
const mostBytes = 2 ** 20

async function look(repository: string, path: string, contents: Map<string, Uint8Array>): Promise<TreeNode | undefined> {
  let file = repository
  let node: TreeNode = { kind: 'folder', id: '' }
  for (const part of path === '' ? [] : path.split('/')) {
    if (node.kind !== 'folder') return undefined
    if (part.toLowerCase() === '.git') return { kind: 'refused', code: 'UnsafeName', message: 'The name ".git" belongs to Git itself.' }
    file = join(file, part)
    const stat = await lstat(file).catch(() => undefined)
    if (stat === undefined) return undefined
    if (stat.isSymbolicLink()) return { kind: 'refused', code: 'Symlink', message: 'Symbolic links are not followed.' }
    if (stat.isDirectory()) continue
    if (!stat.isFile()) return { kind: 'refused', code: 'UnsafeMode', message: 'It is neither a file nor a folder.' }
    node = { kind: 'file', id: '', size: stat.size }
  }
  return node.kind === 'file' && node.size <= mostBytes ? await readNode(file, contents) : node
}

async function readNode(file: string, contents: Map<string, Uint8Array>): Promise<TreeNode> {
  const bytes = await readFile(file)
  const id = createHash('sha1').update(`blob ${bytes.length}\0`).update(bytes).digest('hex')
  contents.set(id, bytes)
  return { kind: 'file', id, size: bytes.length }
}
