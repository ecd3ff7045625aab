import { join } from 'node:path'
import type { OtherSource } from '../follow-others.ts'
import { allEnded } from '../lib/all-ended.ts'
import { placedAs } from '../placed-listing.ts'
import { readSource, type ReadSource, type SourceToRead } from './read-source.ts'

export type OthersToRead = Pick<SourceToRead, 'renderings'> & {
  readonly others: readonly OtherSource[]
  /** What is fetched is kept below it; undefined: nowhere. */
  readonly cacheDir: string | undefined
}

/** What the other sources of an environment declare, at the paths that they have in it. @throws what `readSource` throws */
export async function readOthers(options: OthersToRead, stack: AsyncDisposableStack): Promise<readonly ReadSource[]> {
  const { others, cacheDir, renderings } = options
  const reading = others.map(async ({ name, url, ref, path, auth }) => {
    const storeDir = cacheDir === undefined ? undefined : join(cacheDir, 'sources', name)
    const { revision, entries, refused, read } = await readSource({ repo: url, ref, path, auth, storeDir, renderings }, stack)
    return { revision, ...placedAs(name, { entries, refused, read }) }
  })
  return await allEnded(reading)
}
