import { isUtf8 } from 'node:buffer'
import { hasControl } from './options.ts'
import type { TreeEntry } from './tree.ts'
import type { RefusedEntry } from './types.ts'

/** What an entry is to us. */
export type Verdict =
  | { readonly kind: 'folder' | 'manifest'; readonly path: string }
  | { readonly kind: 'other' }
  | { readonly kind: 'refused'; readonly refused: RefusedEntry }

const manifest = /\.(?:yaml|yml|json)(?:\.age)?$/i
/** For whom sops encrypts; it is no manifest. */
const sopsSettings = '.sops.yaml'

/** True for the name of a file that may hold manifests. */
export function isManifestName(name: string): boolean {
  return manifest.test(name) && name !== sopsSettings
}

const fileModes: ReadonlySet<string> = new Set(['100644', '100755', '100664'])

/**
 * Judges one entry. Names that could leave a folder or mislead a reader are refused although nothing is ever checked out:
 * other tools of the same repository may. Symlinks and submodules are never followed.
 * @param parent path of the folder, without a trailing slash; empty for the root
 */
export function judgeEntry(parent: string, entry: TreeEntry, maxDepth: number): Verdict {
  return judge(parent, entry, { maxDepth, isListed: isManifestName })
}

/** The same for files of every name: `manifest` stands for any file. */
export function judgeAnyEntry(parent: string, entry: TreeEntry, maxDepth: number): Verdict {
  return judge(parent, entry, { maxDepth })
}

type Rules = { readonly maxDepth: number; readonly isListed?: (name: string) => boolean }

function judge(parent: string, entry: TreeEntry, { maxDepth, isListed }: Rules): Verdict {
  const name = entry.name.toString('utf8')
  const path = parent === '' ? name : `${parent}/${name}`
  const badName = refuseName(entry.name, name)
  if (badName !== undefined) return refuse(parent, printable(name), { code: 'UnsafeName', message: badName })
  if (entry.mode === '120000') return refuse(parent, name, { code: 'Symlink', message: 'Symbolic links are not followed.' })
  if (entry.mode === '160000') return refuse(parent, name, { code: 'Submodule', message: 'Submodules are not fetched.' })
  if (!entry.isTree && !fileModes.has(entry.mode)) {
    return refuse(parent, name, { code: 'UnsafeMode', message: `The entry has the unknown mode ${printable(entry.mode)}.` })
  }
  if (!entry.isTree && isListed?.(name) === false) return { kind: 'other' }
  if (path.split('/').length > maxDepth) {
    return refuse(parent, name, { code: 'TooDeep', message: `The path is deeper than ${maxDepth} folders.` })
  }
  return { kind: entry.isTree ? 'folder' : 'manifest', path }
}

export function refuseSize(path: string, size: number, cap: number): RefusedEntry {
  return { path, code: 'TooLarge', message: `The file has ${size} bytes; at most ${cap} are read.` }
}

function refuse(parent: string, name: string, why: { readonly code: string; readonly message: string }): Verdict {
  return { kind: 'refused', refused: { path: parent === '' ? name : `${parent}/${name}`, ...why } }
}

function refuseName(bytes: Buffer, name: string): string | undefined {
  if (name === '' || name === '.' || name === '..') return 'The name would leave its folder.'
  if (name.toLowerCase() === '.git') return 'The name ".git" belongs to Git itself.'
  if (name.includes('/') || name.includes('\\')) return 'The name holds a slash or backslash.'
  if (!isUtf8(bytes)) return 'The name is not UTF-8.'
  if (hasControl(name)) return 'The name holds a control character.'
  return bytes.length > 255 ? 'The name is longer than 255 bytes.' : undefined
}

function printable(text: string): string {
  let clean = ''
  for (const char of text.slice(0, 255)) clean += hasControl(char) ? '?' : char
  return clean
}
