import type { BlobCache } from '../../desired/cache.ts'
import { liveSide } from '../../compare/live.ts'
import type { SavedState } from '../../plan/saved-view.ts'
import type { LocalRepository } from '../../source/local-repository.ts'
import { manifestFiles } from '../manifest-files.ts'
import { declaredSide } from './declared-side.ts'
import type { Operand } from './operand.ts'
import type { Side } from './side.ts'

export type SidePorts = {
  readonly cache: BlobCache
  /** Opened when a side first needs it. */
  readonly repository: () => Promise<LocalRepository>
  /** What agents report. */
  readonly state: () => Promise<SavedState>
}

/** Opens what an operand names. */
export async function openSide(operand: Operand, { cache, repository, state }: SidePorts): Promise<Side> {
  const { name } = operand
  switch (operand.kind) {
    case 'live': {
      const { index, objects } = liveSide(await state())
      return { name, index: async () => index, load: async () => objects }
    }
    case 'folder': {
      const { entries, refused, read } = await manifestFiles(operand.folder)
      return await declaredSide({ name, list: async () => ({ entries, refused }), read, cache })
    }
    default: {
      const opened = await repository()
      const { tree } = await opened.folder(operand.revision, operand.path)
      return await declaredSide({
        name,
        identity: `tree:${tree}`,
        list: async () => await opened.list(tree),
        read: (ids) => opened.read(ids),
        cache,
      })
    }
  }
}
