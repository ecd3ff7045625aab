import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { Engine } from './engine.ts'
import { Fetcher, notACommit } from './git-fetcher.ts'
import { pushBranch } from './git-branch.ts'
import { pushNotes } from './git-notes.ts'
import { runGit } from './git-program.ts'
import { openReader } from './object-reader.ts'
import type { Remote, SourceAuth, SourceCaps } from './options.ts'
import type { RefTarget } from './ref-name.ts'
import { mergeAside } from './request-store.ts'

export type EngineOptions = {
  readonly remote: Remote
  readonly target: RefTarget
  readonly storeDir: string
  readonly auth: SourceAuth | undefined
  readonly caps: SourceCaps
  readonly wholeHistory: boolean
}

const incoming = 'refs/gitvirt/incoming'
const manyPacks = 40

/** Fills and reads the store with the git program. The store must be there. */
export function createGitEngine(options: EngineOptions): Engine {
  const { storeDir, caps } = options
  const reader = openReader(storeDir)
  const fetcher = new Fetcher({ ...options, into: incoming, room: async () => caps.fetchBytes })
  return {
    fetch: async (have, signal) => {
      // The first fetch needs no history; later ones bring what lies between, which tells a rewrite from a push.
      await fetcher.fetch(have === undefined && !options.wholeHistory ? 1 : undefined, signal)
      const commit = await reader.id(`${incoming}^{commit}`)
      if (commit === undefined) throw notACommit(options.remote)
      return commit
    },
    tag: async (maxBytes) => {
      const id = await reader.id(incoming)
      const object = id === undefined ? undefined : await reader.object(id, maxBytes)
      return object?.type === 'tag' ? object : undefined
    },
    merge: async (call, use) => await mergeAside(options, call, use),
    branch: async (branch, signal) => await pushBranch(options, branch, signal),
    note: async (notes, signal) => await pushNotes(options, notes, signal),
    readRef: async (name) => await reader.id(name),
    writeRefs: async (refs) => {
      const input = refs.map(({ name, id }) => `update ${name} ${id}\n`).join('')
      await runGit({ storeDir, args: ['update-ref', '--no-deref', '--stdin'], input })
    },
    isAncestor: async (ancestor, descendant) => {
      const args = ['merge-base', '--is-ancestor', ancestor, descendant]
      return (await runGit({ storeDir, args, okCodes: [1, 128] })).exitCode === 0
    },
    between: async (after, head, most) => {
      const { stdout } = await runGit({ storeDir, args: ['rev-list', `--max-count=${most}`, head, `^${after}`] })
      return stdout.split('\n').filter((line) => line !== '')
    },
    sizes: async (ids) => await reader.sizes(ids),
    object: async (id, maxBytes) => await reader.object(id, maxBytes),
    objects: (ids, maxBytes) => reader.objects(ids, maxBytes),
    tidy: async () => {
      const names = await readdir(join(storeDir, 'objects', 'pack'))
      if (names.filter((name) => name.endsWith('.pack')).length < manyPacks) return
      await runGit({ storeDir, args: ['repack', '--quiet', '-d', '--geometric=2'], timeout: 600_000 })
      await reader.close()
    },
    close: async () => await reader.close(),
  }
}
