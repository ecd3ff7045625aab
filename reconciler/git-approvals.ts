import type { Change, Plan } from '../schemas/generated/plan.ts'
import { countOf, namedChanges, ownChanges, shortCommit, whyOwn } from './approved-changes.ts'
import { pathsOfChange, writersOfCommits, type Written } from './change-writers.ts'
import type { DesiredView } from './desired/types.ts'
import type { Clock } from './lib/clock.ts'
import { describeError } from './lib/errors.ts'
import type { Logger } from './lib/log.ts'
import type { Loop } from './loop.ts'
import type { ObservedView } from './observed/types.ts'
import { everything } from './suspender.ts'
import { preview } from './plan/preview.ts'
import { distinct } from './plan/signed-approvals.ts'
import type { ApprovalPolicy } from './plan/resolve/policy.ts'
import type { Source } from './source/types.ts'
import type { StandingPolicy } from './standing-policy.ts'
import type { Status } from './status/status.ts'
import { everyFile, type PendingRecord } from './store/approval-records.ts'
import type { Store } from './store/store.ts'
import { isRefused, readApproval, type CommitApproval } from './trust/approval.ts'
import { isMaker, writersOf } from './trust/people.ts'
import { readAnyCommit } from './trust/signed-commit.ts'
import type { RawCommit } from './trust/trust.ts'
import type { Keys } from './trust/verify-signature.ts'

/** Takes up the approvals that signed commits of the tracked branch carry. */
export type GitApprovals = {
  /** To be awaited before a revision comes into force, so that nothing of it goes by an approval that has ended; never throws. */
  before(commit: string, next: DesiredView): Promise<void>
  /** To be called with the revision in force at each look at the repository; never throws: what fails is tried again with the next look. */
  arrived(commit: string, before: DesiredView | undefined): Promise<void>
}

export type GitApprovalPorts = {
  readonly source: Pick<Source, 'commits' | 'changes' | 'sameTree' | 'isAncestor' | 'between'>
  readonly loop: Pick<Loop, 'current' | 'view' | 'surroundings' | 'enqueue'>
  readonly observed: ObservedView
  readonly store: Pick<Store, 'settings' | 'gitApprovals' | 'transaction'>
  readonly status: Pick<Status, 'record'>
  readonly standing: StandingPolicy
  /** Of approvers; absent: no approval can count. */
  readonly keys: Keys | undefined
  readonly environment: string
  /** True where what is in force was rendered from an overlay. */
  readonly rendered: () => boolean
  readonly clock: Pick<Clock, 'now'>
  readonly log: Logger
}

const seenSetting = 'approvals.seen'
/** Whether that commit's environment was an overlay. */
const renderedSetting = 'approvals.rendered'

export function createGitApprovals(ports: GitApprovalPorts): GitApprovals {
  return {
    before: async (commit, next) => {
      await recheck(ports, { view: next, head: commit })
      try {
        forgetDone(ports)
      } catch (error) {
        // Then more people count as makers than are: that lets nothing through.
        ports.log.warn({ error: describeError(error) }, 'cannot tell which changes are done')
      }
    },
    arrived: async (commit, before) => {
      const { keys, standing } = ports
      const view = ports.loop.view()
      // First and by itself: whatever else fails, what was revoked counts no more.
      if (view !== undefined && (await recheck(ports, { view, head: commit }))) ports.loop.enqueue()
      const policy = view === undefined ? undefined : standing.approvals(view)
      if (view === undefined || policy === undefined || keys === undefined) return
      try {
        // The first gates that ask for approvals hold from the start; every change of them is asked of those who approve.
        if (standing.of(view) === undefined) standing.accept(view)
        await new Round({ ...ports, keys, policy, head: commit, before }).run()
      } catch (error) {
        ports.log.warn({ error: describeError(error) }, 'approvals in Git could not be taken up; it is tried again')
      }
    },
  }
}

