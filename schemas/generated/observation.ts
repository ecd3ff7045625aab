/* Generated from schemas/ by `npm run generate`. Do not edit. */
import type { MachineSpec } from './plan.ts'
import type { PolicySpec } from './plan.ts'
import type { VolumeSpec } from './plan.ts'
/**
 * This interface was referenced by `Observation`'s JSON-Schema
 * via the `definition` "ObservedObject".
 */
export type ObservedObject = ObservedMachine | ObservedVolume | ObservedPolicy

/**
 * What one agent saw: facts of the node and the objects on it that carry our mark. Raw facts, not API status.
 */
export interface Observation {
  node: string
  /**
   * Rises by one per message of a session.
   */
  sequence: number
  /**
   * True: objects is everything. False: only what changed.
   */
  full: boolean
  /**
   * RFC 3339.
   */
  at: string
  facts?: NodeFacts
  objects: ObservedObject[]
  /**
   * Keys that are no longer there (only when full is false).
   */
  gone: string[]
}
/**
 * This interface was referenced by `Observation`'s JSON-Schema
 * via the `definition` "NodeFacts".
 */
export interface NodeFacts {
  hostname: string
  architecture: string
  cpus: number
  memoryBytes: number
  memoryFreeBytes?: number
  accelerator: 'kvm' | 'tcg'
  acceleratorReason?: string
  machineTypes?: string[]
  firmwares?: ('bios' | 'efi' | 'efi-secure')[]
  tpm?: boolean
  interfaces: {
    name: string
    type: string
    up: boolean
    mtu?: number
    addresses?: string[]
  }[]
  /**
   * nmstate's current state, for NodeNetworkState.
   */
  networkState?: {
    [k: string]: unknown
  }
  networkProvider?: 'networkmanager' | 'kernel' | 'none'
  pools: {
    name: string
    path: string
    capacityBytes: number
    availableBytes: number
  }[]
  /**
   * Downloads that are kept, most recently used first: no more than so many of each pool.
   */
  images?: {
    /**
     * Digest of address, checksum and access: whoever asks with other credentials has another one.
     */
    key: string
    pool: string
    bytes: number
  }[]
  /**
   * gitvirt, libvirt, qemu, nmstate, kernel.
   */
  versions: {
    [k: string]: string
  }
}
/**
 * This interface was referenced by `Observation`'s JSON-Schema
 * via the `definition` "ObservedMachine".
 */
export interface ObservedMachine {
  kind: 'VirtualMachine'
  key: string
  /**
   * Of what a plan relies on: applied, booted, state (running, paused or off), drift and the lease. Never of addresses or counters.
   */
  digest: string
  uid: string
  /**
   * undefined: applied by us, but the domain is gone.
   */
  state: 'running' | 'paused' | 'starting' | 'stopping' | 'off' | 'crashed' | 'undefined'
  /**
   * libvirt's own reason word.
   */
  stateReason?: string
  startedAt?: string
  applied?: MachineSpec
  booted?: MachineSpec
  drift: Drift[]
  /**
   * How many more differences there are than drift has, where it is cut.
   */
  driftOmitted?: number
  interfaces: {
    name: string
    mac: string
    ips: string[]
    source?: 'lease' | 'agent'
    guestName?: string
  }[]
  volumes: {
    name: string
    target: string
    bus?: string
    bytes?: number
  }[]
  accelerator?: 'kvm' | 'tcg'
  agentConnected?: boolean
  guestOs?: {
    [k: string]: string
  }
  /**
   * A person's standing start or stop; lasts until the opposite request or a new runStrategy.
   */
  power?: {
    request: 'start' | 'stop'
    by?: string
    at: string
  }
  /**
   * A lease that this host keeps: what people change by hand stands.
   */
  lease?: {
    id: string
    by?: string
    /**
     * By the host's own clock.
     */
    until: string
  }
  runs?: {
    /**
     * Failed starts in a row, for CrashLoopBackOff.
     */
    failures: number
    nextStartAt?: string
    lastOutcome?: 'succeeded' | 'failed'
  }
  problem?: Problem
  /**
   * Fields of the template that this host cannot honour, with the reason.
   */
  unsupported?: string[]
}
/**
 * This interface was referenced by `Observation`'s JSON-Schema
 * via the `definition` "Drift".
 */
export interface Drift {
  /**
   * Where in the domain XML or the network state.
   */
  path: string
  expected?: string
  actual?: string
}
/**
 * The last failure that still stands.
 *
 * This interface was referenced by `Observation`'s JSON-Schema
 * via the `definition` "Problem".
 */
export interface Problem {
  /**
   * CamelCase, as upstream names it where upstream has it.
   */
  reason: string
  message: string
  at: string
  /**
   * True: retrying cannot help until Git changes.
   */
  fatal?: boolean
}
/**
 * This interface was referenced by `Observation`'s JSON-Schema
 * via the `definition` "ObservedVolume".
 */
export interface ObservedVolume {
  kind: 'DataVolume'
  key: string
  /**
   * Of applied, whether the phase is Succeeded or Failed, and quarantine. Never of progress.
   */
  digest: string
  phase:
    | 'Pending'
    | 'PVCBound'
    | 'WaitForFirstConsumer'
    | 'ImportScheduled'
    | 'ImportInProgress'
    | 'CloneScheduled'
    | 'CloneInProgress'
    | 'UploadScheduled'
    | 'UploadReady'
    | 'Paused'
    | 'Succeeded'
    | 'Failed'
    | 'Unknown'
  progress?: number
  applied?: VolumeSpec
  /**
   * Absolute path of the finished image on the node.
   */
  path?: string
  format?: 'raw' | 'qcow2'
  virtualBytes?: number
  allocatedBytes?: number
  restarts?: number
  nextTryAt?: string
  quarantined?: {
    since: string
    until: string
  }
  problem?: Problem
}
/**
 * This interface was referenced by `Observation`'s JSON-Schema
 * via the `definition` "ObservedPolicy".
 */
export interface ObservedPolicy {
  kind: 'NodeNetworkConfigurationPolicy'
  key: string
  /**
   * Of applied, the true condition, drift and failed.
   */
  digest: string
  applied?: PolicySpec
  provider?: 'networkmanager' | 'kernel' | 'none'
  /**
   * What kernel mode could not do for this policy.
   */
  limits?: string[]
  /**
   * The enactment's conditions, upstream's types: Available, Failing, Retrying, Progressing, Pending, Aborted.
   */
  conditions: {
    type: 'Available' | 'Failing' | 'Retrying' | 'Progressing' | 'Pending' | 'Aborted'
    status: 'True' | 'False' | 'Unknown'
    reason: string
    message: string
    at: string
  }[]
  drift: Drift[]
  problem?: Problem
  /**
   * The policy that failed last, while the host does not try it again: its hold lasts, or the failure is fatal.
   */
  failed?: {
    /**
     * Of desiredState and capture.
     */
    digest: string
  }
}
