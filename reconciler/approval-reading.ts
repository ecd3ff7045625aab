import { judgeCommit, type Judging } from './approval-recheck.ts'
import { writersOfCommits } from './change-writers.ts'
import { describeError } from './lib/errors.ts'
import type { Logger } from './lib/log.ts'
import type { Source } from './source/types.ts'
import type { Store } from './store/store.ts'
import type { CommitApproval } from './trust/approval.ts'
import { writersOf } from './trust/people.ts'
import { readAnyCommit } from './trust/signed-commit.ts'
import type { RawCommit } from './trust/trust.ts'

export type ReadingPorts = Judging & {
  readonly source: Pick<Source, 'commits' | 'changes' | 'sameTree' | 'between'>
  readonly store: Pick<Store, 'settings' | 'gitApprovals' | 'transaction'>
  /** The commit in force. */
  readonly head: string
  /** True where what is in force was rendered from an overlay. */
  readonly rendered: () => boolean
  readonly log: Logger
}

const seenSetting = 'approvals.seen'
/** Whether that commit's environment was an overlay. */
const renderedSetting = 'approvals.rendered'

/** True where the commit in force was not looked at before. */
export function isUnseen({ store, head }: Pick<ReadingPorts, 'store' | 'head'>): boolean {
  return store.settings.get(seenSetting) !== head
}

/** Approvals and writers of the commits that are new; which those are is noted together with what they say. */
export async function readNew(ports: ReadingPorts): Promise<void> {
  const { source, store, head, keys } = ports
  const { commits, whole, isBack } = await newCommits(ports)
  const isRendered = ports.rendered()
  const rendered = isRendered || store.settings.get(renderedSetting) === 'true'
  const written = whole ? await writersOfCommits(commits, { source, keys, rendered }) : []
  const approvals: CommitApproval[] = []
  for (const commit of isBack ? [] : commits) {
    const approval = await judgeCommit(commit, ports)
    if (approval !== undefined) approvals.push(approval)
  }
  const records = store.gitApprovals
  store.transaction(() => {
    for (const { commit, people, paths } of written) for (const path of paths) records.wrote(path, commit, people)
    // Of what came unseen, the one known is who made the commit in force.
    if (!whole) for (const { id, bytes } of commits) records.wrote('', id, writersOf(readAnyCommit(id, bytes)))
    for (const { commit, tokens } of approvals) for (const token of tokens) records.await({ commit, token })
    store.settings.put(seenSetting, head)
    store.settings.put(renderedSetting, String(isRendered))
  })
}

type NewCommits = {
  readonly commits: readonly RawCommit[]
  readonly whole: boolean
  /** True where the branch went back to a commit that was seen before: then just that one is told, and nothing in it is new. */
  readonly isBack: boolean
}

/** Only the newest commit where nobody looked before, or where the store cannot tell what came since. */
async function newCommits({ source, store, head, log }: ReadingPorts): Promise<NewCommits> {
  const seen = store.settings.get(seenSetting)
  if (seen !== undefined) {
    try {
      const isBack = (await source.between(seen, head)).length === 0
      return { commits: await source.commits(seen, head), whole: true, isBack }
    } catch (error) {
      log.warn({ error: describeError(error), seen }, 'approvals are looked for in the newest commit only')
    }
  }
  return { commits: await source.commits(undefined, head), whole: false, isBack: false }
}
