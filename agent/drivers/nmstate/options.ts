import type { CommandOptions } from './commands.ts'
import type { ProbeOptions } from './probes.ts'
import type { ProviderName } from './provider.ts'

export type NetworkDriverOptions = CommandOptions & {
  /** Skips detection, for hosts whose system bus belongs to another network namespace. */
  readonly provider?: ProviderName
  readonly probes?: ProbeOptions
  readonly retries?: RetryOptions
  readonly holdOff?: HoldOffOptions
  /** Milliseconds for which `facts().networkState` is kept; default 60,000. */
  readonly stateAge?: number
}

export type RetryOptions = {
  /** Default 5. */
  readonly count?: number
  /** Milliseconds before the first retry, doubled for each more; default 1,000. */
  readonly first?: number
  /** Most milliseconds between two tries; default 30,000. */
  readonly most?: number
}

/** How long a policy that failed is refused while it comes unchanged, in milliseconds. */
export type HoldOffOptions = {
  /** After a failure that another try cannot mend, or that cut the host off; default 10 minutes. */
  readonly lasting?: number
  /** After any other failure, retries included; default 1 minute. */
  readonly passing?: number
}
