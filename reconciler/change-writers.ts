import type { Change } from '../schemas/generated/plan.ts'
import type { DesiredView } from './desired/types.ts'
import { errorCode } from './lib/errors.ts'
import type { ObservedView } from './observed/types.ts'
import type { Source } from './source/types.ts'
import { everyFile } from './store/approval-records.ts'
import { anybody, namesOf, writersOf } from './trust/people.ts'
import { readAnyCommit, type SignedCommit } from './trust/signed-commit.ts'
import type { RawCommit } from './trust/trust.ts'
import { verifySignature, type Keys } from './trust/verify-signature.ts'

/** Who made commits, and which files each of them changed. */
export type Written = { readonly commit: string; readonly people: readonly string[]; readonly paths: readonly string[] }

export type WritersOf = {
  readonly source: Pick<Source, 'changes' | 'sameTree'>
  readonly keys: Keys
  /** True where the environment is an overlay, or was one before: any file of the repository may then be a part of any object. */
  readonly rendered: boolean
}

/** Signatures that are looked at for one revision, as each takes two programs. Who signed beyond may be anybody, so that nobody approves. */
const mostSignatures = 500

/**
 * Who wrote each of these commits, and what: of a merge the files that it has different from all its parents. Commits that change no
 * manifest of the environment are left out, such as those that only approve; of an overlay those that change nothing at all.
 * @throws GitvirtError what reading commits and keys throws
 */
export async function writersOfCommits(commits: readonly RawCommit[], { source, keys, rendered }: WritersOf): Promise<Written[]> {
  const written: Written[] = []
  let looked = 0
  for (const raw of commits) {
    const commit = readAnyCommit(raw.id, raw.bytes)
    const paths = rendered ? await anyOf(commit, source) : await pathsOf(commit, source)
    if (paths.length === 0) continue
    const isSigned = commit.signature !== undefined
    const signer = isSigned && looked < mostSignatures ? await verifySignature(commit, keys) : undefined
    const unseen = isSigned && looked >= mostSignatures ? [anybody] : []
    if (isSigned) looked += 1
    written.push({ commit: raw.id, people: [...writersOf(commit), ...(signer === undefined ? unseen : namesOf(signer))], paths })
  }
  return written
}

async function pathsOf({ id, parents }: SignedCommit, source: Pick<Source, 'changes'>): Promise<string[]> {
  let common: ReadonlySet<string> | undefined
  for (const parent of parents) {
    const { changes, refused } = await source.changes(parent, id).catch(wholeFolder)
    const paths = new Set([...changes, ...refused].map(({ path }) => path))
    common = common === undefined ? paths : common.intersection(paths)
    if (common.size === 0) break
  }
  return [...(common ?? [])]
}

/** Every file, where a commit holds other files than each of its parents. */
async function anyOf({ id, parents }: SignedCommit, source: Pick<Source, 'sameTree'>): Promise<string[]> {
  for (const parent of parents) if (await source.sameTree(parent, id)) return []
  return [everyFile]
}

/** Who takes the environment's folder away changes every file of it. */
function wholeFolder(error: unknown): Awaited<ReturnType<Source['changes']>> {
  if (errorCode(error) === 'PathNotFound') return { changes: [{ path: '' }], refused: [] }
  throw error
}

/** The files whose writers are the makers of a change: those of the object, before and after, of its owner, and of what it refers to. */
export function pathsOfChange(change: Pick<Change, 'key' | 'origin'>, desired: DesiredView, observed: ObservedView): Set<string> {
  const paths = new Set<string>()
  const take = (path: string | undefined): void => void (path !== undefined && paths.add(path))
  take(change.origin?.path)
  const wanted = desired.get(change.key)
  for (const key of [change.key, ...(wanted?.ownerKey === undefined ? [] : [wanted.ownerKey]), ...(wanted?.references ?? [])]) {
    take(desired.get(key)?.origin.path)
    for (const { object } of observed.get(key)) take(object.applied?.origin.path)
  }
  return paths
}
