import { findKustomization } from './find-kustomization.ts'
import type { Overlay, RenderOptions } from './types.ts'

/**
 * What the kustomization of a folder makes of its files; undefined where the folder has none. What is wrong with the overlay is told as
 * errors of its files: then nothing is known of its objects, and none of them is changed or removed.
 * @throws what reading the tree throws
 */
export async function renderOverlay(options: RenderOptions): Promise<Overlay | undefined> {
  if ((await findKustomization(options.tree, options.root)) === undefined) return undefined
  // Loaded here: most environments are no overlays.
  const { makeOverlay } = await import('./make-overlay.ts')
  return await makeOverlay(options)
}
