/**
 * One reconciler process without listeners: source, desired, plan, observed, store, status and the loop between them, on a fleet of
 * which everything is applied. Prints as JSON what each part of its life took, and for how long it let nothing else run (`Pause`), in ms.
 * Usage: node --expose-gc test/bench/reconciler-process.ts REPOSITORY STATE FOLDERS FILES
 */
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { createMemoryBlobCache } from '../../reconciler/desired/cache.ts'
import { createDesired } from '../../reconciler/desired/state.ts'
import { systemClock } from '../../reconciler/lib/clock.ts'
import { silentLogger } from '../../reconciler/lib/log.ts'
import { createLoop } from '../../reconciler/loop.ts'
import { createObserved } from '../../reconciler/observed/cache.ts'
import { briefOf } from '../../reconciler/plan/brief.ts'
import { plan } from '../../reconciler/plan/plan.ts'
import { forNode } from '../../reconciler/plan/seal.ts'
import { createRevisions } from '../../reconciler/revisions.ts'
import { createListingKeeper } from '../../reconciler/source/kept-listing.ts'
import { openSource } from '../../reconciler/source/open-source.ts'
import { createStatus } from '../../reconciler/status/status.ts'
import { openManifestCache } from '../../reconciler/store/manifest-cache.ts'
import { openStore } from '../../reconciler/store/store.ts'
import { reportApplied } from './applied.ts'
import { changeOneFile } from './fleet.ts'
import type { Plan } from '../../schemas/generated/plan.ts'

const [repository = '', stateDir = '', folders = '1', files = '0'] = process.argv.slice(2)
const took: Record<string, number> = {}
const resolution = 10
const delay = monitorEventLoopDelay({ resolution })
delay.enable()
/** A pause is counted when the loop turns again, from the turn before. */
const turn = async (): Promise<void> => {
  const start = performance.now()
  await new Promise((resolve) => setTimeout(resolve, 2 * resolution))
  waited += performance.now() - start
}
/** Milliseconds that the measurement itself waited, which are no part of what is measured. */
let waited = 0

async function timed<T>(name: string, work: () => T | Promise<T>): Promise<T> {
  delay.reset()
  await turn()
  const [start, cpu] = [performance.now(), process.cpuUsage()]
  const result = await work()
  const { user, system } = process.cpuUsage(cpu)
  took[name] = performance.now() - start
  took[`${name}Cpu`] = (user + system) / 1000
  await turn()
  took[`${name}Pause`] = delay.max / 1e6
  return result
}

mkdirSync(stateDir, { recursive: true })
await using stack = new AsyncDisposableStack()
const source = stack.adopt(
  await openSource({ url: repository, storeDir: join(stateDir, 'source'), caps: { entries: 1_000_000, totalBytes: 2 ** 32 } }),
  async (value) => await value.close(),
)
const revision = await timed('fetch', async () => await source.fetch())
const [started, waitedBefore] = [performance.now(), waited]
const startedCpu = process.cpuUsage()
const store = stack.adopt(openStore(stateDir), (value) => value.close())
const observed = await timed('observed', () =>
  createObserved({ log: silentLogger, clock: systemClock, store: store.observations, briefOf }),
)
const cache = stack.adopt(openManifestCache(stateDir), (value) => value.close())
const status = createStatus({ store, clock: systemClock })
const listings = createListingKeeper({ cache, scope: [], mostEntries: 1_000_000, log: silentLogger })
const environment = { root: '', renderings: createMemoryBlobCache() }
const revisions = createRevisions({ source, desired: createDesired({ cache }), environment, listings })
const update = await timed('desired', async () => await revisions.take(revision))
if (update === undefined) throw new Error('The first revision gave no update.')
const context = { observed: observed.view, approvals: [], suspensions: [], inputSalt: 'bench', settled: store.settled }
// No longer held than the reconciler would.
let first: Plan | undefined = await timed('plan', () => plan({ ...context, desired: update.view, now: new Date() }))
store.settled.save()
took['restart'] = performance.now() - started - (waited - waitedBefore)
const used = process.cpuUsage(startedCpu)
took['restartCpu'] = (used.user + used.system) / 1000
took['changesAtStart'] = first.changes.length
// After a restart the store knows what was applied.
if (observed.view.nodes().length === 0) reportApplied(observed, first)
first = undefined

let refreshed = (): void => undefined
function* whenDone(slices: Iterable<void>, done: () => void): Generator<void, void> {
  yield* slices
  done()
}
const loop = createLoop({
  plan,
  forNode,
  observed,
  status: {
    refresh: (input) => whenDone(status.refresh(input), () => refreshed()),
  },
  dispatch: async () => [],
  approvals: () => [],
  dropApprovals: () => undefined,
  suspensions: () => [],
  unheard: () => undefined,
  inputSalt: 'bench',
  settled: store.settled,
  clock: systemClock,
  log: silentLogger,
})
stack.defer(() => loop.close())
const pass = async (start: () => void | Promise<void>): Promise<void> => {
  const done = new Promise<void>((resolve) => {
    refreshed = resolve
  })
  await start()
  await done
}
await timed('status', async () => await pass(() => loop.desired(update)))
took['changesWhenApplied'] = loop.current()?.changes.length ?? -1
for (let round = 0; round < 5; round += 1) {
  changeOneFile(repository, Math.floor(Number(files) / 2) + round, {
    folders: Number(folders),
    memory: `${3 + round + (Date.now() % 1000)}Gi`,
  })
  const next = await timed(`fetchOne${round}`, async () => await source.fetch())
  await timed(`oneFile${round}`, async () => {
    await pass(async () => {
      const changed = await revisions.take(next)
      if (changed === undefined || changed.changed.size === 0) throw new Error('The commit changed nothing.')
      loop.desired(changed)
    })
  })
}
for (let round = 0; round < 3; round += 1) {
  globalThis.gc?.()
  await new Promise((resolve) => setTimeout(resolve, 50))
}
const memory = process.memoryUsage()
took['rssMiB'] = memory.rss / 2 ** 20
took['heapMiB'] = memory.heapUsed / 2 ** 20
took['heapTotalMiB'] = memory.heapTotal / 2 ** 20
took['externalMiB'] = memory.external / 2 ** 20
console.log(JSON.stringify(took))
