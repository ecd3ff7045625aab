import type { ObservedObject } from '../../schemas/generated/observation.ts'
import { GitvirtError } from '../../reconciler/lib/errors.ts'
import { keyText, type ObjectKey } from '../../reconciler/lib/object-key.ts'

/** Waits until other objects are ready. */
export type Dependencies = {
  /** @throws GitvirtError `DependencyFailed`, or the signal's reason */
  wait(keys: readonly ObjectKey[], signal: AbortSignal): Promise<void>
  /** An object may have changed. */
  changed(key: ObjectKey): void
}

export type DependencyOptions = {
  readonly observe: (key: ObjectKey) => Promise<ObservedObject | undefined>
  /** True while some plan still works on the object. */
  readonly active: (key: ObjectKey) => boolean
  /** Milliseconds between looks that nothing announced; default 5,000. */
  readonly pollMs?: number
  /** Milliseconds that an object may be missing while nobody works on it; default 10,000. */
  readonly missingMs?: number
}

export function createDependencies(options: DependencyOptions): Dependencies {
  const waiting = new Map<ObjectKey, Set<() => void>>()
  const waitForOne = async (key: ObjectKey, signal: AbortSignal): Promise<void> => {
    const begun = performance.now()
    for (;;) {
      signal.throwIfAborted()
      // Asked before the look, so that work that ends in between is seen by the next one.
      const active = options.active(key)
      const object = await options.observe(key)
      if (isMachine(key) ? !active : isReady(object)) return
      const waited = performance.now() - begun
      if (!active && (hasFailed(object) || (object === undefined && waited > (options.missingMs ?? 10_000)))) throw failure(key, object)
      await nap({ waiting, key, milliseconds: options.pollMs ?? 5000, signal })
    }
  }
  return {
    wait: async (keys, signal) => {
      for (const key of keys) await waitForOne(key, signal)
    },
    changed(key) {
      for (const wake of waiting.get(key) ?? []) wake()
    },
  }
}

/** A machine is waited for where it goes or lets go of a disk: until nobody works on it any more. */
function isMachine(key: ObjectKey): boolean {
  return key.startsWith('VirtualMachine/')
}

function isReady(object: ObservedObject | undefined): boolean {
  switch (object?.kind) {
    case 'DataVolume':
      return object.phase === 'Succeeded' && object.quarantined === undefined
    case 'NodeNetworkConfigurationPolicy':
      return object.conditions.some(({ type, status }) => type === 'Available' && status === 'True')
    default:
      return false
  }
}

function hasFailed(object: ObservedObject | undefined): boolean {
  if (object?.kind === 'DataVolume') return object.phase === 'Failed'
  if (object?.kind !== 'NodeNetworkConfigurationPolicy') return false
  return object.conditions.some(({ type, status }) => (type === 'Failing' || type === 'Aborted') && status === 'True')
}

function failure(key: ObjectKey, object: ObservedObject | undefined): GitvirtError {
  const why = object === undefined ? 'it is not on this host' : (object.problem?.message ?? 'it failed')
  return new GitvirtError({ code: 'DependencyFailed', message: `Waits for ${keyText(key)}, but ${why}.` })
}

type Nap = {
  readonly waiting: Map<ObjectKey, Set<() => void>>
  readonly key: ObjectKey
  readonly milliseconds: number
  readonly signal: AbortSignal
}

async function nap({ waiting, key, milliseconds, signal }: Nap): Promise<void> {
  const woken = Promise.withResolvers<void>()
  const wake = (): void => woken.resolve()
  const others = waiting.get(key) ?? new Set()
  waiting.set(key, others.add(wake))
  const timer = setTimeout(wake, milliseconds)
  signal.addEventListener('abort', wake, { once: true })
  await woken.promise
  clearTimeout(timer)
  signal.removeEventListener('abort', wake)
  others.delete(wake)
  if (others.size === 0) waiting.delete(key)
}
