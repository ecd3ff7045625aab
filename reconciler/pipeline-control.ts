import type { Control } from './api/ports.ts'
import type { ManifestError } from './desired/types.ts'
import type { Clock } from './lib/clock.ts'
import { GitvirtError } from './lib/errors.ts'
import type { Loop } from './loop.ts'
import type { ObservedView } from './observed/types.ts'
import { saveView } from './plan/saved-view.ts'
import type { Plan } from '../schemas/generated/plan.ts'
import type { Revision } from './source/types.ts'
import type { Store } from './store/store.ts'

/** What became of the last fetch. */
export type SourceState = { revision?: Revision; fetchedAt?: string; error?: string }

export type ControlParts = {
  readonly loop: Loop
  readonly store: Store
  readonly observed: ObservedView
  readonly source: Readonly<SourceState>
  readonly repository: { readonly url: string; readonly branch: string }
  readonly fetchNow: () => Promise<void>
  readonly mask: (plan: Plan) => Plan
  readonly clock: Clock
}

/** Key under which the suspension of everything is kept. */
export const everything = 'Fleet//*'

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
    state: async () => saveView(parts.observed),
    reconcile: async () => {
      await parts.fetchNow()
      return statusOf(parts)
    },
    suspend: async ({ key, by, reason }) => {
      store.suspensions.put({ key: key ?? everything, by, reason, at: at() })
      again(key)
    },
    resume: async ({ key }) => {
      if (!store.suspensions.delete(key ?? everything))
        throw new GitvirtError({ code: 'NotFound', message: `${key ?? 'The environment'} is not suspended.` })
      again(key)
    },
    approve: async ({ key, plan, by }) => {
      store.approvals.add({ ...approvalOf(parts, key, plan), by, at: at() })
      again(key)
    },
    status: async () => statusOf(parts),
  }
}

/** An approval of an object is bound to the change as it stands now, so that it does not let a later, other change through. */
function approvalOf(parts: ControlParts, key: string | undefined, plan: string | undefined): { plan?: string; key?: string } {
  const current = parts.loop.current()
  if (key === undefined) {
    const found = current !== undefined && plan !== undefined && current.id.startsWith(plan) && plan.length >= 8
    if (!found)
      throw new GitvirtError({
        code: 'NotFound',
        message: `The current plan is ${current?.id.slice(0, 12) ?? 'none'}, not ${plan ?? ''}.`,
        action: 'Look at "gitvirt plan" again.',
      })
    return { plan: current.id }
  }
  const change = current?.changes.find((one) => one.key === key && one.blocked.length > 0)
  if (change === undefined)
    throw new GitvirtError({ code: 'NotFound', message: `${key} has no blocked change.`, action: 'See "gitvirt plan".' })
  if (change.approval === undefined)
    throw new GitvirtError({
      code: 'NotApprovable',
      message: `No approval opens what blocks ${key}: ${change.blocked.map((block) => block.unblock).join(' ')}`,
    })
  return { plan: change.approval, key }
}

function statusOf(parts: ControlParts): Record<string, unknown> {
  const { source, observed, store } = parts
  const errors: readonly ManifestError[] = parts.loop.view()?.errors() ?? []
  return {
    url: parts.repository.url,
    ref: parts.repository.branch,
    revision: source.revision?.commit,
    subject: source.revision?.subject,
    fetchedAt: source.fetchedAt,
    error: source.error,
    suspended: store.suspensions.list().some((one) => one.key === everything),
    suspensions: store.suspensions.list(),
    errors,
    agents: observed.nodes().map(({ name, connected, seenAt }) => ({ node: name, connected, seenAt })),
  }
}
