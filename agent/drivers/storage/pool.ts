import { mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { XMLParser } from 'fast-xml-parser'
import { GitvirtError } from '../../../reconciler/lib/errors.ts'
import { run } from '../../../reconciler/lib/exec.ts'
import { ownFolder, poolUuid, poolXml } from './render.ts'

/** Defines and starts libvirt's pool for a folder. */
export type PoolPort = (name: string, folder: string) => Promise<void>

/** Makes the pool's folder and our own inside it. QEMU's user must be able to go through it. */
export async function makePoolFolder(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o711 })
  for (const part of ['partial', 'quarantine', 'cache']) await mkdir(join(folder, ownFolder, part), { recursive: true, mode: 0o700 })
}

/**
 * The port for a libvirt connection. A pool of this name that is not ours is used as it is where its folder is the same, and never changed.
 * @throws GitvirtError `PoolConflict` where it has another folder
 */
export function createPoolPort(uri: string): PoolPort {
  const virsh = async (...args: string[]): Promise<string> => (await run('virsh', ['-q', '-c', uri, ...args])).stdout
  return async (name, folder) => {
    const xml = await virsh('pool-dumpxml', '--pool', name).catch((error: unknown) => {
      if (error instanceof GitvirtError && /Storage pool not found|no storage pool/i.test(error.message)) return undefined
      throw error
    })
    if (xml !== undefined && readPool(xml).path !== folder) throw conflict(name, readPool(xml).path, folder)
    if (xml !== undefined && readPool(xml).uuid !== poolUuid(name)) return
    if (xml === undefined) await define(virsh, name, folder)
    const active = (await virsh('pool-list', '--name')).split('\n').map((line) => line.trim())
    if (!active.includes(name)) await virsh('pool-start', '--pool', name)
    await virsh('pool-autostart', '--pool', name)
  }
}

async function define(virsh: (...args: string[]) => Promise<string>, name: string, folder: string): Promise<void> {
  const file = join(folder, ownFolder, `pool-${name}.xml`)
  await writeFile(file, poolXml(name, folder), { mode: 0o600 })
  await virsh('pool-define', '--file', file)
  await rm(file)
}

function readPool(xml: string): { uuid: string; path: string } {
  const parsed = new XMLParser({ parseTagValue: false }).parse(xml) as { pool?: { uuid?: string; target?: { path?: string } } }
  return { uuid: parsed.pool?.uuid ?? '', path: (parsed.pool?.target?.path ?? '').replace(/(?<=.)\/+$/, '') }
}

function conflict(name: string, theirs: string, ours: string): GitvirtError {
  return new GitvirtError({
    code: 'PoolConflict',
    message: `libvirt has a pool "${name}" with the folder ${theirs}; the StorageClass wants ${ours}.`,
    action: 'Give the StorageClass another pool name, or the folder of that pool.',
    terminal: true,
  })
}
