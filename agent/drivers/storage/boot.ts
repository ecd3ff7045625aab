import { readFile } from 'node:fs/promises'

/**
 * The kernel's id of this boot. What was written without being put on disk holds for as long as it stays the same: after a power cut any
 * part of such a file may be missing, also at full length. Source: proc_sys_kernel(5), random/boot_id.
 */
export async function bootId(): Promise<string> {
  return (await readFile('/proc/sys/kernel/random/boot_id', 'utf8')).trim()
}
