import { copyFile, mkdir, readdir, rm, stat, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { errorCode } from '../lib/errors.ts'
import type { MergeCall, MergedObjects } from './engine.ts'
import type { EngineOptions } from './git-engine.ts'
import { Fetcher, notACommit } from './git-fetcher.ts'
import { isShallow, mergeTrees } from './git-merge.ts'
import { prepareStore, runGit } from './git-program.ts'
import { openReader } from './object-reader.ts'

const intoRef = 'refs/gitvirt/into'
const tracked = 'refs/gitvirt/tracked'
const requested = 'refs/gitvirt/requested'
/** Commits of a request that are fetched first where the store has not all of the history: most branches are young. */
const firstDepth = 50

/** Folder of the store in which requests are merged, beside the tracked one. */
function requestDir(storeDir: string): string {
  return `${resolve(storeDir)}-request`
}

/** Removes what a merge left when its process was killed. Only the holder of the tracked store may. */
export async function clearRequestStore(storeDir: string): Promise<void> {
  // A git that is just being ended may still write while its folder goes.
  await rm(requestDir(storeDir), { recursive: true, force: true, maxRetries: 5, retryDelay: 100 })
}

/**
 * Fetches a reference and merges it in a store of its own, which is thrown away after `use`: whoever may open requests could fill the
 * disk otherwise. The store borrows the objects of the tracked one, so that only what is new travels; it never writes there, which
 * leaves the tracked store's list of shallow commits alone too. One call at a time.
 */
export async function mergeAside<T>(options: EngineOptions, call: MergeCall, use: (merged: MergedObjects) => Promise<T>): Promise<T> {
  const storeDir = requestDir(options.storeDir)
  await clearRequestStore(options.storeDir)
  const reader = openReader(storeDir)
  try {
    await borrowStore(options, storeDir, call.into)
    const merged = await mergeIn({ ...options, storeDir }, call)
    return await use({
      ...merged,
      brought: async (most) => {
        const { stdout } = await runGit({ storeDir, args: ['rev-list', `--max-count=${most}`, merged.head, `^${call.into}`] })
        return stdout.split('\n').filter((line) => line !== '')
      },
      sizes: async (ids) => await reader.sizes(ids),
      object: async (id, maxBytes) => await reader.object(id, maxBytes),
      objects: (ids, maxBytes) => reader.objects(ids, maxBytes),
    })
  } finally {
    await reader.close()
    await clearRequestStore(options.storeDir)
  }
}

/** Source: gitrepository-layout(5), objects/info/alternates and shallow. */
async function borrowStore(options: EngineOptions, storeDir: string, into: string): Promise<void> {
  await prepareStore(storeDir, options.remote)
  await mkdir(join(storeDir, 'objects', 'info'), { recursive: true })
  await writeFile(join(storeDir, 'objects', 'info', 'alternates'), `${resolve(options.storeDir, 'objects')}\n`)
  // Without the list, commits whose parents the tracked store never had would look broken.
  await copyFile(join(options.storeDir, 'shallow'), join(storeDir, 'shallow')).catch(ignoreMissing)
  await runGit({ storeDir, args: ['update-ref', '--no-deref', intoRef, into] })
}

function ignoreMissing(error: unknown): void {
  if (errorCode(error) !== 'ENOENT') throw error
}

async function mergeIn(
  options: EngineOptions,
  { into, target, signal }: MergeCall,
): Promise<Omit<MergedObjects, 'brought' | 'object' | 'objects' | 'sizes'>> {
  const { storeDir, caps, remote } = options
  const room = async (): Promise<number> => Math.max(1, caps.requestBytes - (await packedBytes(storeDir)))
  const other = new Fetcher({ ...options, target, into: requested, room })
  const ours = new Fetcher({ ...options, into: tracked, room })
  await other.fetch((await isShallow(storeDir)) ? firstDepth : undefined, signal)
  const { stdout: head, exitCode } = await runGit({
    storeDir,
    args: ['rev-parse', '--verify', '--quiet', `${requested}^{commit}`],
    okCodes: [1, 128],
  })
  if (exitCode !== 0) throw notACommit(remote)
  const deepen = async (commits: number | 'all'): Promise<void> => {
    await ours.deepen(commits, signal)
    await other.deepen(commits, signal)
  }
  return { head, ...(await mergeTrees({ storeDir, into, head, deepen, signal, maxFileBytes: await room() })) }
}

/** Every fetch writes packs, so that the cap holds for all fetches of one request together. */
async function packedBytes(storeDir: string): Promise<number> {
  const folder = join(storeDir, 'objects', 'pack')
  const sizes = await Promise.all((await readdir(folder)).map(async (name) => (await stat(join(folder, name))).size))
  return sizes.reduce((sum, size) => sum + size, 0)
}
