import { mkdir, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'

export type Git = (...args: string[]) => Promise<string>

/** Who made a commit, and what it says. */
export type Words = { readonly message: string; readonly author: string }

/** A clone that people edit and commit in. */
export class WorkTree {
  readonly #folder: string
  readonly git: Git

  constructor(folder: string, git: Git) {
    this.#folder = folder
    this.git = async (...args) => (await git(...args)).trim()
  }

  /** Writes files and commits; others stay as they are. */
  async edit(files: ReadonlyMap<string, string>, words: Words): Promise<void> {
    for (const [path, text] of files) {
      await mkdir(dirname(join(this.#folder, path)), { recursive: true })
      await writeFile(join(this.#folder, path), text)
    }
    await this.git('add', '--all')
    await this.commit(words)
  }

  /** Makes these all the manifests that there are, and commits. */
  async replace(files: ReadonlyMap<string, string>, words: Words): Promise<void> {
    const before = (await this.git('ls-files')).split('\n').filter((path) => path !== '' && !beside.test(path))
    for (const path of before) if (!files.has(path)) await rm(join(this.#folder, path))
    await this.edit(files, words)
  }

  /** Commits what is staged. */
  async commit({ message, author }: Words): Promise<void> {
    await this.git('commit', '--quiet', '--author', `${author} <${author}@example.org>`, '--message', message)
  }
}

/** Files beside the manifests. */
const beside = /(^|\/)(gitvirt\.yaml|README\.md)$/
