import { kindSchemas, sharedSchemas } from '../schemas/documents.ts'

/**
 * Loads what a command loads only where it needs it. A reconciler lives long, and the files of the project may be those of another release
 * before it ends.
 */
export async function loadEarly(): Promise<void> {
  kindSchemas()
  sharedSchemas()
  await Promise.all([import('./render/make-overlay.ts'), import('./desired/engine/kept-blobs.ts')])
}
