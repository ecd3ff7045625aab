import type { ObservedMachine } from '../schemas/generated/observation.ts'
import type { Command } from '../schemas/generated/session.ts'
import type { ObjectKey } from '../reconciler/lib/object-key.ts'

/** What the agent needs of its guard, which keeps machines running without the reconciler. */
export type GuardPort = {
  /** Power requests, runs and leases that the guard keeps for a machine. */
  view(key: ObjectKey): Pick<ObservedMachine, 'power' | 'runs' | 'lease'>
  /**
   * Carries out a person's request. Stop and restart are answered when they are accepted, before the guest's grace period.
   * @throws GitvirtError with the code that the person sees
   */
  command(command: Command): Promise<Record<string, unknown>>
  /** Keeps the guard's hands off a machine while a plan works on it; the result ends that. */
  hold(key: ObjectKey): () => void
  /** Before a plan's restart: remembers it, so that a guest that an ended agent has only stopped is started again. */
  restarting(key: ObjectKey): Promise<void>
}
