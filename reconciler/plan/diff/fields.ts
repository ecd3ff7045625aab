import type { FieldChange } from '../../../schemas/generated/plan.ts'
import { exceeds } from '../disruption/classes.ts'
import type { Act, FieldContext } from '../disruption/row.ts'
import { isSensitive, judge, type TableKind } from '../disruption/table.ts'
import { formatPath } from './path.ts'
import { diffTree, type TreeDifference } from './tree.ts'

/** A field change, and what the agent must do for it. */
export type JudgedField = { readonly field: FieldChange; readonly act: Act }

export type FieldComparison = {
  readonly kind: TableKind
  readonly from: unknown
  readonly to: unknown
  /** False: no guest runs on it, so nothing up to a restart disturbs anybody. */
  readonly active: boolean
  /** What runs the guest; undefined where no host is meant. */
  readonly accelerator?: FieldContext['accelerator']
}

/** Every field in which two views of one object differ, with its disruption class. */
export function judgeFields(comparison: FieldComparison): JudgedField[] {
  return diffTree(comparison.from, comparison.to).map((difference) => judgeField(difference, comparison))
}

function judgeField(difference: TreeDifference, comparison: FieldComparison): JudgedField {
  const { kind, from, to, active, accelerator } = comparison
  const judgement = judge(kind, { ...difference, from, to, ...(accelerator === undefined ? {} : { accelerator }) })
  const idle = !active && judgement.disruption !== 'none' && !exceeds(judgement.disruption, 'restart')
  const act = idle && (judgement.act === 'hotplug' || judgement.act === 'restart') ? 'define' : judgement.act
  const reason = idle ? 'No guest is running.' : judgement.reason
  const sensitive = judgement.sensitive || isSensitive(kind, difference.path)
  const field: FieldChange = {
    path: formatPath(difference.path),
    ...('before' in difference ? { before: difference.before } : {}),
    ...('after' in difference ? { after: difference.after } : {}),
    disruption: idle ? 'none' : judgement.disruption,
    ...(sensitive ? { sensitive } : {}),
    ...(reason === undefined ? {} : { reason }),
  }
  return { field, act }
}
