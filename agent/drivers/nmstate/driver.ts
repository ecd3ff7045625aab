import { join } from 'node:path'
import type { ObjectKey } from '../../../reconciler/lib/object-key.ts'
import { sweepUnfinished } from '../../../reconciler/lib/private-file.ts'
import type { DriverContext, NetworkDriver } from '../types.ts'
import { applyPolicy } from './apply.ts'
import { createCommands } from './commands.ts'
import type { Deps } from './deps.ts'
import { driftedPolicies, observeFacts, observePolicies } from './observe.ts'
import { holdLeft } from './hold-off.ts'
import type { NetworkDriverOptions } from './options.ts'
import { detectProvider, type Provider } from './provider.ts'
import { recordPolicy } from './record-policy.ts'
import { createRecords } from './records.ts'
import { closeOpen, recover } from './recover.ts'
import { createJournal } from './transaction.ts'

/** The network driver of one host: policies by nmstatectl, one change at a time. State lies under `stateDir`/network. */
export function createNetworkDriver(context: DriverContext, options: NetworkDriverOptions = {}): NetworkDriver {
  const deps = createDeps(context, options)
  const closing = new AbortController()
  const exclusive = createQueue()
  const holds = watchHolds(deps)
  const facts = cached(deps, options.stateAge ?? 60_000)
  return {
    prepare: () =>
      exclusive(async () => {
        for (const folder of foldersOf(context)) await sweepUnfinished(folder)
        await recover(deps)
        await closeOpen(deps)
        for (const { key } of await deps.records.all()) await holds.watch(key)
      }),
    facts: () => facts.get(),
    observe: (keys) => observePolicies(deps, keys),
    drifted: () => driftedPolicies(deps),
    apply: (policy, signal) =>
      exclusive(async () => {
        try {
          await applyPolicy(deps, policy, AbortSignal.any([signal, closing.signal]))
        } finally {
          facts.forget()
          await holds.watch(policy.key)
        }
      }),
    record: (policy) => exclusive(async () => await recordPolicy(deps, policy)),
    forget: (key) =>
      exclusive(async () => {
        await deps.records.remove(key)
        context.log.info({ key }, 'network policy forgotten; the interfaces stay as they are')
        context.changed(key)
      }),
    close: async () => {
      closing.abort()
      await exclusive(async () => holds.close())
    },
  }
}

/** The folder of all that this driver keeps, and that of its policies. */
function foldersOf({ stateDir }: DriverContext): readonly [string, string] {
  const folder = join(stateDir, 'network')
  return [folder, join(folder, 'policies')]
}

function createDeps(context: DriverContext, options: NetworkDriverOptions): Deps {
  const [folder, policies] = foldersOf(context)
  const commands = createCommands(options)
  return {
    context,
    options,
    commands,
    records: createRecords(policies),
    journal: createJournal(folder),
    provider: createDetection(() => detectProvider(commands), context, options),
  }
}

/** How long a provider counts as known, in milliseconds. */
const providerAge = 30_000

function createDetection(
  detect: () => Promise<Provider>,
  { clock }: DriverContext,
  { provider }: NetworkDriverOptions,
): () => Promise<Provider> {
  let known: { readonly at: number; readonly value: Promise<Provider> } | undefined
  return async () => {
    if (provider !== undefined) return { name: provider, reason: 'Set by the options of the agent.', action: '' }
    const now = clock.monotonic()
    if (known === undefined || now - known.at > providerAge) known = { at: now, value: detect() }
    return known.value
  }
}

/** Tells that a policy changed when its hold ends: then the reconciler may ask for it again. */
function watchHolds({ context, records }: Deps): { watch(key: ObjectKey): Promise<void>; close(): void } {
  const timers = new Map<ObjectKey, NodeJS.Timeout>()
  const watch = async (key: ObjectKey): Promise<void> => {
    clearTimeout(timers.get(key))
    timers.delete(key)
    const held = (await records.get(key).catch(() => undefined))?.heldOff
    const left = held === undefined ? 0 : holdLeft(held, context.clock.now())
    // Looks again when the time has come: timers may be early, and the clock may have been put right.
    if (left > 0) timers.set(key, setTimeout(() => void watch(key), left).unref())
    else if (held !== undefined) context.changed(key)
  }
  return { watch, close: () => timers.forEach((timer) => clearTimeout(timer)) }
}

type Queue = <T>(work: () => Promise<T>) => Promise<T>

function createQueue(): Queue {
  let last: Promise<unknown> = Promise.resolve()
  return (work) => {
    const next = last.then(work, work)
    last = next.catch(() => undefined)
    return next
  }
}

type Facts = Awaited<ReturnType<NetworkDriver['facts']>>

function cached(deps: Deps, age: number): { get(): Promise<Facts>; forget(): void } {
  let known: { readonly at: number; readonly value: Promise<Facts> } | undefined
  const forget = (): void => {
    known = undefined
  }
  const get = (): Promise<Facts> => {
    const now = deps.context.clock.monotonic()
    if (known === undefined || now - known.at > age) {
      const value = observeFacts(deps)
      known = { at: now, value }
      value.catch(forget)
    }
    return known.value
  }
  return { get, forget }
}
