import type { OtherSource } from './follow-others.ts'
import type { ForgeOptions } from './forge/types.ts'
import type { Clock } from './lib/clock.ts'
import type { Logger } from './lib/log.ts'
import type { KeyPlaces } from './secrets/keyring.ts'
import type { SourceOptions } from './source/options.ts'
import type { TrustOptions } from './trust/trust.ts'
import type { Keys } from './trust/verify-signature.ts'

export type ReconcilerOptions = {
  /** Folder that survives restarts; one reconciler at a time uses it. */
  readonly stateDir: string
  readonly source: Omit<SourceOptions, 'storeDir'>
  /** Other sources of the same environment; the policy is the first one's. */
  readonly others?: readonly OtherSource[]
  /** Where the API listens. */
  readonly listen: { readonly host: string; readonly port: number }
  /** Where agents dial in; port 0 takes a free one. */
  readonly agents: { readonly host: string; readonly port: number }
  /** Names and addresses of the server certificate besides the loopback's. */
  readonly serverNames: readonly string[]
  readonly pollMs: number
  /** True where only the agent of this host can connect. */
  readonly oneHost?: boolean
  readonly webhookSecret?: string
  /** Name of this environment in receipts, comments and statuses; default: "default". */
  readonly environment?: string
  /** The operator's file of notification destinations. */
  readonly notifyFile?: string
  /** For how long it is kept what objects were, in milliseconds; default 90 days. */
  readonly keepPast?: number
  /** True: receipts of what was applied are pushed as Git notes. */
  readonly notes?: boolean
  /** A forge whose requests are planned. */
  readonly forge?: ForgeOptions & { readonly pollMs: number }
  /** Whose commits come into force; default: everybody's. */
  readonly trust?: TrustOptions
  /** Whose signed trailers approve changes; default: the keys of `trust`. */
  readonly approvers?: Keys
  /** The operator's keys for encrypted manifests. */
  readonly keys?: KeyPlaces
  readonly clock: Clock
  readonly log: Logger
}

export type Reconciler = {
  readonly apiUrl: string
  readonly agentsUrl: string
  /** The owner's kubeconfig. */
  readonly kubeconfig: string
  createJoinToken(node: string): Promise<string>
  close(): Promise<void>
}
