import { createHash } from 'node:crypto'
import type { FileTree, TreeNode } from '../../../../reconciler/source/types.ts'

/** A tree whose files are texts; a text that begins with `->` is a symbolic link. */
export function memoryTree(files: Readonly<Record<string, string>>): FileTree {
  const contents = new Map<string, Buffer>()
  const nodes = new Map<string, TreeNode>([['', { kind: 'folder', id: 'root' }]])
  for (const [path, text] of Object.entries(files)) {
    const id = createHash('sha1').update(text).digest('hex')
    contents.set(id, Buffer.from(text))
    const link: TreeNode = { kind: 'refused', code: 'Symlink', message: 'Symbolic links are not followed.' }
    nodes.set(path, text.startsWith('->') ? link : { kind: 'file', id, size: Buffer.byteLength(text) })
    for (let end = path.lastIndexOf('/'); end > 0; end = path.lastIndexOf('/', end - 1)) {
      nodes.set(path.slice(0, end), { kind: 'folder', id: path.slice(0, end) })
    }
  }
  return {
    at: async (path) => nodes.get(path),
    read: async function* (ids) {
      for (const id of ids) yield { id, bytes: contents.get(id) ?? new Uint8Array() }
    },
  }
}
