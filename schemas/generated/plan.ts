/* Generated from schemas/ by `npm run generate`. Do not edit. */
import type { DataVolumeSpec } from './data-volume.ts'
import type { VirtualMachineInstanceTemplateSpec } from './virtual-machine.ts'
/**
 * This interface was referenced by `Plan`'s JSON-Schema
 * via the `definition` "Action".
 */
export type Action = 'create' | 'update' | 'replace' | 'delete' | 'none'
/**
 * How much a guest notices, in rising order.
 *
 * This interface was referenced by `Plan`'s JSON-Schema
 * via the `definition` "DisruptionClass".
 */
export type DisruptionClass = 'none' | 'live' | 'hotplug' | 'migrate' | 'restart' | 'recreate' | 'data-loss'

/**
 * What one reconcile pass will do: computed purely from desired and observed state, sealed by its digest.
 */
export interface Plan {
  /**
   * Of a plan for an agent the seal: sha256 of the canonical JSON of all the other fields except createdAt. Of the whole plan a sha256 over what it was computed from.
   */
  id: string
  /**
   * Git commit id that the desired state came from.
   */
  revision: string
  /**
   * sha256 of the Fleet policy in force.
   */
  policyDigest: string
  /**
   * RFC 3339 time handed in by the caller.
   */
  createdAt: string
  changes: Change[]
  findings: Finding[]
  summary: Summary
  /**
   * How all that waits for a person here is approved by a signed commit. Absent where nothing waits, or the Fleet has no word of approvals.
   */
  signing?: {
    /**
     * Name of the trailer.
     */
    trailer: string
    /**
     * Its value: sha256 over the environment and the changes that wait.
     */
    token: string
    /**
     * How many changes it approves.
     */
    changes: number
  }
}
/**
 * All that happens to one object on one node.
 *
 * This interface was referenced by `Plan`'s JSON-Schema
 * via the `definition` "Change".
 */
export interface Change {
  /**
   * Kind/namespace/name; namespace is empty for cluster-scoped kinds.
   */
  key: string
  /**
   * Node that carries it out; empty where none fits.
   */
  node: string
  action: Action
  disruption: DisruptionClass
  fields: FieldChange[]
  steps: Step[]
  /**
   * Digest of the observed object this was computed from; 'absent' where there was none. The agent refuses when its own differs.
   */
  base: string
  /**
   * Why steps are held back; an unblocked change has none.
   */
  blocked: Block[]
  notes: string[]
  origin?: Origin
  /**
   * Keys that must be finished first (a volume Succeeded, a policy Available), whether or not they stand in this plan.
   */
  after: string[]
  /**
   * What an approval of this change is bound to besides its steps, in words: a label that a rule goes by and that it takes off, drift that it mends, disks that may go with their machine. Absent where there is nothing of the kind.
   */
  covers?: string[]
  /**
   * Encrypted Secrets and ConfigMaps that its machine reads, by object key, with the blob that each lies in: an approval is bound to these files as they are encrypted, so that it can be given before anything is decrypted. Absent where none is encrypted.
   */
  sealedInputs?: {
    [k: string]: string
  }
  /**
   * Digest of what a person approves here: the held-back steps and what they bring. Set where an approval opens a gate; stays equal while the wish stays equal.
   */
  approval?: string
}
/**
 * This interface was referenced by `Plan`'s JSON-Schema
 * via the `definition` "FieldChange".
 */
export interface FieldChange {
  /**
   * Dotted path in the API object, list entries by name: spec.template.spec.domain.devices.disks[root].serial
   */
  path: string
  /**
   * Absent when the field is added.
   */
  before?: unknown
  /**
   * Absent when the field is removed.
   */
  after?: unknown
  disruption: DisruptionClass
  /**
   * Values are masked wherever they are shown.
   */
  sensitive?: boolean
  /**
   * Why the class is what it is, when the table alone does not tell.
   */
  reason?: string
}
/**
 * One idempotent act of an agent. Network steps stand before storage, storage before compute.
 *
 * This interface was referenced by `Plan`'s JSON-Schema
 * via the `definition` "Step".
 */
export interface Step {
  /**
   * Stable within the plan: <verb>:<key>.
   */
  id: string
  verb:
    | 'ApplyNetworkPolicy'
    | 'RecordNetworkPolicy'
    | 'ForgetNetworkPolicy'
    | 'EnsureVolume'
    | 'ResizeVolume'
    | 'RestoreVolume'
    | 'QuarantineVolume'
    | 'DeleteVolume'
    | 'DefineDomain'
    | 'HotplugDomain'
    | 'StartDomain'
    | 'StopDomain'
    | 'RestartDomain'
    | 'UndefineDomain'
  key: string
  phase: 'network' | 'storage' | 'compute'
  disruption: DisruptionClass
  machine?: MachineSpec
  volume?: VolumeSpec
  policy?: PolicySpec
  graceSeconds?: number
  /**
   * RFC 3339: when a quarantined volume may be deleted.
   */
  until?: string
}
/**
 * A VirtualMachine as one agent needs it: converted, defaulted, expanded; no secret values.
 *
 * This interface was referenced by `Plan`'s JSON-Schema
 * via the `definition` "MachineSpec".
 */
