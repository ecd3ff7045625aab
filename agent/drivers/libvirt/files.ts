import { chmod, chown, mkdir, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { DriverContext } from '../types.ts'

/** Where the generated files of one machine lie. */
export type MachinePaths = {
  /** Survives reboots: seeds, scratch disks, the console log. Owned by QEMU's user. */
  readonly folder: string
  /** Empty after a reboot: sockets. Owned by QEMU's user, mode 0700. */
  readonly sockets: string
  readonly console: string
  readonly consoleLog: string
  readonly vnc: string
  readonly record: string
}

export function machinePaths(context: Pick<DriverContext, 'stateDir' | 'runDir'>, uid: string): MachinePaths {
  const folder = join(context.stateDir, 'guests', uid)
  const sockets = join(context.runDir, 'guests', uid)
  return {
    folder,
    sockets,
    console: join(sockets, 'console.sock'),
    consoleLog: join(folder, 'console.log'),
    vnc: join(sockets, 'vnc.sock'),
    record: join(context.stateDir, 'machines', `${uid}.json`),
  }
}

/** Makes a machine's folders. QEMU's user owns them, because QEMU opens disks and makes the VNC socket itself. */
export async function makeFolders(paths: MachinePaths, user: { readonly uid: number; readonly gid: number }): Promise<void> {
  for (const folder of [paths.folder, paths.sockets]) {
    // The parents may be entered, not listed: libvirt's QEMU is another user than the agent.
    await mkdir(dirname(folder), { recursive: true, mode: 0o711 })
    await mkdir(folder, { recursive: true, mode: 0o700 })
    await chmod(folder, 0o700)
    await chown(folder, user.uid, user.gid)
  }
}

/**
 * Lets QEMU's user pass through the agent's folders to the machines' own, where it is not the agent's user.
 * Passing is all: the folders still cannot be listed or read.
 */
export async function letQemuPass(folders: readonly string[], user: { readonly uid: number }): Promise<void> {
  if (user.uid === process.getuid?.()) return
  for (const folder of folders) {
    const { mode } = await stat(folder)
    if ((mode & 0o001) === 0) await chmod(folder, (mode & 0o777) | 0o011)
  }
}
