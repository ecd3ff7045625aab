import { createHash } from 'node:crypto'
import { globSync, lstatSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

const project = join(import.meta.dirname, '..', '..')

/** A digest of all that decides what a reconciler makes of manifests and observations. */
export function codeVersion(): string {
  return rulesVersion(
    ['schemas', 'reconciler'].map((folder) => join(project, folder)),
    [join(project, 'package.json')],
  )
}

/**
 * A digest of all sources in these folders (.ts, .js and .json), and of these files: two programs with the same digest judge a blob
 * alike. Changes of the code need no version number that somebody could forget to raise; those of libraries show in package.json,
 * which names each by its exact version.
 */
export function rulesVersion(folders: readonly string[], files: readonly string[] = []): string {
  const hash = createHash('sha256')
  for (const file of files) hash.update(readFileSync(file)).update('\0')
  for (const folder of folders) {
    for (const file of globSync('**/*.{ts,js,json}', { cwd: folder }).sort()) {
      hash
        .update(file)
        .update('\0')
        .update(readFileSync(join(folder, file)))
        .update('\0')
    }
  }
  return hash.digest('hex')
}

/**
 * The same without reading the sources: by size, inode and the time of the last change of each, which nobody can set back. Another
 * installation of the same sources has another stamp, so it suits caches that are cheap to lose.
 */
export function rulesStamp(folders: readonly string[]): string {
  const hash = createHash('sha256')
  const rest = [...folders]
  for (let folder = rest.pop(); folder !== undefined; folder = rest.pop()) {
    for (const entry of readdirSync(folder, { withFileTypes: true })) {
      const path = `${folder}/${entry.name}`
      if (entry.isDirectory()) rest.push(path)
      else {
        const { size, ino, ctimeMs } = lstatSync(path)
        hash.update(`${path}\0${size} ${ino} ${ctimeMs}\0`)
      }
    }
  }
  return hash.digest('hex')
}
