import type { Plan } from '../../schemas/generated/plan.ts'
import type { DesiredView } from '../desired/types.ts'
import type { ObjectKey } from '../lib/object-key.ts'
import type { ObservedView } from '../observed/types.ts'
import type { Gates } from './resolve/policy.ts'
import type { Settled } from './settled.ts'

/** What a person has allowed beyond the policy. */
export type Approval = {
  /** `Plan.id` for all of a plan, or `Change.approval` for one change; that one survives replanning while the wish stays equal. */
  readonly plan?: string
  readonly key?: ObjectKey
  readonly by: string
  readonly at: string
  /** The key that signed it, where it was given by a commit. */
  readonly signer?: { readonly name: string; readonly fingerprint: string }
  readonly commit?: string
  /** When that commit was made; absent: nobody knows, and so it does not count. */
  readonly made?: string
}

/** An approval that a signed commit carries; `plan` is `Change.approval`. */
export type SignedApproval = Approval & Required<Pick<Approval, 'plan' | 'key' | 'signer' | 'commit'>>

/** A person's word that nothing is done to an object, a namespace, a host or the environment. */
export type Suspension = {
  readonly key: ObjectKey
  readonly by: string
  readonly reason: string
  readonly at: string
  /** RFC 3339, UTC: when it ends by itself. */
  readonly until?: string
}

/** A person's word that what is changed on a machine by hand stands for a time. */
export type Lease = {
  readonly key: ObjectKey
  readonly by: string
  readonly reason: string
  readonly at: string
  readonly until: string
  readonly ending: 'revert' | 'adopt'
  /** After it: the changes were written to a branch, and stand until Git wants something else of the machine, or until the time. */
  readonly kept?: { readonly wish: string; readonly until: string; readonly branch?: string }
  readonly endedAt?: string
}

/** Why a reconciler without a history cannot tell yet what runs where. */
export type Unheard = {
  /** Hosts that have not reported to it, by name; empty where other hosts may exist that nobody can name. */
  readonly hosts: readonly string[]
}

/** Gates that stay in force while a change of them waits for its approval, and what a person reads of it. */
export type StandingGates = { readonly gates: Gates; readonly message: string }

/** All that a plan depends on. Nothing else may be read: no clock, no disk, no log. */
export type PlanInput = {
  readonly desired: DesiredView
  /** Whose policy holds, where it is not the one of `desired`: a request cannot loosen the rules that it is judged by. */
  readonly policyFrom?: DesiredView
  readonly observed: ObservedView
  /** Only these keys (and what they pull in); absent means all. */
  readonly keys?: Iterable<ObjectKey>
  readonly approvals: readonly Approval[]
  readonly suspensions: readonly Suspension[]
  readonly leases?: readonly Lease[]
  readonly now: Date
  /** Gates that hold in place of the Fleet's own, because nobody has approved those yet. */
  readonly standing?: StandingGates
  /** Name of the environment, to which approvals in Git are bound; without it none can be given. */
  readonly environment?: string
  /** Set while a machine or disk that nobody reports may still be on a host that was not heard: nothing new is placed then. */
  readonly unheard?: Unheard
  /**
   * Secret of this installation, kept across restarts: it salts the digests of Secrets and ConfigMaps, so that values
   * with little entropy cannot be guessed from a plan. Another salt reads as changed inputs of every machine.
   * Absent (offline): contents that were applied count as unchanged, and a finding says so.
   */
  readonly inputSalt?: string
  /** What earlier plans found to need nothing; this one brings it up to date. The plan is the same without it, only slower. */
  readonly settled?: Settled
}

/** What a plan depends on besides Git. */
export type Surroundings = Omit<PlanInput, 'desired' | 'policyFrom' | 'keys' | 'settled'>

/** The one entry of the room: `plan(input)` in plan.ts. */
export type Planner = (input: PlanInput) => Plan
