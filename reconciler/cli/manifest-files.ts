import { createHash } from 'node:crypto'
import { lstat, readdir, readFile } from 'node:fs/promises'
import { join, relative } from 'node:path'
import type { RefusedFile, TreeEntry } from '../desired/types.ts'
import { errorCode, GitvirtError } from '../lib/errors.ts'

const manifest = /\.(ya?ml|json)(\.age)?$/i
const skipped = new Set(['.git', 'node_modules'])
const mostFiles = 200_000

export type ManifestFiles = {
  readonly entries: readonly TreeEntry[]
  readonly refused: readonly RefusedFile[]
  readonly read: (ids: readonly string[]) => AsyncIterable<{ readonly id: string; readonly bytes: Uint8Array }>
}

/**
 * Lists the manifests below a folder (or one file) as Git would hold them: paths relative to it, ids of contents.
 * Symbolic links are not followed.
 * @throws GitvirtError `PathNotFound`
 */
export async function manifestFiles(path: string): Promise<ManifestFiles> {
  const stat = await lstat(path).catch((cause: unknown) => {
    throw new GitvirtError({
      code: 'PathNotFound',
      message: `${path}: ${errorCode(cause) === 'ENOENT' ? 'there is no such file or folder' : String(cause)}.`,
      cause,
    })
  })
  const base = stat.isDirectory() ? path : ''
  const names = stat.isDirectory() ? await walk(path) : { files: [path], links: [] }
  const contents = new Map<string, Uint8Array>()
  const entries: TreeEntry[] = []
  for (const file of names.files) {
    const bytes = await readFile(file)
    const id = createHash('sha1').update(`blob ${bytes.length}\0`).update(bytes).digest('hex')
    contents.set(id, bytes)
    entries.push({ path: base === '' ? file : relative(base, file), id, size: bytes.length })
  }
  const refused = names.links.map((link) => ({ path: relative(base, link), code: 'Symlink', message: 'Symbolic links are not followed.' }))
  return {
    entries,
    refused,
    read: async function* (ids) {
      for (const id of ids) {
        const bytes = contents.get(id)
        if (bytes !== undefined) yield { id, bytes }
      }
    },
  }
}

async function walk(root: string): Promise<{ readonly files: string[]; readonly links: string[] }> {
  const files: string[] = []
  const links: string[] = []
  const folders = [root]
  for (let folder = folders.pop(); folder !== undefined; folder = folders.pop()) {
    for (const entry of await readdir(folder, { withFileTypes: true })) {
      const path = join(folder, entry.name)
      if (entry.isDirectory() && !skipped.has(entry.name)) folders.push(path)
      else if (manifest.test(entry.name) && entry.name !== '.sops.yaml') (entry.isSymbolicLink() ? links : files).push(path)
      if (files.length > mostFiles)
        throw new GitvirtError({
          code: 'TooManyFiles',
          message: `${root} holds more than ${mostFiles} manifests.`,
          action: 'Name a smaller folder.',
        })
    }
  }
  return { files: files.sort(), links }
}
