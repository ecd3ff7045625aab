import { readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { GitvirtError, errorCode } from '../lib/errors.ts'

const lockName = 'gitvirt.pid'

/**
 * Takes the store for this process and clears what a killed one left: git's lock files and half packs.
 * A holder is known by its pid and start time (proc(5), stat field 22), so that a reused pid does not block.
 * @returns gives the store back
 * @throws GitvirtError `StoreBusy`
 */
export async function lockStore(storeDir: string): Promise<() => Promise<void>> {
  const path = join(storeDir, lockName)
  const mine = `${process.pid} ${await startTime(process.pid)}`
  const holder = (await readIfThere(path))?.trim()
  if (holder !== undefined && holder !== mine && (await isAlive(holder))) {
    throw new GitvirtError({
      code: 'StoreBusy',
      message: `The object store ${storeDir} is used by process ${holder.split(' ')[0] ?? ''}.`,
      action: 'Stop that process, or give this one a store of its own.',
    })
  }
  await writeFile(path, `${mine}\n`, { mode: 0o600 })
  await clearLeftovers(storeDir)
  return async () => await rm(path, { force: true })
}

/** Removes git's lock files and half packs; only the holder of the store may, while no git process runs in it. */
export async function clearLeftovers(storeDir: string): Promise<void> {
  const inside = await readdir(storeDir, { recursive: true })
  for (const name of inside) {
    if (name.endsWith('.lock') || /(?:^|\/)objects\/(?:.*\/)?tmp_[^/]*$/.test(name))
      await rm(join(storeDir, name), { force: true, recursive: true })
  }
}

async function isAlive(holder: string): Promise<boolean> {
  const [pid = '', started = ''] = holder.split(' ')
  return /^\d+$/.test(pid) && (await startTime(Number(pid))) === started && started !== ''
}

async function startTime(pid: number): Promise<string> {
  const stat = await readIfThere(`/proc/${pid}/stat`)
  // The command name may hold spaces and brackets; fields are counted after its last bracket.
  return stat?.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? ''
}

async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined
    throw error
  }
}
