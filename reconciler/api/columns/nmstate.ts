import { conditionsOf, type ApiObject, type Condition } from '../../status/api-object.ts'
import { age } from '../age.ts'
import { blockedColumn } from './blocked.ts'
import type { Column } from './column.ts'
import { ageColumn, column, heldColumn, heldSuffix, nameColumn } from './column.ts'

/** nmstate's own conditions that stand; ours (Synced …) are none of upstream's columns. */
const upstream: ReadonlySet<string> = new Set([
  'Available',
  'Degraded',
  'Progressing',
  'Ignored',
  'Failing',
  'Retrying',
  'Pending',
  'Aborted',
])

function standing(object: ApiObject): Condition | undefined {
  return conditionsOf(object).find((condition) => condition.status === 'True' && upstream.has(condition.type))
}

const status = column(['Status', 'The condition that holds.'], (object) => standing(object)?.type ?? '')
const reason = column(['Reason', 'Why it holds.'], (object) => standing(object)?.reason ?? '')

export const policyColumns: readonly Column[] = [
  nameColumn,
  column(['Status', 'The condition that holds.'], (policy) => `${standing(policy)?.type ?? ''}${heldSuffix(policy)}`),
  reason,
  blockedColumn,
  heldColumn,
]

export const enactmentColumns: readonly Column[] = [
  nameColumn,
  status,
  column(['Status Age', 'For how long it has held.'], (object, { now }) => age(standing(object)?.lastTransitionTime, now)),
  reason,
]

export const networkStateColumns: readonly Column[] = [nameColumn, ageColumn]