/** Who wrote a file is asked while something of it waits, so that an earlier writer may approve a later change. */
function forgetDone({ loop, store, observed, standing }: GitApprovalPorts): void {
  const records = store.gitApprovals
  const written = records.written()
  const view = loop.view()
  const plan = view === undefined || written.length === 0 ? undefined : loop.current()
  if (view === undefined || plan === undefined) return
  const waiting = new Set(plan.changes.flatMap((change) => [...pathsOfChange(change, view, observed)]))
  if (standing.of(view) !== undefined || [...view.keysOf('Fleet')].length > 1) for (const path of standing.paths(view)) waiting.add(path)
  for (const path of doubtful(view, observed)) waiting.add(path)
  for (const path of written) {
    const asked = path === '' || path === everyFile ? waiting.size > 0 : waiting.has(path) || view.isUnknownPath(path)
    if (!asked) records.forgetWriters(path)
  }
}

/**
 * An approval ends with the key that gave it, with its time, and with its commit's place in the history, which ends with the revision
 * that is looked at. What cannot be looked at counts for nothing until it can. True where that differs from before.
 */
async function recheck(ports: GitApprovalPorts, { view, head }: { view: DesiredView; head: string }): Promise<boolean> {
  const records = ports.store.gitApprovals
  const signed = records.signed()
  const known = new Map(signed.map(({ commit, made }) => [commit, made]))
  const commits = new Set([...signed, ...records.pending()].map(({ commit }) => commit))
  if (commits.size === 0) return false
  // Where the Fleet has no word of approvals, none counts, and nothing tells how one would read.
  const policy = ports.standing.approvals(view)
  if (policy === undefined) return false
  let differs = false
  for (const commit of commits) {
    try {
      const made = await stillGiven(commit, { ...ports, keys: ports.keys ?? {}, policy, head })
      if (made === undefined) records.revoke(commit)
      else records.confirm(commit, made)
      if (made === undefined || (known.has(commit) && known.get(commit) !== made)) differs = true
    } catch (error) {
      records.confirm(commit, undefined)
      differs ||= known.get(commit) !== undefined
      ports.log.warn({ error: describeError(error), commit }, 'an approval cannot be looked at again, and does not count until it can')
    }
  }
  return differs
}

type Judging = Pick<RoundPorts, 'keys' | 'policy' | 'clock' | 'status'>

/** When the commit of an approval that still counts was made; undefined where it counts no more, which is told. */
async function stillGiven(commit: string, judging: Judging & Pick<RoundPorts, 'source' | 'head'>): Promise<string | undefined> {
  const { source, head } = judging
  if (!(await source.isAncestor(commit, head))) {
    const message = `The approval in commit ${shortCommit(commit)} counts no more: the branch has lost the commit.`
    tell(judging, { reason: 'ApprovalIgnored', message })
    return undefined
  }
  const [raw] = await source.commits(undefined, commit)
  const approval = raw === undefined ? undefined : await judgeCommit(raw, judging)
  return approval?.at.toISOString()
}

/** What a commit approves; what does not count is told. */
async function judgeCommit(commit: RawCommit, judging: Judging): Promise<CommitApproval | undefined> {
  const { keys, policy, clock } = judging
  const { trailer, validMilliseconds } = policy
  const found = await readApproval(commit, { keys, trailer, validMilliseconds, now: clock.now() })
  if (found === undefined || !isRefused(found)) return found
  const message = `The approval in commit ${shortCommit(found.commit)} does not count: ${found.why}.`
  tell(judging, { reason: 'ApprovalIgnored', message })
  return undefined
}

type Told = { readonly reason: string; readonly message: string; readonly type?: 'Normal' | 'Warning' }

function tell({ status }: Pick<GitApprovalPorts, 'status'>, { reason, message, type = 'Warning' }: Told): void {
  status.record({ key: everything, type, reason, message })
}

type RoundPorts = GitApprovalPorts & {
  readonly keys: Keys
  readonly policy: ApprovalPolicy
  readonly head: string
  readonly before: DesiredView | undefined
}

