import type { Change, Plan } from '../../schemas/generated/plan.ts'
import type { Clock } from '../lib/clock.ts'
import type { ObjectKey } from '../lib/object-key.ts'

/** How far a revision has come: planned once, applied where nothing is under way, converged where nothing waits either. */
export type Stage = 'planned' | 'applied' | 'converged'

/** Seconds that a revision took to a stage; since its commit was made, where that says something. */
export type Reached = { readonly commit: string; readonly stage: Stage; readonly sinceSeen: number; readonly sinceCommit?: number }

export type ProgressParts = {
  readonly settings: { get(name: string): string | undefined; put(name: string, value: string): void }
  readonly clock: Pick<Clock, 'now'>
  /** Told of each stage of each revision, once. */
  readonly reached: (stage: Reached) => void
}

/** What one pass of the loop covered; without keys everything. */
export type Pass = { readonly revision: string; readonly plan?: Plan; readonly covered?: ReadonlySet<ObjectKey> }

/**
 * Follows revisions from their arrival until nothing is left to do. A revision that another one overtakes goes on with it: its commit is
 * in there. What is under way is kept in the store, so that a restart neither forgets a revision nor counts one twice.
 */
export type Progress = {
  arrived(revision: { readonly commit: string; readonly committedAt: string }): void
  passed(pass: Pass): void
  /** Objects with steps that are sent, or wait for others that are. */
  underWay(): number
  /** Objects that wait for a time, a person or a host, by reason. */
  waiting(): ReadonlyMap<string, number>
}

type Revision = { readonly commit: string; readonly seenAt: number; readonly committedAt?: number; readonly stage?: Stage }
type Kept = { readonly last: string; readonly revisions: readonly Revision[] }

const setting = 'revisionProgress'
/** Overtaken revisions that are followed: beyond, the oldest count no more. */
const mostRevisions = 100
const stages: readonly Stage[] = ['planned', 'applied', 'converged']

export function createProgress(parts: ProgressParts): Progress {
  return new StoredProgress(parts)
}

class StoredProgress implements Progress {
  readonly #parts: ProgressParts
  /** Objects of the newest plans that have something to do, with the reasons for which they wait; none: it is under way. */
  readonly #pending = new Map<ObjectKey, readonly string[]>()
  #kept: Kept
  #whole = false

  constructor(parts: ProgressParts) {
    this.#parts = parts
    this.#kept = JSON.parse(parts.settings.get(setting) ?? '{"last":"","revisions":[]}') as Kept
  }

  arrived({ commit, committedAt }: { readonly commit: string; readonly committedAt: string }): void {
    const { last, revisions } = this.#kept
    if (commit === last) return
    const made = Date.parse(committedAt)
    // The first revision of a new database was made whenever: that is nobody's waiting time.
    const since = last === '' || Number.isNaN(made) ? {} : { committedAt: made }
    this.#keep({ last: commit, revisions: [...revisions, { commit, seenAt: this.#now(), ...since }].slice(-mostRevisions) })
  }

  passed({ revision, plan, covered }: Pass): void {
    if (plan !== undefined) this.#take(plan, covered)
    const { last, revisions } = this.#kept
    if (revisions.length === 0 || revision !== last || !this.#whole) return
    const stage = this.#pending.size === 0 ? 'converged' : this.underWay() === 0 ? 'applied' : 'planned'
    const next = revisions.map((one) => this.#advance(one, stage)).filter((one) => one.stage !== 'converged')
    if (next.length !== revisions.length || next.some((one, index) => one !== revisions[index])) this.#keep({ last, revisions: next })
  }

  underWay(): number {
    let count = 0
    for (const reasons of this.#pending.values()) if (reasons.length === 0) count += 1
    return count
  }

  waiting(): ReadonlyMap<string, number> {
    const counts = new Map<string, number>()
    for (const reasons of this.#pending.values()) {
      for (const reason of reasons) counts.set(reason, (counts.get(reason) ?? 0) + 1)
    }
    return counts
  }

  #take(plan: Plan, covered: ReadonlySet<ObjectKey> | undefined): void {
    if (covered === undefined) this.#pending.clear()
    else for (const key of covered) this.#pending.delete(key)
    this.#whole ||= covered === undefined
    for (const change of plan.changes) {
      if (change.action === 'none' && change.blocked.length === 0) continue
      const before = this.#pending.get(change.key)
      const reasons = waitsFor(change)
      // One change of an object that is under way is enough.
      this.#pending.set(change.key, before?.length === 0 || reasons.length === 0 ? [] : [...new Set([...(before ?? []), ...reasons])])
    }
  }

  #advance(revision: Revision, to: Stage): Revision {
    const from = revision.stage === undefined ? -1 : stages.indexOf(revision.stage)
    const reached = stages.slice(from + 1, stages.indexOf(to) + 1)
    if (reached.length === 0) return revision
    const now = this.#now()
    const { commit, seenAt, committedAt } = revision
    for (const stage of reached) {
      const sinceCommit = committedAt === undefined ? {} : { sinceCommit: seconds(now - committedAt) }
      this.#parts.reached({ commit, stage, sinceSeen: seconds(now - seenAt), ...sinceCommit })
    }
    return { ...revision, stage: to }
  }

  #keep(kept: Kept): void {
    this.#parts.settings.put(setting, JSON.stringify(kept))
    this.#kept = kept
  }

  #now(): number {
    return this.#parts.clock.now().getTime()
  }
}

/** Clocks of authors' machines may be ahead of ours. */
function seconds(milliseconds: number): number {
  return Math.max(0, milliseconds / 1000)
}

/** Why nothing of a change goes on now; none where a step of it does, or waits for one that does. */
function waitsFor({ steps, blocked }: Change): string[] {
  const reasons = blocked.map(({ reason }) => reason).filter((reason) => reason !== 'WaitingForDependency')
  if (reasons.length === 0) return []
  if (blocked.some((block) => block.steps === undefined)) return reasons
  const held = new Set(blocked.flatMap((block) => block.steps ?? []))
  return steps.some(({ id }) => !held.has(id)) ? [] : reasons
}
