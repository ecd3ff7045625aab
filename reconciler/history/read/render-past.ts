import { GitvirtError } from '../../lib/errors.ts'
import { renderOverlay } from '../../render/render.ts'
import type { Overlay, RenderOptions } from '../../render/types.ts'

/**
 * What an environment was at a tree, where it was an overlay. Without the program that renders, it would look as if it had never been.
 * @throws GitvirtError `KustomizeMissing`, `KustomizeTooOld`; what `renderOverlay` throws
 */
export async function renderPast(options: RenderOptions): Promise<Overlay | undefined> {
  const overlay = await renderOverlay(options)
  const faults = overlay?.refused.flatMap(({ errors = [] }) => errors) ?? []
  const missing = faults.find(({ code }) => code === 'KustomizeMissing' || code === 'KustomizeTooOld')
  if (missing === undefined) return overlay
  const { code, message, action } = missing
  throw new GitvirtError({ code, message, ...(action === undefined ? {} : { action }) })
}
