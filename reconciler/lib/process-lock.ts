import { readFile, rm, writeFile } from 'node:fs/promises'
import { GitvirtError } from './errors.ts'
import { readIfPresent } from './private-file.ts'

export type LockOptions = {
  /** The file that names the holder. */
  readonly path: string
  readonly code: string
  /** What is held, for the message: "The state folder /var/lib/gitvirt". */
  readonly what: string
}

/**
 * Takes something that one process at a time may use. A holder is known by its pid and start time
 * (proc(5), stat field 22), so that a pid that was given to another program does not block; a dead holder's file is taken over.
 * @returns gives it back
 * @throws GitvirtError with the given code
 */
export async function lockForProcess(options: LockOptions): Promise<() => Promise<void>> {
  const mine = `${process.pid} ${await startTime(process.pid)}`
  for (;;) {
    try {
      // Exclusive creation decides between two that start at the same moment.
      await writeFile(options.path, `${mine}\n`, { mode: 0o600, flag: 'wx' })
      return async () => await rm(options.path, { force: true })
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    }
    const holder = (await readIfPresent(options.path))?.trim()
    if (holder !== undefined && holder !== mine && (await isAlive(holder))) throw held(options, holder)
    await rm(options.path, { force: true })
  }
}

function held({ code, what }: LockOptions, holder: string): GitvirtError {
  return new GitvirtError({
    code,
    message: `${what} is in use by process ${holder.split(' ')[0] ?? ''}.`,
    action: 'Stop that process, or name another folder.',
  })
}

async function isAlive(holder: string): Promise<boolean> {
  const [pid = '', started = ''] = holder.split(' ')
  return /^\d+$/.test(pid) && started !== '' && (await startTime(Number(pid))) === started
}

async function startTime(pid: number): Promise<string> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '')
  // The command name may hold spaces and brackets; fields are counted after its last bracket.
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? ''
}
