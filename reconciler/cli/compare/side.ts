import type { ComparisonPolicy, IndexedObject, JsonObject, SideIndex } from '../../compare/types.ts'
import type { ObjectKey } from '../../lib/object-key.ts'

/** One opened side. */
export type Side = {
  readonly name: string
  /** Stands for all that the side holds: two sides of one identity are equal. Absent where nothing stands for it. */
  readonly identity?: string
  index(): Promise<SideIndex>
  /** Bodies by key; of those objects only. */
  load(objects: readonly IndexedObject[]): Promise<ReadonlyMap<ObjectKey, JsonObject>>
}

/** What the side's Fleet says about comparisons. */
export async function policyOf(side: Side): Promise<ComparisonPolicy | undefined> {
  const fleet = (await side.index()).objects.find(({ key }) => key.startsWith('Fleet/'))
  if (fleet === undefined) return undefined
  const body = (await side.load([fleet])).get(fleet.key) as { readonly spec?: { readonly environments?: ComparisonPolicy } } | undefined
  return body?.spec?.environments
}
