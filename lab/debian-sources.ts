import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { GitvirtError } from '../reconciler/lib/errors.ts'

/**
 * The machine's own Debian package sources as files, so that mirrors and proxies that work for it work in what is built on it.
 * @throws GitvirtError `NoPackageSources`
 */
export async function debianSources(): Promise<readonly string[]> {
  const folder = '/etc/apt/sources.list.d'
  const names = await readdir(folder).catch(() => [])
  const files = names.filter((name) => name.endsWith('.sources') || name.endsWith('.list')).map((name) => join(folder, name))
  const classic = await stat('/etc/apt/sources.list').catch(() => undefined)
  const all = [...(classic === undefined || classic.size === 0 ? [] : ['/etc/apt/sources.list']), ...files]
  if (all.length === 0) throw new GitvirtError({ code: 'NoPackageSources', message: 'This machine has no Debian package sources.' })
  return all
}