/** Files of a fault, and those by which its objects were applied: while a fault hides a change, who made it is not forgotten. */
function doubtful(view: DesiredView, observed: ObservedView): Set<string> {
  const paths = new Set<string>()
  for (const { severity, path, object, refersTo } of view.errors()) {
    if (severity !== 'error') continue
    paths.add(path)
    for (const key of [object, refersTo]) {
      if (key === undefined) continue
      for (const sighting of observed.get(key)) {
        const from = sighting.object.applied?.origin.path
        if (from !== undefined) paths.add(from)
      }
    }
  }
  return paths
}

type NewCommits = {
  readonly commits: readonly RawCommit[]
  readonly whole: boolean
  /** True where the branch went back to a commit that was seen before: then just that one is told, and nothing in it is new. */
  readonly isBack: boolean
}

/** One look at the approvals that are new, that wait for their change, and that hold. */
class Round {
  readonly #ports: RoundPorts

  constructor(ports: RoundPorts) {
    this.#ports = ports
  }

  async run(): Promise<void> {
    const { store, head, loop } = this.#ports
    const isNew = store.settings.get(seenSetting) !== head
    if (isNew) await this.#read()
    const loosened = await this.#judgeGates(isNew)
    const matched = await this.#match()
    if (isNew) this.#tellPending()
    if (loosened || matched) loop.enqueue()
  }

