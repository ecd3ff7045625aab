import { readFile } from 'node:fs/promises'
import { GitvirtError } from '../lib/errors.ts'
import type { SavedState } from '../plan/saved-view.ts'

/**
 * A state that `gitvirt plan --save-state` wrote.
 * @throws GitvirtError `InvalidState`
 */
export async function readState(file: string): Promise<SavedState> {
  const text = await readFile(file, 'utf8')
  try {
    const state = JSON.parse(text) as Partial<SavedState>
    if (Array.isArray(state.nodes) && Array.isArray(state.sightings)) return { nodes: state.nodes, sightings: state.sightings }
  } catch {
    // Told below.
  }
  throw new GitvirtError({
    code: 'InvalidState',
    message: `${file} is not a saved state.`,
    action: 'Write one with "gitvirt plan --save-state FILE".',
  })
}
