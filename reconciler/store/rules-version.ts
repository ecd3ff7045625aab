import { createHash, hash } from 'node:crypto'
import { lstatSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

const project = join(import.meta.dirname, '..', '..')

/** What decides what of a commit is read, and how. */
export const manifestRules = ['schemas', 'reconciler/source', 'reconciler/desired', 'reconciler/lib']

/** Digests of folders of the project. Code that is loaded does not change, so that each source is read once in the life of a process. */
const known = new Map<string, string>()

/** A digest of all that decides what a reconciler makes of manifests and observations. */
export function codeVersion(): string {
  return projectVersion(['schemas', 'reconciler'])
}

/** A digest of all that decides what is made of a manifest. */
export function manifestVersion(): string {
  return projectVersion(manifestRules)
}

/** A digest of all sources in folders of the project, and of its libraries. */
export function projectVersion(folders: readonly string[]): string {
  const files = [join(project, 'package.json')]
  return rulesVersion({ folders: folders.map((folder) => join(project, folder)), files, known })
}

/** Folders and files that a digest is made of; `known` keeps the digests of folders from one call to the next. */
export type Rules = { readonly folders: readonly string[]; readonly files?: readonly string[]; readonly known?: Map<string, string> }

/**
 * A digest of all sources in these folders (.ts, .js and .json), and of these files: two programs with the same digest judge a blob
 * alike. Changes of the code need no version number that somebody could forget to raise; those of libraries show in package.json,
 * which names each by its exact version.
 */
export function rulesVersion({ folders, files = [], known: digests = new Map() }: Rules): string {
  const parts = [...files.map((file) => hash('sha256', readFileSync(file))), ...folders.map((folder) => folderDigest(folder, digests))]
  return hash('sha256', parts.join('\n'))
}

/** Digest of a folder: of the names and digests of what it holds, in the order of names. */
function folderDigest(folder: string, digests: Map<string, string>): string {
  const found = digests.get(folder)
  if (found !== undefined) return found
  const lines: string[] = []
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = `${folder}/${entry.name}`
    if (entry.isDirectory()) lines.push(`${entry.name}/\0${folderDigest(path, digests)}`)
    else if (/\.(?:ts|js|json)$/.test(entry.name)) lines.push(`${entry.name}\0${hash('sha256', readFileSync(path))}`)
  }
  const digest = hash('sha256', lines.sort().join('\n'))
  digests.set(folder, digest)
  return digest
}

/**
 * The same of folders of the project without reading the sources: by size, inode and the time of the last change of each, which nobody
 * can set back. Another installation of the same sources has another stamp, so it suits caches that are cheap to lose.
 */
export function projectStamp(folders: readonly string[]): string {
  const stamp = createHash('sha256')
  const rest = folders.map((folder) => join(project, folder))
  for (let folder = rest.pop(); folder !== undefined; folder = rest.pop()) {
    for (const entry of readdirSync(folder, { withFileTypes: true })) {
      const path = `${folder}/${entry.name}`
      if (entry.isDirectory()) rest.push(path)
      else {
        const { size, ino, ctimeMs } = lstatSync(path)
        stamp.update(`${path}\0${size} ${ino} ${ctimeMs}\0`)
      }
    }
  }
  return stamp.digest('hex')
}
