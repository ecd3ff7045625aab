import type { Fleet, FleetSpec } from '../../../schemas/generated/fleet.ts'
import type { DisruptionClass, Finding } from '../../../schemas/generated/plan.ts'
import type { DesiredView } from '../../desired/types.ts'
import { digestOf } from '../../lib/digest.ts'
import type { Schedule } from '../../lib/schedule.ts'
import { parseBytes } from '../../lib/quantity.ts'
import { parseDuration } from '../../lib/duration.ts'
import { keyText, type ObjectKey } from '../../lib/object-key.ts'

/** When changes may or may not be carried out. */
export type Window = {
  readonly type: 'allow' | 'deny'
  readonly schedule: Schedule
  /** The lowest class that it speaks of. */
  readonly from: DisruptionClass
  readonly matchLabels: Readonly<Record<string, string>>
  readonly reason?: string
  /** As gitvirt.yaml has it. */
  readonly text: string
}

/** Approvals that some changes need in Git. */
export type ApprovalRule = {
  readonly matchLabels: Readonly<Record<string, string>>
  /** The lowest class that it speaks of. */
  readonly from: DisruptionClass
  readonly count: number
  /** Names or fingerprints of keys; absent: every approver. */
  readonly signers?: readonly string[]
}

/** How people approve changes by signed commits. */
export type ApprovalPolicy = {
  readonly trailer: string
  /** True: who made a change may approve it. */
  readonly ownChanges: boolean
  readonly validMilliseconds: number
  readonly rules: readonly ApprovalRule[]
}
export type DriftMode = 'correct' | 'detect'

/** The Fleet in force, with every default filled in. */
export type ResolvedPolicy = {
  /** The highest class that needs no person. */
  readonly unattended: DisruptionClass
  /** Exceptions by label; the first that matches decides. */
  readonly rules: readonly { readonly matchLabels: Readonly<Record<string, string>>; readonly unattended: DisruptionClass }[]
  readonly prune: {
    readonly enabled: boolean
    readonly maxCount: number
    readonly maxPercent: number
    readonly maxBytes?: number
    readonly quarantineMilliseconds: number
  }
  /** Absent: no approval in Git counts. */
  readonly approvals?: ApprovalPolicy
  readonly windows: readonly Window[]
  readonly freeze?: { readonly reason: string; readonly until?: string; readonly from: DisruptionClass }
  /** Rewrites of image addresses, longest prefix first. */
  readonly mirrors: readonly { readonly from: string; readonly to: string }[]
  readonly allowedSources: readonly string[]
  readonly allowedHostPaths: readonly string[]
  /** What becomes of changes that were made on a host by hand. */
  readonly drift: {
    readonly mode: DriftMode
    readonly rules: readonly { readonly matchLabels: Readonly<Record<string, string>>; readonly mode: DriftMode }[]
  }
  /** Fields of machines that are left as their hosts have them. */
  readonly ignoreDifferences: NonNullable<FleetSpec['ignoreDifferences']>
  readonly leases: { readonly allowed: boolean; readonly longestMilliseconds: number; readonly keptMilliseconds: number }
  /** Why nothing is carried out; absent while things go on. */
  readonly suspended?: string
}

/** What decides whether a change waits for a person: of these a change must itself be approved, where approvals are asked for. */
export type Gates = Pick<ResolvedPolicy, 'unattended' | 'rules' | 'prune' | 'drift' | 'approvals'>

export function gatesOf({ unattended, rules, prune, drift, approvals }: ResolvedPolicy): Gates {
  return { unattended, rules, prune, drift, ...(approvals === undefined ? {} : { approvals }) }
}

/** A policy and its seal. */
export type LoadedPolicy = { readonly policy: ResolvedPolicy; readonly digest: string; readonly findings: readonly Finding[] }

const day = 24 * 3_600_000
const week = 7 * day

