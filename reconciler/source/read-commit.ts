import { parseCommit, type Commit } from './commit.ts'
import type { ObjectReader } from './engine.ts'
import { missingObject } from './trees.ts'

export const maxCommitBytes = 2 ** 22

/** @throws GitvirtError `ObjectMissing` */
export async function readCommit(engine: Pick<ObjectReader, 'object'>, id: string): Promise<Commit> {
  const object = await engine.object(id, maxCommitBytes)
  if (object?.type !== 'commit') throw missingObject('commit', id)
  return parseCommit(id, object.bytes)
}
