import { readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { lockForProcess } from '../lib/process-lock.ts'

/**
 * Takes the store for this process and clears what a killed one left: git's lock files and half packs.
 * @returns gives the store back
 * @throws GitvirtError `StoreBusy`
 */
export async function lockStore(storeDir: string): Promise<() => void> {
  const unlock = lockForProcess({ path: join(storeDir, 'gitvirt-store'), code: 'StoreBusy', what: `The object store ${storeDir}` })
  try {
    await clearLeftovers(storeDir)
  } catch (error) {
    unlock()
    throw error
  }
  return unlock
}

/** Removes git's lock files and half packs; only the holder of the store may, while no git process runs in it. */
export async function clearLeftovers(storeDir: string): Promise<void> {
  const inside = await readdir(storeDir, { recursive: true })
  for (const name of inside) {
    if (name.endsWith('.lock') || /(?:^|\/)objects\/(?:.*\/)?tmp_[^/]*$/.test(name))
      await rm(join(storeDir, name), { force: true, recursive: true })
  }
}