  /** Approvals and writers of the commits that are new; which those are is noted together with what they say. */
  async #read(): Promise<void> {
    const { source, store, head, keys } = this.#ports
    const { commits, whole, isBack } = await this.#newCommits()
    const isRendered = this.#ports.rendered()
    const rendered = isRendered || store.settings.get(renderedSetting) === 'true'
    const written = whole ? await writersOfCommits(commits, { source, keys, rendered }) : []
    const approvals: CommitApproval[] = []
    for (const commit of isBack ? [] : commits) {
      const approval = await this.#judge(commit)
      if (approval !== undefined) approvals.push(approval)
    }
    const records = store.gitApprovals
    store.transaction(() => {
      this.#note(written)
      // Of what came unseen, the one known is who made the commit in force.
      if (!whole) for (const { id, bytes } of commits) records.wrote('', id, writersOf(readAnyCommit(id, bytes)))
      for (const { commit, tokens } of approvals) for (const token of tokens) records.await({ commit, token })
      store.settings.put(seenSetting, head)
      store.settings.put(renderedSetting, String(isRendered))
    })
  }

  /** Only the newest commit where nobody looked before, or where the store cannot tell what came since. */
  async #newCommits(): Promise<NewCommits> {
    const { source, store, head, log } = this.#ports
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

  #tellPending(): void {
    const { loop, standing, store } = this.#ports
    const view = loop.view()
    const asked = view === undefined ? undefined : standing.asked(view)?.token
    for (const { commit, token } of store.gitApprovals.pending().filter((one) => one.token !== asked))
      this.#tell(
        'ApprovalPending',
        `Commit ${shortCommit(commit)} approves ${token.slice(0, 12)}…, which is nothing that waits now; it counts once just that does. "gitvirt plan" tells what to sign.`,
      )
  }

  #note(written: readonly Written[]): void {
    for (const { commit, people, paths } of written) for (const path of paths) this.#ports.store.gitApprovals.wrote(path, commit, people)
  }

  async #judge(commit: RawCommit): Promise<CommitApproval | undefined> {
    return await judgeCommit(commit, this.#ports)
  }

  /** Lets a change of the gates themselves hold once enough signed it who did not make it; true where it does now. */
  async #judgeGates(isNew: boolean): Promise<boolean> {
    const { loop, standing, store, source, policy } = this.#ports
    const view = loop.view()
    const asked = view === undefined ? undefined : standing.asked(view)
    if (view === undefined || asked === undefined) return false
    const given = store.gitApprovals.pending().filter(({ token }) => token === asked.token)
    const makers = new Set(store.gitApprovals.writers(standing.paths(view)))
    const counted: CommitApproval[] = []
    for (const { commit } of given) {
      const [raw] = await source.commits(undefined, commit)
      const approval = raw === undefined ? undefined : await this.#judge(raw)
      if (approval === undefined) continue
      if (!policy.ownChanges && isMaker(approval.people, makers))
        this.#tell(
          'ApprovalIgnored',
          `The approval of gitvirt.yaml in commit ${shortCommit(commit)} does not count: ${approval.signer.name} made the change.`,
        )
      else counted.push(approval)
    }
    if (!standing.met(counted)) {
      if (isNew) this.#tell('PolicyHeld', standing.of(view)?.message ?? '')
      return false
    }
    store.transaction(() => {
      standing.accept(view)
      for (const one of given) store.gitApprovals.settle(one)
    })
    this.#tell('PolicyApproved', `The limits and approvals of gitvirt.yaml hold now: ${distinct(counted).length} approved them.`, 'Normal')
    return true
  }

  /** Binds approvals to the changes that they name, so that these hold while some of them are carried out already. */
  async #match(): Promise<boolean> {
    const { store, source } = this.#ports
    const pending = store.gitApprovals.pending()
    if (pending.length === 0) return false
    const named = this.#named()
    let matched = false
    for (const one of pending) {
      const changes = named.get(one.token)
      if (changes === undefined) continue
      const [raw] = await source.commits(undefined, one.commit)
      const approval = raw === undefined ? undefined : await this.#judge(raw)
      if (approval === undefined) continue
      store.transaction(() => this.#give({ approval, changes, pending: one }))
      matched = true
    }
    return matched
  }

  #give({ approval, changes, pending }: { approval: CommitApproval; changes: readonly Change[]; pending: PendingRecord }): void {
    const { store, clock } = this.#ports
    const { commit, signer, at } = approval
    const own = ownChanges(changes, (change) => this.#whyOwn(change, approval))
    const others = changes.filter((change) => [...own.values()].every((some) => !some.includes(change)))
    for (const { key, approval: plan = '' } of others)
      store.gitApprovals.give({ key, plan, by: signer.name, signer, commit, at: clock.now().toISOString(), made: at.toISOString() })
    store.gitApprovals.settle(pending)
    if (others.length > 0)
      this.#tell('ApprovedInGit', `${signer.name} approved ${countOf(others)} by commit ${shortCommit(commit)}.`, 'Normal')
    for (const [why, some] of own)
      this.#tell(
        'ApprovalIgnored',
        `The approval of ${countOf(some)} in commit ${shortCommit(commit)} does not count: ${why}, and spec.approvals.ownChanges is not set.`,
      )
  }

  #whyOwn(change: Change, approval: CommitApproval): string | undefined {
    const { policy, store, loop, observed } = this.#ports
    const desired = loop.view()
    if (policy.ownChanges) return undefined
    if (desired === undefined) return 'nobody can tell who made the change'
    return whyOwn(change, approval, { desired, observed, writers: (paths) => store.gitApprovals.writers(paths) })
  }

  /** Of all that waits, and of what a merge just brought, as its request told. */
  #named(): ReadonlyMap<string, readonly Change[]> {
    const { loop, before, environment } = this.#ports
    const view = loop.view()
    const merged = before !== undefined && view !== undefined && before.revision !== view.revision
    return namedChanges(environment, [...(merged ? [addedBy(before, view, loop)] : []), loop.current()?.changes ?? []])
  }

  #tell(reason: string, message: string, type: 'Normal' | 'Warning' = 'Warning'): void {
    tell(this.#ports, { reason, message, type })
  }
}

/** The changes that the request told of, which waits of other changes do not alter. */
function addedBy(tracked: DesiredView, merged: DesiredView, loop: Pick<Loop, 'surroundings'>): Plan['changes'] {
  const { plan, pending } = preview({ ...loop.surroundings(tracked), tracked, merged })
  const waited = new Set(pending)
  return plan.changes.filter(({ key }) => !waited.has(key))
}
