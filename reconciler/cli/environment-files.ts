import { stat } from 'node:fs/promises'
import { createMemoryBlobCache, type BlobCache } from '../desired/cache.ts'
import type { ReadBlobs } from '../desired/types.ts'
import { relativeTo } from '../render/relative.ts'
import { renderOverlay } from '../render/render.ts'
import type { Overlay } from '../render/types.ts'
import { createFolderTree, placeFolder } from './folder-tree.ts'
import { manifestFiles, type ManifestFiles } from './manifest-files.ts'

export type EnvironmentFiles = Omit<ManifestFiles, 'read'> & {
  readonly read: ReadBlobs
  /** Where the files are rendered: what stands for all of them. */
  readonly identity?: string
}

/**
 * The manifests of a folder on disk: its files, or what its overlay renders. Paths are relative to the folder.
 * @throws GitvirtError `PathNotFound`
 */
export async function environmentFiles(path: string, renderings: BlobCache = createMemoryBlobCache()): Promise<EnvironmentFiles> {
  return (await folderOverlay(path, renderings)) ?? (await manifestFiles(path))
}

async function folderOverlay(path: string, cache: BlobCache): Promise<Overlay | undefined> {
  const found = await stat(path).catch(() => undefined)
  if (found?.isDirectory() !== true) return undefined
  const { repository, root } = placeFolder(path)
  const overlay = await renderOverlay({ tree: createFolderTree(repository), root, cache })
  return overlay === undefined ? undefined : relativeTo(root, overlay)
}