export interface MachineSpec {
  key: string
  namespace: string
  name: string
  /**
   * UUID, derived from namespace and name (RFC 9562 version 5) unless firmware.uuid says otherwise.
   */
  uid: string
  labels: {
    [k: string]: string
  }
  annotations: {
    [k: string]: string
  }
  runStrategy: 'Always' | 'RerunOnFailure' | 'Manual' | 'Halted' | 'Once'
  /**
   * spec.template after defaults.
   */
  template: VirtualMachineInstanceTemplateSpec
  /**
   * Keyed digests of the Secrets and ConfigMaps that the template refers to, by object key.
   */
  inputs: {
    [k: string]: string
  }
  /**
   * Path prefixes that Fleet allows for hostDisk.
   */
  allowHostDisk?: string[]
  origin: Origin
}
/**
 * Where in Git an object stands.
 *
 * This interface was referenced by `Plan`'s JSON-Schema
 * via the `definition` "Origin".
 */
export interface Origin {
  path: string
  line: number
  column: number
  blob?: string
  revision?: string
}
/**
 * A DataVolume as one agent needs it.
 *
 * This interface was referenced by `Plan`'s JSON-Schema
 * via the `definition` "VolumeSpec".
 */
export interface VolumeSpec {
  key: string
  namespace: string
  name: string
  spec: DataVolumeSpec
  /**
   * Virtual size of the disk that the guest sees.
   */
  sizeBytes: number
  pool: PoolSpec
  /**
   * The host keeps them, so that rules by label know them when Git no longer has the object. Absent where an earlier version applied it.
   */
  labels?: {
    [k: string]: string
  }
  annotations: {
    [k: string]: string
  }
  /**
   * The VirtualMachine whose dataVolumeTemplates made it.
   */
  ownerKey?: string
  /**
   * host[:port] entries that may resolve to loopback, link-local or private addresses.
   */
  allowedSources?: string[]
  /**
   * The image address as Git has it, where a mirror of the Fleet rewrote the one in spec.
   */
  sourceUrl?: string
  origin: Origin
}
/**
 * The libvirt pool that a StorageClass stands for.
 *
 * This interface was referenced by `Plan`'s JSON-Schema
 * via the `definition` "PoolSpec".
 */
export interface PoolSpec {
  name: string
  type: 'dir'
  /**
   * Absolute folder; empty means the agent's default pool folder.
   */
  path: string
  format: 'raw' | 'qcow2'
}
/**
 * A NodeNetworkConfigurationPolicy as one agent needs it.
 *
 * This interface was referenced by `Plan`'s JSON-Schema
 * via the `definition` "PolicySpec".
 */
export interface PolicySpec {
  key: string
  name: string
  /**
   * The host keeps them, so that rules by label know them when Git no longer has the policy. Absent where an earlier version applied it.
   */
  labels?: {
    [k: string]: string
  }
  /**
   * nmstate's desired state, old keys already translated.
   */
  desiredState: {
    [k: string]: unknown
  }
  capture?: {
    [k: string]: string
  }
  /**
   * Old nmstate keys that were renamed, in words.
   */
  translated?: string[]
  origin: Origin
}
/**
 * A gate that holds a change back, and what opens it.
 *
 * This interface was referenced by `Plan`'s JSON-Schema
 * via the `definition` "Block".
 */
export interface Block {
  reason:
    | 'DisruptionNotAllowed'
    | 'PruneThreshold'
    | 'ApprovalRequired'
    | 'Suspended'
    | 'Unschedulable'
    | 'WaitingForDependency'
    | 'NodeNotReady'
    | 'HostsUnheard'
    | 'Window'
    | 'Frozen'
    | 'Leased'
    | 'DriftNotCorrected'
    | 'Conflict'
    | 'Unsupported'
  message: string
  /**
   * What a person can do about it.
   */
  unblock: string
  /**
   * RFC 3339: when it opens by itself.
   */
  until?: string
  /**
   * Ids of the steps that are held back; absent: the whole change. Steps that no block holds back are sent.
   */
  steps?: string[]
}
/**
 * Something to tell about an object that is not a change: a field this host cannot honour, a missing reference.
 *
 * This interface was referenced by `Plan`'s JSON-Schema
 * via the `definition` "Finding".
 */
export interface Finding {
  severity: 'error' | 'warning'
  code: string
  key: string
  path?: string
  message: string
  origin?: Origin
}
/**
 * This interface was referenced by `Plan`'s JSON-Schema
 * via the `definition` "Summary".
 */
export interface Summary {
  create: number
  update: number
  replace: number
  delete: number
  blocked: number
  disruption: DisruptionClass
}
