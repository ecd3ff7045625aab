import type { BlobCache } from '../../desired/cache.ts'
import type { SavedState } from '../../plan/saved-view.ts'
import { kustomizationNames } from '../../render/names.ts'
import type { Overlay } from '../../render/types.ts'
import type { LocalRepository } from '../../source/local-repository.ts'
import { holdsAny, resolveTree } from '../../source/local-tree.ts'
import { parseSubPath } from '../../source/options.ts'
import type { Operand } from './operand.ts'
import type { Side } from './side.ts'

export type SidePorts = {
  /** A folder of the repository. */
  readonly repo: string
  /** Opened when something must be read. */
  readonly repository: () => Promise<LocalRepository>
  /** What overlays were rendered to. */
  readonly renderings: BlobCache
  /** What agents report. */
  readonly state: () => Promise<SavedState>
}

/**
 * Finds what an operand names.
 * @throws GitvirtError `RefNotFound`, `PathNotFound`, `NotARepository`, `TooManyFiles`, and what `state` throws
 */
export async function openSide(operand: Operand, ports: SidePorts): Promise<Side> {
  const { repo, repository, renderings, state } = ports
  const { name } = operand
  switch (operand.kind) {
    case 'live': {
      const { liveSide } = await import('../../compare/live.ts')
      return { kind: 'live', name, live: liveSide(await state()) }
    }
    case 'folder': {
      const { environmentFiles } = await import('../environment-files.ts')
      const { digestOf } = await import('../../lib/digest.ts')
      const { entries, refused, read, identity } = await environmentFiles(operand.folder, renderings)
      const stands = identity ?? `files:${digestOf({ entries, refused })}`
      return { kind: 'declared', name, identity: stands, rendered: identity !== undefined, list: async () => ({ entries, refused }), read }
    }
    default: {
      const tree = await resolveTree(repo, operand.revision, operand.path)
      const overlay = (await holdsAny(repo, tree, kustomizationNames)) ? await gitOverlay(operand, ports) : undefined
      if (overlay !== undefined) {
        const { entries, refused, read, identity } = overlay
        return { kind: 'declared', name, identity, rendered: true, list: async () => ({ entries, refused }), read }
      }
      const list = async (): ReturnType<LocalRepository['list']> => await (await repository()).list(tree)
      return { kind: 'declared', name, identity: `tree:${tree}`, rendered: false, list, read: (ids) => readFrom(repository, ids) }
    }
  }
}

/** What an overlay at a revision renders. */
async function gitOverlay(
  operand: Operand & { readonly kind: 'git' },
  { repo, repository, renderings }: SidePorts,
): Promise<Overlay | undefined> {
  const root = parseSubPath(operand.path)
  const { renderOverlay } = await import('../../render/render.ts')
  const { relativeTo } = await import('../../render/relative.ts')
  const tree = (await repository()).files(await resolveTree(repo, operand.revision, ''))
  const overlay = await renderOverlay({ tree, root, cache: renderings })
  return overlay === undefined ? undefined : relativeTo(root, overlay)
}

async function* readFrom(repository: SidePorts['repository'], ids: readonly string[]): ReturnType<LocalRepository['read']> {
  yield* (await repository()).read(ids)
}
