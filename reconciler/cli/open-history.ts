import { homedir } from 'node:os'
import { join } from 'node:path'
import { kinds, resolveKind } from '../../schemas/kinds.ts'
import { defaultNamespace } from '../desired/defaults/default-object.ts'
import type { History } from '../history/history.ts'
import { GitvirtError } from '../lib/errors.ts'
import { objectKey, type ObjectKey } from '../lib/object-key.ts'
import type { ClosableBlobCache } from '../store/blob-cache.ts'

/** Flags of every command that reads the history of a local repository. */
export type HistoryFlags = {
  readonly repo?: string
  readonly ref?: string
  readonly path?: string
  readonly firstParent?: boolean
  readonly cacheDir?: string
}

/** Where parsed manifests are kept from one command to the next. Source of the default: XDG Base Directory Specification. */
function historyCacheDir(flags: HistoryFlags): string {
  const { XDG_CACHE_HOME: cache = '' } = process.env
  return flags.cacheDir ?? join(cache.startsWith('/') ? cache : join(homedir(), '.cache'), 'gitvirt')
}

/**
 * Opens the history, hands it to the work, and closes it. A cache that cannot be opened costs time, nothing else. What reads manifests is
 * loaded here, so that other commands start without it.
 */
export async function withHistory<T>(flags: HistoryFlags, work: (history: History) => Promise<T>): Promise<T> {
  await using stack = new AsyncDisposableStack()
  const { openHistory } = await import('../history/history.ts')
  const { openRenderCache } = await import('../store/manifest-cache.ts')
  const cache = await openCache(historyCacheDir(flags))
  if (cache !== undefined) stack.defer(() => cache.close())
  const { repo = '.', ref, path, firstParent } = flags
  const history = await openHistory({
    repo,
    renderings: stack.adopt(openRenderCache(historyCacheDir(flags)), (value) => value.close()),
    ...(ref === undefined ? {} : { ref }),
    ...(path === undefined ? {} : { path }),
    ...(firstParent === undefined ? {} : { firstParent }),
    ...(cache === undefined ? {} : { cache }),
  })
  stack.defer(async () => await history.close())
  return await work(history)
}

async function openCache(dir: string): Promise<ClosableBlobCache | undefined> {
  const { openManifestCache } = await import('../store/manifest-cache.ts')
  try {
    return openManifestCache(dir)
  } catch {
    return undefined
  }
}

/**
 * The key of what a person typed: KIND/NAME, the kind by any of its names.
 * @throws GitvirtError `InvalidArgument`, `UnknownResource`
 */
export function typedKey(typed: string, namespace: string = defaultNamespace): ObjectKey {
  const [kind = '', name = '', ...rest] = typed.split('/')
  if (name === '' || rest.length > 0) {
    throw new GitvirtError({ code: 'InvalidArgument', message: `error: "${typed}" is not KIND/NAME`, action: 'Write for example vm/web.' })
  }
  const info = resolveKind(kind)
  if (info === undefined || !info.declarable) {
    const known = kinds.map(({ kind, shortNames }) => shortNames[0] ?? kind.toLowerCase()).join(', ')
    throw new GitvirtError({
      code: 'UnknownResource',
      message: `error: Git declares no resource type "${kind}"`,
      action: `Use one of ${known}.`,
    })
  }
  return objectKey(info.kind, info.namespaced ? namespace : '', name)
}

/**
 * One of the output formats.
 * @throws GitvirtError `InvalidFlag`
 */
export function outputFormat<T extends string>(given: string | undefined, formats: readonly T[]): T | undefined {
  const found = formats.find((format) => format === given)
  if (given === undefined || found !== undefined) return found
  throw new GitvirtError({
    code: 'InvalidFlag',
    message: `error: unable to match a printer suitable for the output format "${given}"`,
    action: `Use one of ${formats.join(', ')}.`,
  })
}
