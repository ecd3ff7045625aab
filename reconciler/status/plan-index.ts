import type { Change, Finding, Plan } from '../../schemas/generated/plan.ts'
import type { ObjectKey } from '../lib/object-key.ts'

export type PlanIndex = {
  changes(key: ObjectKey): readonly Change[]
  findings(key: ObjectKey): readonly Finding[]
  /** How many changes each reason holds back. */
  held(): ReadonlyMap<string, number>
  /** Takes a plan over `keys` (absent: over everything) and returns the keys whose changes or findings may differ now. */
  take(plan: Plan, keys?: Iterable<ObjectKey>): ReadonlySet<ObjectKey>
}

/** The newest planned change of every object, put together from plans that each cover some keys. */
export function createPlanIndex(): PlanIndex {
  const changes = new Map<ObjectKey, readonly Change[]>()
  const findings = new Map<ObjectKey, readonly Finding[]>()
  return {
    changes: (key) => changes.get(key) ?? [],
    findings: (key) => findings.get(key) ?? [],
    held: () => heldBack([...changes.values()].flat()),
    take: (plan, keys) => {
      const newChanges = Map.groupBy(plan.changes, (change) => change.key)
      const newFindings = Map.groupBy(plan.findings, (finding) => finding.key)
      const covered = new Set(keys ?? [...changes.keys(), ...findings.keys()])
      for (const key of [...newChanges.keys(), ...newFindings.keys()]) covered.add(key)
      for (const key of covered) {
        replace(changes, key, newChanges.get(key))
        replace(findings, key, newFindings.get(key))
      }
      return covered
    },
  }
}

function heldBack(changes: readonly Change[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>()
  for (const { blocked } of changes) {
    for (const reason of new Set(blocked.map((block) => block.reason))) counts.set(reason, (counts.get(reason) ?? 0) + 1)
  }
  return counts
}

function replace<T>(map: Map<ObjectKey, T>, key: ObjectKey, value: T | undefined): void {
  if (value === undefined) map.delete(key)
  else map.set(key, value)
}
