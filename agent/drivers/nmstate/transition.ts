import { digestOf } from '../../../reconciler/lib/digest.ts'
import type { ObjectKey } from '../../../reconciler/lib/object-key.ts'
import type { Deps } from './deps.ts'
import { conditionsOf, type ConditionType } from './enactment.ts'
import type { ProviderName } from './provider.ts'
import type { PolicyRecord } from './records.ts'

/** Fields of the record that a transition sets; undefined removes one. */
type Patch = { readonly [field in keyof PolicyRecord]?: PolicyRecord[field] | undefined }

export type Step = { readonly type: ConditionType; readonly message: string; readonly provider: ProviderName; readonly patch?: Patch }

/** Most characters of a condition's message. */
const maxMessage = 4_000

/** Writes a policy's new condition and tells that the object changed. Without a difference nothing is written. */
export async function transition(deps: Deps, key: ObjectKey, step: Step): Promise<void> {
  const before = await deps.records.get(key)
  const at = deps.context.clock.now().toISOString()
  const conditions = conditionsOf({ type: step.type, message: step.message.slice(0, maxMessage), at }, before?.conditions)
  const merged = { limits: [], ...before, ...step.patch, key, provider: step.provider, conditions }
  const record = Object.fromEntries(Object.entries(merged).filter(([, value]) => value !== undefined)) as unknown as PolicyRecord
  if (before !== undefined && digestOf(before) === digestOf(record)) return
  await deps.records.put(record)
  deps.context.changed(key)
}
