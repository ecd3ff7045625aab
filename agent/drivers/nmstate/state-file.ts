import { open, readdir, readFile, rm, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { errorCode } from '../../../reconciler/lib/errors.ts'
import { writePrivateFile } from '../../../reconciler/lib/private-file.ts'

/** Most bytes that are read of one state file. */
const maxFileBytes = 16 * 1024 * 1024

/** Writes JSON so that after a crash either the old file or the new one is there, mode 0600. */
export async function writeJson(path: string, value: unknown): Promise<void> {
  await writePrivateFile(path, JSON.stringify(value))
  await syncFolder(dirname(path))
}

/** Reads JSON; undefined where there is no file or it is no JSON. */
export async function readJson(path: string): Promise<unknown> {
  try {
    if ((await stat(path)).size > maxFileBytes) return undefined
    return JSON.parse(await readFile(path, 'utf8')) as unknown
  } catch (error) {
    if (errorCode(error) === 'ENOENT' || error instanceof SyntaxError) return undefined
    throw error
  }
}

/** Absolute paths of the JSON files of a folder; none where it does not exist. */
export async function listJson(folder: string): Promise<readonly string[]> {
  const names = await readdir(folder).catch((error: unknown) => {
    if (errorCode(error) === 'ENOENT') return []
    throw error
  })
  return names.filter((name) => name.endsWith('.json')).map((name) => join(folder, name))
}

/** Removes a file for good; no error where it is gone. */
export async function removeFile(path: string): Promise<void> {
  await rm(path, { force: true })
  await syncFolder(dirname(path)).catch(() => undefined)
}

async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}