/** Fills the defaults that schemas/fleet.json documents. */
function resolvePolicy(spec: FleetSpec | undefined): ResolvedPolicy {
  const prune = spec?.prune
  return {
    unattended: spec?.disruption?.unattended ?? 'migrate',
    rules: spec?.disruption?.rules ?? [],
    prune: {
      enabled: prune?.enabled ?? true,
      maxCount: prune?.maxCount ?? 10,
      maxPercent: prune?.maxPercent ?? 30,
      ...(prune?.maxBytes === undefined ? {} : { maxBytes: parseBytes(prune.maxBytes) }),
      quarantineMilliseconds: (prune?.quarantine === undefined ? undefined : parseDuration(prune.quarantine)) ?? week,
    },
    ...(spec?.approvals === undefined ? {} : { approvals: resolveApprovals(spec.approvals) }),
    windows: (spec?.windows ?? []).map(resolveWindow),
    ...(spec?.freeze === undefined ? {} : { freeze: resolveFreeze(spec.freeze) }),
    mirrors: [...(spec?.images?.mirrors ?? [])].sort((one, other) => other.from.length - one.from.length),
    allowedSources: spec?.images?.allowedPrivateHosts ?? [],
    allowedHostPaths: spec?.hostDisk?.allowedPaths ?? [],
    drift: { mode: spec?.drift?.mode ?? 'correct', rules: spec?.drift?.rules ?? [] },
    ignoreDifferences: spec?.ignoreDifferences ?? [],
    leases: {
      allowed: spec?.leases?.allowed ?? true,
      longestMilliseconds: durationOr(spec?.leases?.maxDuration, day),
      keptMilliseconds: durationOr(spec?.leases?.keep, 3 * day),
    },
    ...(spec?.suspend === true ? { suspended: 'gitvirt.yaml says spec.suspend: true.' } : {}),
  }
}

/** Name of the trailer where the Fleet has none. */
const approvalTrailer = 'Gitvirt-Approve'

function resolveApprovals({ trailer, ownChanges, validFor, rules }: NonNullable<FleetSpec['approvals']>): ApprovalPolicy {
  return {
    trailer: trailer ?? approvalTrailer,
    ownChanges: ownChanges ?? false,
    validMilliseconds: (validFor === undefined ? undefined : parseDuration(validFor)) ?? week,
    rules: (rules ?? []).map(({ matchLabels = {}, from = 'none', count, signers }) => ({
      matchLabels,
      from,
      count,
      ...(signers === undefined ? {} : { signers }),
    })),
  }
}

function durationOr(text: string | undefined, otherwise: number): number {
  return (text === undefined ? undefined : parseDuration(text)) ?? otherwise
}

function resolveWindow(window: NonNullable<FleetSpec['windows']>[number]): Window {
  const { type, schedule: cron, duration, timeZone = 'UTC', from = 'none', matchLabels = {}, reason } = window
  return {
    type,
    schedule: { cron, timeZone, milliseconds: parseDuration(duration) ?? 0 },
    from,
    matchLabels,
    ...(reason === undefined ? {} : { reason }),
    text: `"${cron}" for ${duration} (${timeZone})`,
  }
}

function resolveFreeze({ reason, until, from = 'none' }: NonNullable<FleetSpec['freeze']>): NonNullable<ResolvedPolicy['freeze']> {
  return { reason, from, ...(until === undefined ? {} : { until: new Date(until).toISOString() }) }
}

/** The class that goes through unattended for an object with these labels. */
export function unattendedFor(policy: ResolvedPolicy, labels: Readonly<Record<string, string>>): DisruptionClass {
  for (const rule of policy.rules) {
    if (Object.entries(rule.matchLabels).every(([name, value]) => labels[name] === value)) return rule.unattended
  }
  return policy.unattended
}

/** The one Fleet of a revision among all that it declares, or where one stands that cannot be read. */
export function declaredFleet(desired: DesiredView): {
  readonly keys: readonly ObjectKey[]
  readonly fleet?: Fleet
  readonly broken?: string
} {
  const keys = [...desired.keysOf('Fleet')].sort()
  const first = keys.map((key) => desired.get(key)).find((object) => object?.kind === 'Fleet')
  if (first?.kind === 'Fleet') return { keys, fleet: first.object }
  const broken = brokenFleet(desired)
  return { keys, ...(broken === undefined ? {} : { broken }) }
}

/**
 * The policy of a revision. Without a Fleet the defaults hold; a Fleet that is there but cannot be read suspends everything,
 * because its limits are unknown.
 */
export function loadPolicy(desired: DesiredView): LoadedPolicy {
  const { keys, fleet, broken } = declaredFleet(desired)
  const resolved = resolvePolicy(fleet?.spec)
  const policy = broken === undefined ? resolved : { ...resolved, suspended: broken, leases: { ...resolved.leases, allowed: false } }
  const findings = keys.slice(1).map((key): Finding => ({
    severity: 'error',
    code: 'DuplicateObject',
    key,
    message: `An environment has one Fleet; ${keyText(key)} is not in force, ${keyText(keys[0] ?? '')} is.`,
  }))
  return { policy, digest: digestOf(policy), findings }
}

/** Tells where a Fleet stands in Git that could not be read. */
function brokenFleet(desired: DesiredView): string | undefined {
  for (const error of desired.errors()) {
    if (error.severity !== 'error') continue
    if (error.object?.startsWith('Fleet/') !== true && !/(?:^|\/)gitvirt\.ya?ml$/.test(error.path)) continue
    return `The policy in ${error.path}:${error.line}:${error.column} cannot be read, so its limits are unknown: ${error.message}`
  }
  return undefined
}
