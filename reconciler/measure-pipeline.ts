import { Registry } from 'prom-client'
import type { Clock } from './lib/clock.ts'
import type { Loop } from './loop.ts'
import { createPipelineMetrics, type PipelineMetrics } from './measure/pipeline-metrics.ts'
import { createProgress, type Progress } from './measure/progress.ts'
import type { SourceState } from './pipeline-control.ts'
import { everything } from './suspender.ts'
import type { Collection } from './status/collection.ts'
import type { EventDraft } from './status/events/rules.ts'
import type { Store } from './store/store.ts'

export type MeasureParts = {
  readonly store: Store
  readonly clock: Clock
  readonly source: Readonly<SourceState>
  readonly objects: () => Collection
  readonly loop: () => Loop
  readonly waitingNotifications: () => ReadonlyMap<string, number>
  /** True where receipts are pushed as Git notes. */
  readonly notes: boolean
  /** Told when nothing of the newest revision is left to do. */
  readonly converged: (commit: string) => void
}

/** The metrics of the way from a commit to the hosts. */
export type Measures = { readonly registry: Registry; readonly metrics: PipelineMetrics; readonly progress: Progress }

export function measurePipeline(parts: MeasureParts): Measures {
  const { store, clock, source, objects, loop } = parts
  const registry = new Registry()
  const progress = createProgress({
    settings: store.settings,
    clock,
    reached: (reached) => {
      metrics.reached(reached)
      if (reached.stage === 'converged' && reached.commit === source.revision?.commit) parts.converged(reached.commit)
    },
  })
  const metrics = createPipelineMetrics(registry, {
    progress,
    drifted: () => store.objects.drifted(),
    isServed: (key) => objects().has(key),
    manifestErrors: () => (loop().view()?.errors() ?? []).filter(({ severity }) => severity === 'error').length,
    queued: () => loop().queued(),
    unpushedReceipts: () => (parts.notes ? store.ledger.countPending() : 0),
    waitingNotifications: parts.waitingNotifications,
    fetchedAt: () => source.fetchedAt,
  })
  return { registry, metrics, progress }
}

/** Told when a revision is carried out whole. */
export function convergedEvent(commit: string): EventDraft {
  const message = `Nothing of revision ${commit.slice(0, 12)} is left to do.`
  return { key: everything, type: 'Normal', reason: 'Converged', message }
}
