import type { Control } from './api/ports.ts'
import type { ManifestError } from './desired/types.ts'
import type { Clock } from './lib/clock.ts'
import { GitvirtError } from './lib/errors.ts'
import type { OtherState } from './follow-others.ts'
import type { LeaseKeeper } from './lease-keeper.ts'
import type { Loop } from './loop.ts'
import type { ObservedView } from './observed/types.ts'
import type { Notifier } from './notify/notifier.ts'
import { pastAt } from './past.ts'
import { approvalsFor, type ApprovalRequest } from './plan/approve.ts'
import type { Approval } from './plan/types.ts'
import { saveView } from './plan/saved-view.ts'
import type { Plan } from '../schemas/generated/plan.ts'
import type { Previews } from './previews.ts'
import type { Roster } from './roster.ts'
import type { Revision } from './source/types.ts'
import type { Collection } from './status/collection.ts'
import type { Store } from './store/store.ts'
import { everything, type Suspender } from './suspender.ts'
import type { Signer } from './trust/verify-signature.ts'
import { keyText, parseKey } from './lib/object-key.ts'

/** What became of the last fetch. */
export type SourceState = { revision?: Revision; signer?: Signer; fetchedAt?: string; error?: string; refused?: Refused }

/** A commit that may not come into force, and why. */
export type Refused = { readonly commit: string; readonly why: string }

export type ControlParts = {
  readonly loop: Loop
  readonly store: Store
  readonly roster: Pick<Roster, 'leaveOut'>
  readonly observed: ObservedView
  readonly source: Readonly<SourceState>
  readonly repository: { readonly url: string; readonly branch: string; readonly path: string }
  /** Other sources of the environment. */
  readonly others?: readonly OtherState[]
  readonly previews: Pick<Previews, 'take'>
  readonly leases: Pick<LeaseKeeper, 'begin' | 'end' | 'list'>
  readonly suspender: Pick<Suspender, 'suspend' | 'resume'>
  readonly allowRevision: (commit: string) => void
  readonly fetchNow: () => Promise<void>
  readonly mask: (plan: Plan) => Plan
  readonly objects: Collection
  readonly notifier: Pick<Notifier, 'test' | 'status'>
  readonly clock: Clock
}

/** The pipeline's own controls, behind the API. */
export function createControl(parts: ControlParts): Control {
  const { loop, store, clock } = parts
  const at = (): string => clock.now().toISOString()
  const again = (key: string | undefined): void => loop.enqueue(key === undefined ? undefined : [key])
  return {
    plan: async () => {
      const plan = loop.current()
      if (plan === undefined)
        throw new GitvirtError({
          code: 'NoRevision',
          message: `No revision has been fetched yet${parts.source.error === undefined ? '' : `: ${parts.source.error}`}.`,
        })
      return parts.mask(plan)
    },
    preview: async (ref) => {
      const request = await parts.previews.take(ref)
      return { ...request, plan: parts.mask(request.plan) }
    },
    state: async () => saveView(parts.observed),
    reconcile: async () => {
      await parts.fetchNow()
      return statusOf(parts)
    },
    suspend: async (request) => parts.suspender.suspend(request),
    resume: async (request) => parts.suspender.resume(request),
    lease: async (request) => await parts.leases.begin(request),
    endLease: async (request) => await parts.leases.end(request),
    leases: async () => ({ leases: parts.leases.list() }),
    allowRevision: async ({ commit }) => {
      parts.allowRevision(commit)
      await parts.fetchNow()
      return statusOf(parts)
    },
    approve: async ({ key, plan, by }) => {
      if (key?.startsWith('Node//') === true) {
        parts.roster.leaveOut(parseKey(key).name)
        return again(undefined)
      }
      const request = { ...(key === undefined ? {} : { key }), ...(plan === undefined ? {} : { plan }), by, at: at() }
      for (const approval of approvalsNow(parts, request)) store.approvals.add(approval)
      again(key)
    },
    status: async () => statusOf(parts),
    history: async (query) => pastAt({ store, objects: parts.objects, path: parts.repository.path }, query),
    notifications: async () => await parts.notifier.status(),
    testNotification: async ({ destination }) => await parts.notifier.test(destination),
  }
}

/** A person's word is bound to the changes as they stand now, so that it does not let later, other ones through. */
function approvalsNow(parts: ControlParts, request: ApprovalRequest): readonly Approval[] {
  const current = parts.loop.current()
  if (current === undefined) throw new GitvirtError({ code: 'NotFound', message: 'There is no plan yet.', action: 'See "gitvirt status".' })
  const short = request.key === undefined && request.plan !== undefined && request.plan.length >= 8 && current.id.startsWith(request.plan)
  const approvals = approvalsFor(current, short ? { ...request, plan: current.id } : request)
  if (approvals.length > 0) return approvals
  const change = current.changes.find(({ key, blocked }) => key === request.key && blocked.length > 0)
  if (change?.blocked.every(({ reason }) => reason === 'ApprovalRequired') === true) {
    throw new GitvirtError({
      code: 'NotApprovable',
      message: `${keyText(change.key)} is approved in Git only: ${change.blocked.map(({ unblock }) => unblock).join(' ')}`,
    })
  }
  if (change?.approval !== undefined) {
    throw new GitvirtError({
      code: 'Conflict',
      message: `What is held back for ${keyText(change.key)} is another change by now.`,
      action: 'Look at "gitvirt plan" again.',
    })
  }
  if (change !== undefined) {
    throw new GitvirtError({
      code: 'NotApprovable',
      message: `No approval opens what blocks ${keyText(change.key)}: ${change.blocked.map(({ unblock }) => unblock).join(' ')}`,
    })
  }
  const what =
    request.key === undefined
      ? `The current plan is ${current.id.slice(0, 12)}, not ${request.plan ?? ''}, or nothing in it waits for a person.`
      : `${keyText(request.key)} has no blocked change.`
  throw new GitvirtError({ code: 'NotFound', message: what, action: 'Look at "gitvirt plan" again.' })
}

function statusOf(parts: ControlParts): Record<string, unknown> {
  const { source, observed, store } = parts
  const errors: readonly ManifestError[] = parts.loop.view()?.errors() ?? []
  return {
    url: parts.repository.url,
    ref: parts.repository.branch,
    revision: source.revision?.commit,
    subject: source.revision?.subject,
    signer: source.signer,
    fetchedAt: source.fetchedAt,
    error: source.error,
    sources: (parts.others ?? []).map((one) => ({
      name: one.name,
      url: one.url,
      ref: one.branch,
      revision: one.revision?.commit,
      subject: one.revision?.subject,
      fetchedAt: one.fetchedAt,
      error: one.error,
      plansRequests: one.plansRequests,
    })),
    suspended: store.suspensions.list().some((one) => one.key === everything),
    suspensions: store.suspensions.list(),
    leases: parts.leases.list(),
    errors,
    agents: observed.nodes().map(({ name, connected, seenAt }) => ({ node: name, connected, seenAt })),
  }
}
