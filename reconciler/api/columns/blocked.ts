import type { Block } from '../../../schemas/generated/plan.ts'
import { conditionOf } from '../../status/api-object.ts'
import { column } from './column.ts'

/** Reasons of plans; every other reason of Synced=False is a failure or work under way. */
const reasons: Readonly<Record<Block['reason'], true>> = {
  DisruptionNotAllowed: true,
  PruneThreshold: true,
  ApprovalRequired: true,
  Suspended: true,
  Unschedulable: true,
  WaitingForDependency: true,
  NodeNotReady: true,
  HostsUnheard: true,
  Window: true,
  Frozen: true,
  Conflict: true,
  Unsupported: true,
  DriftNotCorrected: true,
  Leased: true,
}

/** Why what Git says is not carried out; empty where nothing holds it back. The condition tells what would let it go on. */
export const blockedColumn = column(
  ['Blocked', 'Why what Git says is held back; describe tells what lets it go on.'],
  (object) => {
    const synced = conditionOf(object, 'Synced')
    return synced?.status === 'False' && synced.reason !== undefined && Object.hasOwn(reasons, synced.reason) ? synced.reason : ''
  },
  1,
)
