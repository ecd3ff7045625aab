import { posix } from 'node:path'
import type { FileTree } from '../source/types.ts'
import { kustomizationNames } from './names.ts'

/** Finds the overlay of a folder; undefined where the folder has no kustomization. */
export async function findKustomization(tree: FileTree, root: string): Promise<readonly string[] | undefined> {
  const found: string[] = []
  for (const name of kustomizationNames) if ((await tree.at(posix.join(root, name))) !== undefined) found.push(posix.join(root, name))
  return found.length === 0 ? undefined : found
}
