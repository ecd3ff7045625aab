import type { Finding, Plan } from '../../schemas/generated/plan.ts'
import type { ObjectKey } from '../lib/object-key.ts'
import { PlanContext } from './context.ts'
import { planDeletion } from './deletion.ts'
import { finishDraft, type Draft } from './draft.ts'
import { objectFindings, unknownFinding } from './findings.ts'
import { applyGates, type Approved } from './gates.ts'
import { planMachine } from './machine.ts'
import { planNetwork } from './network.ts'
import { PlacementMap } from './placement-map.ts'
import { scopeOf } from './scope.ts'
import { namePlan } from './seal.ts'
import type { PlanInput } from './types.ts'
import { planVolume } from './volume.ts'
import { VolumeUsers } from './volume-users.ts'

/**
 * What one reconcile pass will do: for every object that differs from Git a change with its fields, steps, disruption class and the
 * gates that hold it back. Pure: the same input gives the same plan. Throws nothing for what manifests or agents say.
 */
export function plan(input: PlanInput): Plan {
  const unapproved = input.approvals.filter(({ key }) => key === undefined)
  const made = makePlan(input, { approvals: input.approvals })
  if (unapproved.length === 0) return made
  const bare = makePlan(input, { approvals: [] })
  const all = unapproved.find((approval) => approval.plan === bare.id)
  return all === undefined ? made : makePlan(input, { approvals: input.approvals, all })
}

function makePlan(input: PlanInput, approved: Approved): Plan {
  const context = new PlanContext(input)
  const users = new VolumeUsers(context)
  const placements = new PlacementMap(context)
  const drafts: Draft[] = []
  for (const key of orderedScope(context, users)) drafts.push(...planKey(context, placements, key))
  applyGates(context, drafts, { users, approved })
  const parts = {
    revision: input.desired.revision,
    policyDigest: context.policyDigest,
    createdAt: input.now.toISOString(),
    changes: drafts.map(finishDraft),
    findings: sortedFindings(context.findings),
  }
  return namePlan(parts, (key) => context.desired(key)?.digest)
}

/** Networks, then disks, then machines, each by key; machines are placed while their disks are planned. */
function orderedScope(context: PlanContext, users: VolumeUsers): ObjectKey[] {
  const groups: Record<string, ObjectKey[]> = { NodeNetworkConfigurationPolicy: [], DataVolume: [], VirtualMachine: [] }
  for (const key of scopeOf(context, users)) groups[key.slice(0, key.indexOf('/'))]?.push(key)
  return Object.values(groups).flat()
}

function planKey(context: PlanContext, placements: PlacementMap, key: ObjectKey): Draft[] {
  if (context.isUnknown(key)) {
    context.findings.push(unknownFinding(context, key))
    return []
  }
  const desired = context.desired(key)
  if (desired === undefined) return planDeletion(context, key)
  context.findings.push(...objectFindings(context, desired))
  if (desired.kind === 'NodeNetworkConfigurationPolicy') return planNetwork(context, placements, desired)
  const draft =
    desired.kind === 'VirtualMachine'
      ? planMachine(context, placements, desired)
      : desired.kind === 'DataVolume'
        ? planVolume(context, placements, desired)
        : undefined
  return draft === undefined ? [] : [draft]
}

function sortedFindings(findings: readonly Finding[]): Finding[] {
  const placed = findings.map((finding) => ({ finding, place: `${finding.key} ${finding.path ?? ''} ${finding.code} ${finding.message}` }))
  return placed.sort((one, other) => (one.place < other.place ? -1 : 1)).map(({ finding }) => finding)
}
