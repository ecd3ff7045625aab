import type { Duplex } from 'node:stream'
import type { NodeFacts, ObservedMachine, ObservedPolicy, ObservedVolume } from '../../schemas/generated/observation.ts'
import type { MachineSpec, PolicySpec, VolumeSpec } from '../../schemas/generated/plan.ts'
import type { Bag } from '../../schemas/generated/session.ts'
import type { Clock } from '../../reconciler/lib/clock.ts'
import type { Logger } from '../../reconciler/lib/log.ts'
import type { ObjectKey } from '../../reconciler/lib/object-key.ts'

/** What every driver is made with. */
export type DriverContext = {
  readonly node: string
  /** Absolute folder, mode 0700, that belongs to the agent alone and survives reboots. */
  readonly stateDir: string
  /** Absolute folder that is empty after a reboot: sockets, locks. */
  readonly runDir: string
  /** libvirt connection URI. */
  readonly libvirtUri: string
  readonly clock: Clock
  readonly log: Logger
  /** Called whenever an object may have changed, so that the agent observes it again. */
  readonly changed: (key: ObjectKey) => void
}

/** Secret and ConfigMap values that came with a plan: object key -> data key -> base64. Kept in memory only. */
export type InputData = { readonly secrets: Bag; readonly configMaps: Bag }

/** A finished image, or undefined while there is none that may be booted. */
export type VolumeFile = { readonly path: string; readonly format: 'raw' | 'qcow2'; readonly virtualBytes: number }

/** What a machine driver knows of its node. */
export type MachineNodeFacts = Pick<
  NodeFacts,
  | 'accelerator'
  | 'acceleratorReason'
  | 'machineTypes'
  | 'firmwares'
  | 'tpm'
  | 'cpus'
  | 'memoryBytes'
  | 'memoryFreeBytes'
  | 'architecture'
  | 'hostname'
  | 'versions'
>

/** Raw facts of one domain plus what the driver itself recorded; power, runs and leases are the guard's. */
export type MachineFacts = Omit<ObservedMachine, 'digest' | 'power' | 'runs' | 'lease'>

export type MachineDriver = {
  /** Once at start: capability probing, the pod network, leftovers of a crash. */
  prepare(): Promise<void>
  facts(): Promise<MachineNodeFacts>
  /** All domains with our mark, or only the given ones. */
  observe(keys?: readonly ObjectKey[]): Promise<readonly MachineFacts[]>
  /** Writes the persistent definition and the seed; never disturbs a running guest. Idempotent. */
  define(machine: MachineSpec, data: InputData): Promise<void>
  /** Brings the running guest to the definition as far as that goes without a restart. Idempotent. */
  hotplug(machine: MachineSpec, data: InputData): Promise<void>
  /** Without `paused` the machine's startStrategy decides. */
  start(key: ObjectKey, options?: { readonly paused?: boolean }): Promise<void>
  /** ACPI shutdown, then destroy after the grace period. 0 destroys at once. */
  stop(key: ObjectKey, graceSeconds?: number): Promise<void>
  restart(key: ObjectKey, graceSeconds?: number): Promise<void>
  pause(key: ObjectKey): Promise<void>
  unpause(key: ObjectKey): Promise<void>
  reset(key: ObjectKey): Promise<void>
  softReboot(key: ObjectKey): Promise<void>
  guestInfo(key: ObjectKey): Promise<Record<string, unknown>>
  /** Removes the definition and what was generated for it; never a volume. */
  undefine(key: ObjectKey): Promise<void>
  openConsole(key: ObjectKey): Promise<Duplex>
  openVnc(key: ObjectKey): Promise<Duplex>
  close(): Promise<void>
}

export type VolumeDriver = {
  prepare(): Promise<void>
  facts(): Promise<Pick<NodeFacts, 'pools' | 'images'>>
  observe(keys?: readonly ObjectKey[]): Promise<readonly ObservedVolume[]>
  /** Makes the image and resolves when it is Succeeded; rejects when it is Failed for good. Resumes after a crash. Retries inside. */
  ensure(volume: VolumeSpec, data: InputData, signal: AbortSignal): Promise<void>
  resize(volume: VolumeSpec): Promise<void>
  /** Takes the image out of reach until the time, RFC 3339. */
  quarantine(key: ObjectKey, until: string): Promise<void>
  /** Brings a quarantined image back under the same name. */
  restore(volume: VolumeSpec): Promise<void>
  remove(key: ObjectKey): Promise<void>
  /** Deletes quarantined images whose time has come; resolves with the time at which the next one is due. */
  sweep(): Promise<Date | undefined>
  /** The finished, unquarantined image. */
  file(key: ObjectKey): Promise<VolumeFile | undefined>
  close(): Promise<void>
}

export type NetworkDriver = {
  prepare(): Promise<void>
  facts(): Promise<Pick<NodeFacts, 'interfaces' | 'networkState' | 'networkProvider'>>
  observe(keys?: readonly ObjectKey[]): Promise<readonly ObservedPolicy[]>
  /** The applied policies that the network differs from. Rejects where the network cannot be read, unlike `observe`. */
  drifted(): Promise<readonly PolicySpec[]>
  /** Applies with probes and rollback; resolves when Available, rejects when Failing for good. */
  apply(policy: PolicySpec, signal: AbortSignal): Promise<void>
  /** Keeps what else is said of a policy that the host has; the network is left as it is. Rejects where the host has another one. */
  record(policy: PolicySpec): Promise<void>
  /** Stops managing; upstream's rule is that nothing is reverted. */
  forget(key: ObjectKey): Promise<void>
  close(): Promise<void>
}

export type Drivers = { readonly machines: MachineDriver; readonly volumes: VolumeDriver; readonly networks: NetworkDriver }
