import type { Finding, Plan } from '../../schemas/generated/plan.ts'
import type { ObjectKey } from '../lib/object-key.ts'
import { PlanContext } from './context.ts'
import { withCovers } from './covers.ts'
import { planDeletion } from './deletion.ts'
import { finishDraft, type Draft } from './draft.ts'
import { objectFindings, unknownFinding } from './findings.ts'
import { applyGates, type Approved } from './gates.ts'
import { planMachine } from './machine.ts'
import type { MachineObject } from './resolve/machine.ts'
import { planNetwork } from './network.ts'
import { PlacementMap } from './placement-map.ts'
import { scopeOf } from './scope.ts'
import { nameInGit, namePlan } from './seal.ts'
import { InputPrints } from './settled.ts'
import { signingOf } from './signed-approvals.ts'
import type { PlanInput } from './types.ts'
import { followLeaving } from './waiting.ts'
import { planVolume, type VolumeObject } from './volume.ts'
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
  const prints = new InputPrints(context)
  for (const key of orderedScope(context, users))
    for (const draft of planKey({ context, placements, prints }, key)) drafts.push(withCovers(context, draft))
  followLeaving(context, drafts)
  applyGates(context, drafts, { users, approved })
  const changes = drafts.map(finishDraft)
  const signing = signingOf(context, changes)
  const parts = {
    revision: input.desired.revision,
    policyDigest: context.policyDigest,
    createdAt: input.now.toISOString(),
    changes,
    findings: sortedFindings(context.findings),
    ...(signing === undefined ? {} : { signing }),
  }
  return namePlan(parts, (key) => nameInGit(context.desired(key)))
}

/** Networks, then disks, then machines, each by key; machines are placed while their disks are planned. */
function orderedScope(context: PlanContext, users: VolumeUsers): ObjectKey[] {
  const groups: Record<string, ObjectKey[]> = { NodeNetworkConfigurationPolicy: [], DataVolume: [], VirtualMachine: [] }
  for (const key of scopeOf(context, users)) groups[key.slice(0, key.indexOf('/'))]?.push(key)
  return Object.values(groups).flat()
}

type Pass = { readonly context: PlanContext; readonly placements: PlacementMap; readonly prints: InputPrints }

function planKey(pass: Pass, key: ObjectKey): Draft[] {
  const { context, placements } = pass
  if (context.isUnknown(key)) {
    context.findings.push(unknownFinding(context, key))
    return []
  }
  const desired = context.desired(key)
  if (desired === undefined) return planDeletion(context, key)
  if (desired.kind === 'VirtualMachine' || desired.kind === 'DataVolume') return planUnlessSettled(pass, desired)
  context.findings.push(...objectFindings(context, desired))
  return desired.kind === 'NodeNetworkConfigurationPolicy' ? planNetwork(context, placements, desired) : []
}

function planUnlessSettled({ context, placements, prints }: Pass, desired: MachineObject | VolumeObject): Draft[] {
  const { settled } = context.input
  const print = settled === undefined ? undefined : prints.of(desired)
  if (print !== undefined && settled?.get(desired.key) === print) return []
  const told = context.findings.length
  context.findings.push(...objectFindings(context, desired))
  const draft = desired.kind === 'VirtualMachine' ? planMachine(context, placements, desired) : planVolume(context, placements, desired)
  if (print !== undefined && draft === undefined && context.findings.length === told) settled?.set(desired.key, print)
  else settled?.delete(desired.key)
  return draft === undefined ? [] : [draft]
}

function sortedFindings(findings: readonly Finding[]): Finding[] {
  const placed = findings.map((finding) => ({ finding, place: `${finding.key} ${finding.path ?? ''} ${finding.code} ${finding.message}` }))
  return placed.sort((one, other) => (one.place < other.place ? -1 : 1)).map(({ finding }) => finding)
}
