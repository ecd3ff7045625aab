import { pathsOfChange } from './change-writers.ts'
import type { DesiredView } from './desired/types.ts'
import type { Loop } from './loop.ts'
import type { ObservedView } from './observed/types.ts'
import type { StandingPolicy } from './standing-policy.ts'
import { everyFile } from './store/approval-records.ts'
import type { Store } from './store/store.ts'

type WriterPorts = {
  readonly loop: Pick<Loop, 'current' | 'view'>
  readonly store: Pick<Store, 'gitApprovals'>
  readonly observed: ObservedView
  readonly standing: Pick<StandingPolicy, 'of' | 'paths'>
}

/** Who wrote a file is asked while something of it waits, so that an earlier writer may approve a later change. */
export function forgetDone({ loop, store, observed, standing }: WriterPorts): void {
  const records = store.gitApprovals
  const written = records.written()
  const view = loop.view()
  const plan = view === undefined || written.length === 0 ? undefined : loop.current()
  if (view === undefined || plan === undefined) return
  const waiting = new Set(plan.changes.flatMap((change) => [...pathsOfChange(change, view, observed)]))
  if (standing.of(view) !== undefined || [...view.keysOf('Fleet')].length > 1) for (const path of standing.paths(view)) waiting.add(path)
  for (const path of doubtful(view, observed)) waiting.add(path)
  for (const path of written) {
    const asked = path === '' || path === everyFile ? waiting.size > 0 : waiting.has(path) || view.isUnknownPath(path)
    if (!asked) records.forgetWriters(path)
  }
}

/** Files of a fault, and those by which its objects were applied: while a fault hides a change, who made it is not forgotten. */
function doubtful(view: DesiredView, observed: ObservedView): Set<string> {
  const paths = new Set<string>()
  for (const { severity, path, object, refersTo } of view.errors()) {
    if (severity !== 'error') continue
    paths.add(path)
    for (const key of [object, refersTo]) {
      if (key === undefined) continue
      for (const sighting of observed.get(key)) {
        const from = sighting.object.applied?.origin.path
        if (from !== undefined) paths.add(from)
      }
    }
  }
  return paths
}
