import { appliedVerdict, type AppliedVerdict } from './applied-verdict.ts'
import { startApplyStatus, type ApplyStatus } from './apply-status.ts'
import { settingsOf, type FollowedOther } from './follow-others.ts'
import { openForge } from './forge/open-forge.ts'
import type { Loop } from './loop.ts'
import type { ReconcilerOptions } from './reconciler-options.ts'
import type { Observed } from './observed/cache.ts'
import type { SourceState } from './pipeline-control.ts'
import type { Previews } from './previews.ts'
import { followRequests, type Requests } from './requests.ts'
import type { Status } from './status/status.ts'
import type { Settings, Store } from './store/store.ts'

/** What the tellers need of the reconciler's options. */
export type TellerOptions = Pick<ReconcilerOptions, 'environment' | 'log' | 'clock'> & Required<Pick<ReconcilerOptions, 'forge'>>

type Reviewing = {
  readonly loop: Loop
  readonly previews: Previews
  readonly observed: Observed
  readonly others: readonly FollowedOther[]
  readonly branch: string
}

/** Requests are planned again when a tracked commit moves, or a host comes or goes. */
export function planRequests(
  { forge, log, clock, environment = 'default' }: TellerOptions,
  { loop, previews, observed, others, branch }: Reviewing,
): Requests {
  return followRequests({
    forge: openForge(forge),
    previews,
    branch,
    environment,
    basis: () => {
      const revision = loop.view()?.revision
      return revision === undefined
        ? undefined
        : `${[revision, ...others.map(({ state }) => state.revision?.commit ?? '')].join(' ')} ${observed.view
            .nodes()
            .map(({ name, connected }) => `${name}:${connected}`)
            .join()}`
    },
    interval: forge.pollMs,
    clock,
    log,
  })
}

type Applying = {
  readonly loop: Loop
  readonly state: Readonly<SourceState>
  readonly status: Status
  readonly observed: Observed
  readonly settings: Settings
}

const notPlanned: AppliedVerdict = { state: 'pending', description: 'It is being planned.' }

/** The commit in force is told with how far it is carried out, one that was refused with the reason. */
export function tellApplied(
  { forge, log, environment = 'default' }: TellerOptions,
  { loop, state, status, observed, settings }: Applying,
): ApplyStatus {
  return startApplyStatus({
    forge: openForge(forge),
    environment,
    current: () => {
      const { refused, revision } = state
      if (refused !== undefined) {
        const description = `Not in force: ${refused.why}`
        return { commit: refused.commit, inForce: false, stamp: description, verdict: () => ({ state: 'failure', description }) }
      }
      const desired = loop.view()
      if (desired === undefined || revision === undefined) return undefined
      const failure: Status['failure'] = (key) => status.failure(key)
      return {
        commit: revision.commit,
        inForce: true,
        stamp: String(loop.passes()),
        verdict: () => {
          const plan = loop.current()
          return plan === undefined ? notPlanned : appliedVerdict({ plan, desired, observed: observed.view, failure })
        },
      }
    },
    settings,
    interval: forge.pollMs,
    log,
  })
}

export type Telling = Omit<Reviewing, 'branch' | 'previews'> & Omit<Applying, 'state' | 'settings'> & { readonly store: Store }

/** Each source whose forge is told of has its own comments and statuses, with its name behind that of the environment, which holds no `@`. */
export function tellOtherForges(
  { environment = 'default', log, clock }: Omit<TellerOptions, 'forge'>,
  { store, ...parts }: Telling,
): (Requests | ApplyStatus)[] {
  return parts.others.flatMap(({ state, previews, forge }) => {
    if (forge === undefined) return []
    const options = { environment: `${environment}@${state.name}`, log, clock, forge }
    const settings = settingsOf(store.settings, state.name)
    return [planRequests(options, { ...parts, previews, branch: state.branch }), tellApplied(options, { ...parts, state, settings })]
  })
}
