import { GitvirtError } from '../../lib/errors.ts'
import { keyText, parseKey, type ObjectKey } from '../../lib/object-key.ts'
import { landingsOf, type Landing, type LandingSearch } from '../audit/landings.ts'
import type { CommitStory, History } from '../history.ts'
import { blameFields, type FieldOrigin } from '../meaning/blame.ts'
import { maskLeaf } from '../meaning/fields.ts'
import { statedObject } from '../meaning/stated.ts'
import { changesOf } from '../meaning/log.ts'
import type { Version } from '../meaning/version.ts'
import type { JudgedObject } from '../../desired/judge/types.ts'

/** One field, who gave it its value, and where that landed. */
export type BlamedField = Omit<CommitStory, 'id'> & {
  readonly field: string
  readonly value: unknown
  /** True: Git does not set it; the commit is the one since which it has this value. */
  readonly default?: true
  readonly commit: string
  readonly landed?: readonly Landing[]
}

export type BlameReport = {
  readonly object: ObjectKey
  readonly commit: string
  /** File that declares it. */
  readonly path: string
  readonly fields: readonly BlamedField[]
  /** Why this is not what the newest commit says: its manifest cannot be read there. */
  readonly unreadable?: string
}

/**
 * Who set each field of an object.
 * @throws GitvirtError `ObjectNotFound`, and what reading the history throws
 */
export async function blameReport(history: History, key: ObjectKey): Promise<BlameReport> {
  const end = await history.walk(key)
  const found = subject(history, key, { version: end.versions.get(key), state: end.state(key) })
  const bytes = found.stale ? undefined : await history.file(found.path)
  const origins = blameFields(found.version, found.judged, bytes === undefined ? undefined : statedObject(bytes, key))
  const stories = await history.stories(origins.map(({ version }) => version.commit))
  const search = history.hasReceipts ? { search: { receipts: history.receipts(key), contains: await history.contains() } } : {}
  const blamed = origins.map((origin) => blamedField(origin, { key, stories, ...search }))
  const unreadable = found.stale ? { unreadable: found.problem } : {}
  return { object: key, commit: history.tip, path: found.path, fields: blamed, ...unreadable }
}

type Subject = { readonly version: Version; readonly judged: JudgedObject; readonly path: string } & (
  { readonly stale: false } | { readonly stale: true; readonly problem: string }
)

type End = { readonly version: Version | undefined; readonly state: Version['state'] }

/** What is blamed: the object as it is now, or as it last was readable. */
function subject(history: History, key: ObjectKey, { version, state }: End): Subject {
  if (version !== undefined && state.status === 'known') return { version, judged: state.judged, path: state.path, stale: false }
  if (version !== undefined && state.status === 'unknown') {
    const last = version.bases.find((base) => base.state.status === 'known')
    const { problem } = state
    const words =
      problem === undefined ? `${state.path} cannot be read.` : `${problem.path}:${problem.line}:${problem.column}: ${problem.message}`
    if (last?.state.status === 'known')
      return { version: last, judged: last.state.judged, path: last.state.path, stale: true, problem: words }
    throw notFound(history, key, `It never could be read: ${words}`)
  }
  const [deleted] = version === undefined ? [] : changesOf([version])
  throw notFound(history, key, deleted === undefined ? 'It never was there.' : `It was deleted by ${deleted.commit.slice(0, 12)}.`)
}

function notFound(history: History, key: ObjectKey, words: string): GitvirtError {
  return new GitvirtError({
    code: 'ObjectNotFound',
    message: `${keyText(key)} is not in the environment at ${history.tip.slice(0, 12)}. ${words}`,
    action: 'Check kind, name and namespace (-n), and the folder of the environment (--path); "gitvirt log" tells what was deleted.',
    terminal: true,
  })
}

type Context = {
  readonly key: ObjectKey
  readonly stories: ReadonlyMap<string, CommitStory>
  /** Absent where there are no receipts. */
  readonly search?: LandingSearch
}

function blamedField({ path, version, isDefault, ...leaf }: FieldOrigin, { key, stories, search }: Context): BlamedField {
  const { commit } = version
  const { id: _, ...story } = stories.get(commit) ?? unknownStory(commit)
  return {
    field: path,
    value: maskLeaf(parseKey(key).kind, leaf),
    ...(isDefault ? { default: true } : {}),
    commit,
    ...story,
    ...(search === undefined ? {} : { landed: landingsOf(key, { commit, field: path }, search) }),
  }
}

function unknownStory(id: string): CommitStory {
  const nobody = { name: '', email: '' }
  return { id, author: nobody, authoredAt: '', committer: nobody, committedAt: '', subject: '' }
}
