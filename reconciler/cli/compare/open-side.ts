import type { SavedState } from '../../plan/saved-view.ts'
import type { LocalRepository } from '../../source/local-repository.ts'
import { resolveTree } from '../../source/local-tree.ts'
import type { Operand } from './operand.ts'
import type { Side } from './side.ts'

export type SidePorts = {
  /** A folder of the repository. */
  readonly repo: string
  /** Opened when something must be read. */
  readonly repository: () => Promise<LocalRepository>
  /** What agents report. */
  readonly state: () => Promise<SavedState>
}

/**
 * Finds what an operand names.
 * @throws GitvirtError `RefNotFound`, `PathNotFound`, `NotARepository`, `TooManyFiles`, and what `state` throws
 */
export async function openSide(operand: Operand, { repo, repository, state }: SidePorts): Promise<Side> {
  const { name } = operand
  switch (operand.kind) {
    case 'live': {
      const { liveSide } = await import('../../compare/live.ts')
      return { kind: 'live', name, live: liveSide(await state()) }
    }
    case 'folder': {
      const { manifestFiles } = await import('../manifest-files.ts')
      const { digestOf } = await import('../../lib/digest.ts')
      const { entries, refused, read } = await manifestFiles(operand.folder)
      return { kind: 'declared', name, identity: `files:${digestOf({ entries, refused })}`, list: async () => ({ entries, refused }), read }
    }
    default: {
      const tree = await resolveTree(repo, operand.revision, operand.path)
      const list = async (): ReturnType<LocalRepository['list']> => await (await repository()).list(tree)
      return { kind: 'declared', name, identity: `tree:${tree}`, list, read: (ids) => readFrom(repository, ids) }
    }
  }
}

async function* readFrom(repository: SidePorts['repository'], ids: readonly string[]): ReturnType<LocalRepository['read']> {
  yield* (await repository()).read(ids)
}
