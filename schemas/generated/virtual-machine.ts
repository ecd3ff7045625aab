/* Generated from schemas/ by `npm run generate`. Do not edit. */
import type { Base64 } from './meta.ts'
import type { DataVolumeSpec } from './data-volume.ts'
import type { IntOrString } from './meta.ts'
import type { LabelSelector } from './data-volume.ts'
import type { Labels } from './meta.ts'
import type { ObjectMeta } from './meta.ts'
import type { Quantity } from './meta.ts'
/**
 * A virtual machine: its template, its disks and when it runs.
 */
export interface VirtualMachine {
  /**
   * The version of the API that this object is written in.
   */
  apiVersion: 'kubevirt.io/v1'
  /**
   * What this object is.
   */
  kind: 'VirtualMachine'
  metadata: ObjectMeta
  spec: VirtualMachineSpec
  /**
   * What was observed of the guest; written by gitvirt, not read from Git.
   */
  status?: {
    [k: string]: unknown
  } | null
}
/**
 * This interface was referenced by `VirtualMachine`'s JSON-Schema
 * via the `definition` "VirtualMachineSpec".
 */
export interface VirtualMachineSpec {
  /**
   * Disks that are made together with the virtual machine.
   */
  dataVolumeTemplates?: DataVolumeTemplateSpec[]
  instancetype?: InstancetypeMatcher
  preference?: PreferenceMatcher
  /**
   * When the guest runs: Always, RerunOnFailure, Manual, Halted or Once.
   */
  runStrategy?: 'Always' | 'RerunOnFailure' | 'Manual' | 'Halted' | 'Once' | 'WaitAsReceiver'
  /**
   * Deprecated: true means runStrategy Always, false means Halted.
   */
  running?: boolean
  template: VirtualMachineInstanceTemplateSpec
  /**
   * What happens when a volume of a running guest is replaced.
   */
  updateVolumesStrategy?: 'Replacement' | 'Migration'
}
/**
 * This interface was referenced by `VirtualMachine`'s JSON-Schema
 * via the `definition` "DataVolumeTemplateSpec".
 */
export interface DataVolumeTemplateSpec {
  /**
   * API version of the DataVolume; may be left out.
   */
  apiVersion?: string
  /**
   * DataVolume; may be left out.
   */
  kind?: string
  metadata: ObjectMeta
  spec: DataVolumeSpec
  status?: DataVolumeTemplateDummyStatus
}
/**
 * This interface was referenced by `VirtualMachine`'s JSON-Schema
 * via the `definition` "DataVolumeTemplateDummyStatus".
 */
export interface DataVolumeTemplateDummyStatus {}
/**
 * This interface was referenced by `VirtualMachine`'s JSON-Schema
 * via the `definition` "InstancetypeMatcher".
 */
export interface InstancetypeMatcher {
  /**
   * Volume whose labels name the instance type.
   */
  inferFromVolume?: string
  /**
   * Whether it is an error that the volume names none.
   */
  inferFromVolumeFailurePolicy?: 'Reject' | 'Ignore'
  /**
   * VirtualMachineInstancetype or VirtualMachineClusterInstancetype. Default: the cluster-wide one.
   */
  kind?: string
  /**
   * Name of the instance type.
   */
  name?: string
  /**
   * Stored revision of the instance type; written by KubeVirt.
   */
  revisionName?: string
}
/**
 * This interface was referenced by `VirtualMachine`'s JSON-Schema
 * via the `definition` "PreferenceMatcher".
 */
export interface PreferenceMatcher {
  /**
   * Volume whose labels name the preference.
   */
  inferFromVolume?: string
  /**
   * Whether it is an error that the volume names none.
   */
  inferFromVolumeFailurePolicy?: 'Reject' | 'Ignore'
  /**
   * VirtualMachinePreference or VirtualMachineClusterPreference. Default: the cluster-wide one.
   */
  kind?: string
  /**
   * Name of the preference.
   */
  name?: string
  /**
   * Stored revision of the preference; written by KubeVirt.
   */
  revisionName?: string
}
/**
 * This interface was referenced by `VirtualMachine`'s JSON-Schema
 * via the `definition` "VirtualMachineInstanceTemplateSpec".
 */
export interface VirtualMachineInstanceTemplateSpec {
  metadata?: ObjectMeta
  spec?: VirtualMachineInstanceSpec
}
/**
 * This interface was referenced by `VirtualMachine`'s JSON-Schema
 * via the `definition` "VirtualMachineInstanceSpec".
 */
export interface VirtualMachineInstanceSpec {
  /**
   * SSH keys and passwords that are put into the guest.
   */
  accessCredentials?: AccessCredential[]
  affinity?: Affinity
  /**
   * CPU architecture of the guest. Default: the host's.
   */
  architecture?: 'amd64' | 'arm64' | 's390x'
  dnsConfig?: PodDNSConfig
  /**
   * Where the guest's name servers come from.
   */
  dnsPolicy?: 'ClusterFirst' | 'ClusterFirstWithHostNet' | 'Default' | 'None'
  domain: DomainSpec
  /**
   * What becomes of the guest when its host is drained.
   */
  evictionStrategy?: 'None' | 'LiveMigrate' | 'LiveMigrateIfPossible' | 'External'
  /**
   * Host name of the guest. Default: the name of the virtual machine.
   */
  hostname?: string
  livenessProbe?: Probe
  /**
   * Networks that the interfaces are on.
   *
   * @maxItems 256
   */
  networks?: Network[]
  nodeSelector?: Labels
  /**
   * Importance of the guest against others.
   */
  priorityClassName?: string
  readinessProbe?: Probe
  /**
   * Claims that devices of the guest come from.
   */
  resourceClaims?: VirtualMachineInstanceResourceClaim[]
  /**
   * Scheduler that chooses the host.
   */
  schedulerName?: string
  /**
   * Service account of the pod around the guest.
   */
  serviceAccountName?: string
  /**
   * Paused: the guest is started but waits to be released.
   */
  startStrategy?: 'Paused'
  /**
   * Domain that is appended to the host name.
   */
  subdomain?: string
  /**
   * Seconds that the guest has for shutting down before it is powered off. Default: 30.
   */
  terminationGracePeriodSeconds?: number
  /**
   * Taints of hosts that do not keep the guest away.
   */
  tolerations?: Toleration[]
  /**
   * How like guests are spread over hosts.
   */
  topologySpreadConstraints?: TopologySpreadConstraint[]
  /**
   * Volumes for backups and memory dumps.
   */
  utilityVolumes?: UtilityVolume[]
  /**
   * Where the data of the disks comes from; a volume without a disk gets one.
   *
   * @maxItems 256
   */
  volumes?: Volume[]
}
/**
 * This interface was referenced by `VirtualMachine`'s JSON-Schema
 * via the `definition` "AccessCredential".
 */
export interface AccessCredential {
  sshPublicKey?: SSHPublicKeyAccessCredential
  userPassword?: UserPasswordAccessCredential
}
/**
 * This interface was referenced by `VirtualMachine`'s JSON-Schema
 * via the `definition` "SSHPublicKeyAccessCredential".
 */
export interface SSHPublicKeyAccessCredential {
  propagationMethod: SSHPublicKeyAccessCredentialPropagationMethod
  source: SSHPublicKeyAccessCredentialSource
}
/**
 * This interface was referenced by `VirtualMachine`'s JSON-Schema
 * via the `definition` "SSHPublicKeyAccessCredentialPropagationMethod".
 */
export interface SSHPublicKeyAccessCredentialPropagationMethod {
  configDrive?: ConfigDriveSSHPublicKeyAccessCredentialPropagation
  noCloud?: NoCloudSSHPublicKeyAccessCredentialPropagation
  qemuGuestAgent?: QemuGuestAgentSSHPublicKeyAccessCredentialPropagation
}
/**
 * This interface was referenced by `VirtualMachine`'s JSON-Schema
 * via the `definition` "ConfigDriveSSHPublicKeyAccessCredentialPropagation".
 */
export interface ConfigDriveSSHPublicKeyAccessCredentialPropagation {}
/**
 * This interface was referenced by `VirtualMachine`'s JSON-Schema
 * via the `definition` "NoCloudSSHPublicKeyAccessCredentialPropagation".
 */
export interface NoCloudSSHPublicKeyAccessCredentialPropagation {}
/**
 * This interface was referenced by `VirtualMachine`'s JSON-Schema
 * via the `definition` "QemuGuestAgentSSHPublicKeyAccessCredentialPropagation".
 */
export interface QemuGuestAgentSSHPublicKeyAccessCredentialPropagation {
  /**
   * Users of the guest who get the keys.
   */
  users: string[]
}
/**
 * This interface was referenced by `VirtualMachine`'s JSON-Schema
 * via the `definition` "SSHPublicKeyAccessCredentialSource".
 */
export interface SSHPublicKeyAccessCredentialSource {
  secret?: AccessCredentialSecretSource
}
/**
 * This interface was referenced by `VirtualMachine`'s JSON-Schema
 * via the `definition` "AccessCredentialSecretSource".
 */
export interface AccessCredentialSecretSource {
  /**
   * Secret that holds the keys or passwords.
   */
  secretName: string
}
/**
 * This interface was referenced by `VirtualMachine`'s JSON-Schema
 * via the `definition` "UserPasswordAccessCredential".
 */
export interface UserPasswordAccessCredential {
  propagationMethod: UserPasswordAccessCredentialPropagationMethod
  source: UserPasswordAccessCredentialSource
}
/**
 * This interface was referenced by `VirtualMachine`'s JSON-Schema
 * via the `definition` "UserPasswordAccessCredentialPropagationMethod".
 */
export interface UserPasswordAccessCredentialPropagationMethod {
  qemuGuestAgent?: QemuGuestAgentUserPasswordAccessCredentialPropagation
}
/**
 * This interface was referenced by `VirtualMachine`'s JSON-Schema
 * via the `definition` "QemuGuestAgentUserPasswordAccessCredentialPropagation".
 */
export interface QemuGuestAgentUserPasswordAccessCredentialPropagation {}
/**
 * This interface was referenced by `VirtualMachine`'s JSON-Schema
 * via the `definition` "UserPasswordAccessCredentialSource".
 */
export interface UserPasswordAccessCredentialSource {
  secret?: AccessCredentialSecretSource
}
/**
 * This interface was referenced by `VirtualMachine`'s JSON-Schema
 * via the `definition` "Affinity".
 */
export interface Affinity {
  nodeAffinity?: NodeAffinity
  podAffinity?: PodAffinity
  podAntiAffinity?: PodAntiAffinity
}
/**
 * This interface was referenced by `VirtualMachine`'s JSON-Schema
 * via the `definition` "NodeAffinity".
 */
export interface NodeAffinity {
  /**
   * Hosts that suit better, with weights.
   */
  preferredDuringSchedulingIgnoredDuringExecution?: PreferredSchedulingTerm[]
  requiredDuringSchedulingIgnoredDuringExecution?: NodeSelector
}
/**
 * This interface was referenced by `VirtualMachine`'s JSON-Schema
 * via the `definition` "PreferredSchedulingTerm".
 */
export interface PreferredSchedulingTerm {
  preference: NodeSelectorTerm
  /**
   * Weight of this wish, 1 to 100.
   */
  weight: number
}
/**
 * This interface was referenced by `VirtualMachine`'s JSON-Schema
 * via the `definition` "NodeSelectorTerm".
 */
export interface NodeSelectorTerm {
  /**
   * Requirements on labels of the host, all of them.
   */
  matchExpressions?: NodeSelectorRequirement[]
  /**
   * Requirements on fields of the host, all of them; metadata.name is the one.
   */
  matchFields?: NodeSelectorRequirement[]
}
/**
 * This interface was referenced by `VirtualMachine`'s JSON-Schema
 * via the `definition` "NodeSelectorRequirement".
 */
export interface NodeSelectorRequirement {
  /**
   * Label or field of the host.
   */
  key: string
  /**
   * How the value is compared.
   */
  operator: 'DoesNotExist' | 'Exists' | 'Gt' | 'In' | 'Lt' | 'NotIn'
  /**
   * Values to compare with; one number for Gt and Lt, none for Exists and DoesNotExist.
   */
  values?: string[]
}
/**
 * This interface was referenced by `VirtualMachine`'s JSON-Schema
 * via the `definition` "NodeSelector".
 */
export interface NodeSelector {
  /**
   * Alternatives; a host must meet all of one of them.
   */
  nodeSelectorTerms: NodeSelectorTerm[]
}
/**
 * This interface was referenced by `VirtualMachine`'s JSON-Schema
 * via the `definition` "PodAffinity".
 */
export interface PodAffinity {
  /**
   * Guests that this one should run beside, with weights.
   */
  preferredDuringSchedulingIgnoredDuringExecution?: WeightedPodAffinityTerm[]
  /**
   * Guests that this one must run beside.
   */
  requiredDuringSchedulingIgnoredDuringExecution?: PodAffinityTerm[]
}
/**
 * This interface was referenced by `VirtualMachine`'s JSON-Schema
 * via the `definition` "WeightedPodAffinityTerm".
 */
export interface WeightedPodAffinityTerm {
  podAffinityTerm: PodAffinityTerm
  /**
   * Weight of the wish, 1 to 100.
   */
  weight: number
}
/**
 * This interface was referenced by `VirtualMachine`'s JSON-Schema
 * via the `definition` "PodAffinityTerm".
 */
export interface PodAffinityTerm {
  labelSelector?: LabelSelector
  /**
   * Labels whose own value is added to the selector.
   */
  matchLabelKeys?: string[]
  /**
   * Labels whose own value is excluded by the selector.
   */
  mismatchLabelKeys?: string[]
  namespaceSelector?: LabelSelector
  /**
   * Namespaces that are meant, by name.
   */
  namespaces?: string[]
  /**
   * Label of hosts that says what counts as one place.
   */
  topologyKey: string
}
/**
 * This interface was referenced by `VirtualMachine`'s JSON-Schema
 * via the `definition` "PodAntiAffinity".
 */
export interface PodAntiAffinity {
  /**
   * Guests that this one should keep away from, with weights.
   */
  preferredDuringSchedulingIgnoredDuringExecution?: WeightedPodAffinityTerm[]
  /**
   * Guests that this one must keep away from.
   */
  requiredDuringSchedulingIgnoredDuringExecution?: PodAffinityTerm[]
}
/**
 * This interface was referenced by `VirtualMachine`'s JSON-Schema
 * via the `definition` "PodDNSConfig".
 */
export interface PodDNSConfig {
  /**
   * Addresses of name servers, at most three.
   */
  nameservers?: string[]
  /**
   * Options of the resolver.
   */
  options?: PodDNSConfigOption[]
  /**
   * Domains that short names are completed with, at most six.
   */
  searches?: string[]
}
/**
 * This interface was referenced by `VirtualMachine`'s JSON-Schema
 * via the `definition` "PodDNSConfigOption".
 */
export interface PodDNSConfigOption {
  /**
   * Name of the option.
   */
  name?: string
  /**
   * Value of the option.
   */
  value?: string
}
/**
 * This interface was referenced by `VirtualMachine`'s JSON-Schema
 * via the `definition` "DomainSpec".
 */
export interface DomainSpec {
  chassis?: Chassis
  clock?: Clock
  cpu?: CPU
  devices: Devices
  features?: Features
  firmware?: Firmware
  ioThreads?: DiskIOThreads
  /**
   * How disks are spread over I/O threads.
   */
  ioThreadsPolicy?: 'shared' | 'auto' | 'supplementalPool'
  launchSecurity?: LaunchSecurity
  machine?: Machine
  memory?: Memory
  /**
   * Reboot keeps the same instance; Terminate ends it, so that a new one starts with the newest configuration.
   */
  rebootPolicy?: 'Reboot' | 'Terminate'
  resources?: ResourceRequirements
}
/**
 * This interface was referenced by `VirtualMachine`'s JSON-Schema
 * via the `definition` "Chassis".
 */
export interface Chassis {
  /**
   * Asset tag of the chassis, as the guest reads it from SMBIOS.
   */
  asset?: string
  /**
   * Maker of the chassis, as the guest reads it from SMBIOS.
   */
  manufacturer?: string
  /**
   * Serial number of the chassis, as the guest reads it from SMBIOS.
   */
  serial?: string
  /**
   * Stock-keeping unit of the chassis, as the guest reads it from SMBIOS.
   */
  sku?: string
  /**
   * Version of the chassis, as the guest reads it from SMBIOS.
   */
  version?: string
}
/**
 * This interface was referenced by `VirtualMachine`'s JSON-Schema
 * via the `definition` "Clock".
 */
export interface Clock {
  timer?: Timer
  /**
   * Time zone of the guest's hardware clock, such as Europe/Vienna.
   */
  timezone?: string
  utc?: ClockOffsetUTC
}
/**
 * This interface was referenced by `VirtualMachine`'s JSON-Schema
 * via the `definition` "Timer".
 */
export interface Timer {
  hpet?: HPETTimer
  hyperv?: HypervTimer
  kvm?: KVMTimer
  pit?: PITTimer
  rtc?: RTCTimer
}
/**
 * This interface was referenced by `VirtualMachine`'s JSON-Schema
 * via the `definition` "HPETTimer".
 */
export interface HPETTimer {
  /**
   * Whether the guest has the timer. Default: true.
   */
  present?: boolean
  /**
   * What happens to ticks that the guest missed.
   */
  tickPolicy?: 'delay' | 'catchup' | 'merge' | 'discard'
}
/**
 * This interface was referenced by `VirtualMachine`'s JSON-Schema
 * via the `definition` "HypervTimer".
 */
export interface HypervTimer {
  /**
   * Whether the guest has the timer. Default: true.
   */
  present?: boolean
}
/**
 * This interface was referenced by `VirtualMachine`'s JSON-Schema
 * via the `definition` "KVMTimer".
 */
export interface KVMTimer {
  /**
   * Whether the guest has the timer. Default: true.
   */
  present?: boolean
}
/**
 * This interface was referenced by `VirtualMachine`'s JSON-Schema
 * via the `definition` "PITTimer".
 */
export interface PITTimer {
  /**
   * Whether the guest has the timer. Default: true.
   */
  present?: boolean
  /**
   * What happens to ticks that the guest missed.
   */
  tickPolicy?: 'delay' | 'catchup' | 'discard'
}
/**
 * This interface was referenced by `VirtualMachine`'s JSON-Schema
 * via the `definition` "RTCTimer".
 */
export interface RTCTimer {
  /**
   * Whether the guest has the timer. Default: true.
   */
  present?: boolean
  /**
   * What happens to ticks that the guest missed.
   */
  tickPolicy?: 'delay' | 'catchup'
  /**
   * Whether the clock follows the guest's time or the wall's.
   */
  track?: 'guest' | 'wall'
}
/**
 * This interface was referenced by `VirtualMachine`'s JSON-Schema
 * via the `definition` "ClockOffsetUTC".
 */
export interface ClockOffsetUTC {
  /**
   * Seconds that the hardware clock is ahead of UTC; negative means behind.
   */
  offsetSeconds?: number
}
/**
 * This interface was referenced by `VirtualMachine`'s JSON-Schema
 * via the `definition` "CPU".
 */
export interface CPU {
  /**
   * Cores in each socket. Default: 1.
   */
  cores?: number
  /**
   * Gives every virtual CPU a host CPU of its own.
   */
  dedicatedCpuPlacement?: boolean
  /**
   * Single CPU features to switch on or off, on top of the model.
   */
  features?: CPUFeature[]
  /**
   * Keeps QEMU's own work off the CPUs of the guest, on one more host CPU.
   */
  isolateEmulatorThread?: boolean
  /**
   * Highest number of sockets that the guest could be given while it runs.
   */
  maxSockets?: number
  /**
   * CPU model that the guest sees: host-model, host-passthrough, or a name that libvirt knows. Default: host-model.
   */
  model?: string
  numa?: NUMA
  realtime?: Realtime
  /**
   * CPU sockets. Default: 1.
   */
  sockets?: number
  /**
   * Threads in each core. Default: 1.
   */
  threads?: number
}
/**
 * This interface was referenced by `VirtualMachine`'s JSON-Schema
 * via the `definition` "CPUFeature".
 */
export interface CPUFeature {
  /**
   * Name of the CPU feature as libvirt spells it, such as vmx or apic.
   */
  name: string
  /**
   * Whether the feature is forced, required, optional, disabled or forbidden. Default: require.
   */
  policy?: 'force' | 'require' | 'optional' | 'disable' | 'forbid'
}
/**
 * This interface was referenced by `VirtualMachine`'s JSON-Schema
 * via the `definition` "NUMA".
 */
export interface NUMA {
  guestMappingPassthrough?: NUMAGuestMappingPassthrough
}
/**
 * This interface was referenced by `VirtualMachine`'s JSON-Schema
 * via the `definition` "NUMAGuestMappingPassthrough".
 */
export interface NUMAGuestMappingPassthrough {}
/**
 * This interface was referenced by `VirtualMachine`'s JSON-Schema
 * via the `definition` "Realtime".
 */
export interface Realtime {
  /**
   * Virtual CPUs that get real-time scheduling, such as 0-3,^1. Default: all.
   */
  mask?: string
}
/**
 * This interface was referenced by `VirtualMachine`'s JSON-Schema
 * via the `definition` "Devices".
 */
export interface Devices {
  /**
   * False: the guest has no display and no VNC. Default: true.
   */
  autoattachGraphicsDevice?: boolean
  /**
   * True: the guest gets a tablet, so that the pointer follows in VNC. Default: false.
   */
  autoattachInputDevice?: boolean
  /**
   * False: the guest has no memory balloon. Default: true.
   */
  autoattachMemBalloon?: boolean
  /**
   * False: a guest without networks really has none, instead of the pod network. Default: true.
   */
  autoattachPodInterface?: boolean
  /**
   * False: the guest has no serial console. Default: true.
   */
  autoattachSerialConsole?: boolean
  /**
   * True: the guest gets a vsock device for talking to the host.
   */
  autoattachVSOCK?: boolean
  /**
   * True: virtio disks get one queue for each virtual CPU.
   */
  blockMultiQueue?: boolean
  clientPassthrough?: ClientPassthroughDevices
  /**
   * True: no disks are added or taken away while the guest runs.
   */
  disableHotplug?: boolean
  /**
   * Disks that the guest sees; each belongs to the volume of the same name.
   *
   * @maxItems 256
   */
  disks?: Disk[]
  downwardMetrics?: DownwardMetrics
  /**
   * Folders shared with the guest by virtiofs; each belongs to the volume of the same name.
   */
  filesystems?: Filesystem[]
  /**
   * Graphics cards of the host that the guest gets.
   */
  gpus?: GPU[]
  /**
   * Devices of the host that the guest gets.
   */
  hostDevices?: HostDevice[]
  /**
   * Pointer and keyboard devices.
   */
  inputs?: Input[]
  /**
   * Network cards that the guest sees; each belongs to the network of the same name.
   *
   * @maxItems 256
   */
  interfaces?: Interface[]
  /**
   * Whether what the guest writes to its serial console is kept in a log.
   */
  logSerialConsole?: boolean
  /**
   * True: virtio network cards get one queue for each virtual CPU.
   */
  networkInterfaceMultiqueue?: boolean
  /**
   * Devices by which a crashing guest tells the host.
   */
  panicDevices?: PanicDevice[]
  rng?: Rng
  sound?: SoundDevice
  tpm?: TPMDevice
  /**
   * True: virtio devices speak the old protocol too, for guests such as CentOS 6.
   */
  useVirtioTransitional?: boolean
  video?: VideoDevice
  watchdog?: Watchdog
}
/**
 * This interface was referenced by `VirtualMachine`'s JSON-Schema
 * via the `definition` "ClientPassthroughDevices".
 */
export interface ClientPassthroughDevices {}
/**
 * This interface was referenced by `VirtualMachine`'s JSON-Schema
 * via the `definition` "Disk".
 */
export interface Disk {
  blockSize?: BlockSize
  /**
   * Place in the boot order, from 1; devices without one come last.
   */
  bootOrder?: number
  /**
   * How the host caches writes: none, writethrough or writeback.
   */
  cache?: 'none' | 'writethrough' | 'writeback'
  cdrom?: CDRomTarget
  /**
   * True: QEMU notes which blocks change, for backups.
   */
  changedBlockTracking?: boolean
  /**
   * True: the disk gets an I/O thread of its own; virtio only.
   */
  dedicatedIOThread?: boolean
  disk?: DiskTarget
  /**
   * What happens on an I/O error: stop the guest, report or ignore the error, or stop only when space runs out.
   */
  errorPolicy?: 'stop' | 'ignore' | 'report' | 'enospace'
  /**
   * How QEMU does I/O: native or threads.
   */
  io?: 'native' | 'threads'
  lun?: LunTarget
  /**
   * Name of the volume that the disk shows.
   */
  name: string
  /**
   * Serial number that the guest reads.
   */
  serial?: string
  /**
   * True: several guests may write to the disk at once; they must agree among themselves.
   */
  shareable?: boolean
  /**
   * Mark that is told to the guest, so that it can find the disk.
   */
  tag?: string
}
/**
 * This interface was referenced by `VirtualMachine`'s JSON-Schema
 * via the `definition` "BlockSize".
 */
export interface BlockSize {
  custom?: CustomBlockSize
  matchVolume?: FeatureState
}
/**
 * This interface was referenced by `VirtualMachine`'s JSON-Schema
 * via the `definition` "CustomBlockSize".
 */
export interface CustomBlockSize {
  /**
   * Smallest unit of a discard, in bytes; a multiple of the logical size.
   */
  discardGranularity?: number
  /**
   * Block size that the guest addresses, in bytes; a power of two from 512.
   */
  logical?: number
  /**
   * Block size that the storage works in, in bytes; a power of two from 512.
   */
  physical?: number
}
/**
 * This interface was referenced by `VirtualMachine`'s JSON-Schema
 * via the `definition` "FeatureState".
 */
export interface FeatureState {
  /**
   * Whether the feature is on. Default: true.
   */
  enabled?: boolean
}
/**
 * This interface was referenced by `VirtualMachine`'s JSON-Schema
 * via the `definition` "CDRomTarget".
 */
export interface CDRomTarget {
  /**
   * Bus that the drive sits on. Default: sata.
   */
  bus?: 'scsi' | 'sata' | 'usb'
  /**
   * A CD-ROM cannot be written; only true has an effect.
   */
  readonly?: boolean
  /**
   * Whether the tray is open or closed at boot. Default: closed.
   */
  tray?: 'open' | 'closed'
}
/**
 * This interface was referenced by `VirtualMachine`'s JSON-Schema
 * via the `definition` "DiskTarget".
 */
export interface DiskTarget {
  /**
   * Bus that the disk sits on: virtio, scsi, sata or usb. Default: sata.
   */
  bus?: 'virtio' | 'scsi' | 'sata' | 'usb'
  /**
   * PCI address that the guest sees; virtio only.
   */
  pciAddress?: string
  /**
   * True: the guest cannot write to the disk.
   */
  readonly?: boolean
}
/**
 * This interface was referenced by `VirtualMachine`'s JSON-Schema
 * via the `definition` "LunTarget".
 */
export interface LunTarget {
  /**
   * Bus that the LUN sits on; scsi is usual. Default: sata.
   */
  bus?: 'virtio' | 'scsi' | 'sata' | 'usb'
  /**
   * True: the guest cannot write to the LUN.
   */
  readonly?: boolean
  /**
   * True: the guest may use SCSI persistent reservations.
   */
  reservation?: boolean
}
/**
 * This interface was referenced by `VirtualMachine`'s JSON-Schema
 * via the `definition` "DownwardMetrics".
 */
export interface DownwardMetrics {}
/**
 * This interface was referenced by `VirtualMachine`'s JSON-Schema
 * via the `definition` "Filesystem".
 */
export interface Filesystem {
  /**
   * Name of the volume that is shared.
   */
  name: string
  virtiofs: FilesystemVirtiofs
}
/**
 * This interface was referenced by `VirtualMachine`'s JSON-Schema
 * via the `definition` "FilesystemVirtiofs".
 */
export interface FilesystemVirtiofs {}
/**
 * This interface was referenced by `VirtualMachine`'s JSON-Schema
 * via the `definition` "GPU".
 */
export interface GPU {
  /**
   * Entry of resourceClaims that the device comes from.
   */
  claimName?: string
  /**
   * Name under which the host offers the device.
   */
  deviceName?: string
  /**
   * Name of the device in this guest.
   */
  name: string
  /**
   * Request inside the claim.
   */
  requestName?: string
  /**
   * Mark that is told to the guest, so that it can find the device.
   */
  tag?: string
  virtualGPUOptions?: VGPUOptions
}
/**
 * This interface was referenced by `VirtualMachine`'s JSON-Schema
 * via the `definition` "VGPUOptions".
 */
export interface VGPUOptions {
  display?: VGPUDisplayOptions
}
/**
 * This interface was referenced by `VirtualMachine`'s JSON-Schema
 * via the `definition` "VGPUDisplayOptions".
 */
export interface VGPUDisplayOptions {
  /**
   * Whether the card drives a display. Default: true.
   */
  enabled?: boolean
  ramFB?: FeatureState
}
/**
 * This interface was referenced by `VirtualMachine`'s JSON-Schema
 * via the `definition` "HostDevice".
 */
export interface HostDevice {
  /**
   * Entry of resourceClaims that the device comes from.
   */
  claimName?: string
  /**
   * Name under which the host offers the device.
   */
  deviceName?: string
  /**
   * Name of the device in this guest.
   */
  name: string
  /**
   * Request inside the claim.
   */
  requestName?: string
  /**
   * Mark that is told to the guest, so that it can find the device.
   */
  tag?: string
}
/**
 * This interface was referenced by `VirtualMachine`'s JSON-Schema
 * via the `definition` "Input".
 */
export interface Input {
  /**
   * Bus that the device sits on: virtio or usb. Default: usb.
   */
  bus?: 'virtio' | 'usb'
  /**
   * Name of the device in this guest.
   */
  name: string
  /**
   * Kind of device; tablet is what upstream takes.
   */
  type: 'tablet' | 'keyboard'
}
/**
 * This interface was referenced by `VirtualMachine`'s JSON-Schema
 * via the `definition` "Interface".
 */
export interface Interface {
  /**
   * Number from which the guest derives a steady name for the card.
   */
  acpiIndex?: number
  binding?: PluginBinding
  /**
   * Place in the boot order, from 1, for booting from the network.
   */
  bootOrder?: number
  bridge?: InterfaceBridge
  dhcpOptions?: DHCPOptions
  /**
   * MAC address. Default: derived from the guest and the name of the card, and steady.
   */
  macAddress?: string
  macvtap?: DeprecatedInterfaceMacvtap
  masquerade?: InterfaceMasquerade
  /**
   * Kind of network card. Default: virtio.
   */
  model?: 'e1000' | 'e1000e' | 'igb' | 'ne2k_pci' | 'pcnet' | 'rtl8139' | 'virtio'
  /**
   * Name of the network that the card is on.
   */
  name: string
  passt?: DeprecatedInterfacePasst
  passtBinding?: InterfacePasstBinding
  /**
   * PCI address that the guest sees.
   */
  pciAddress?: string
  /**
   * Ranges of ports that reach the guest through NAT.
   */
  portRanges?: PortRange[]
  /**
   * Ports that reach the guest through NAT. Default: all of them.
   */
  ports?: Port[]
  slirp?: DeprecatedInterfaceSlirp
  sriov?: InterfaceSRIOV
  /**
   * Link state: up, down, or absent for a card to be unplugged.
   */
  state?: 'up' | 'down' | 'absent'
  /**
   * Mark that is told to the guest, so that it can find the card.
   */
  tag?: string
}
/**
 * This interface was referenced by `VirtualMachine`'s JSON-Schema
 * via the `definition` "PluginBinding".
 */
export interface PluginBinding {
  /**
   * Name of the binding plugin.
   */
  name: string
}
/**
 * This interface was referenced by `VirtualMachine`'s JSON-Schema
 * via the `definition` "InterfaceBridge".
 */
export interface InterfaceBridge {}
/**
 * This interface was referenced by `VirtualMachine`'s JSON-Schema
 * via the `definition` "DHCPOptions".
 */
export interface DHCPOptions {
  /**
   * File that the guest fetches to boot from the network (option 67).
   */
  bootFileName?: string
  /**
   * Addresses of time servers (option 42).
   */
  ntpServers?: string[]
  /**
   * Further options from the private range.
   */
  privateOptions?: DHCPPrivateOptions[]
  /**
   * Server that the boot file comes from (option 66).
   */
  tftpServerName?: string
}
/**
 * This interface was referenced by `VirtualMachine`'s JSON-Schema
 * via the `definition` "DHCPPrivateOptions".
 */
export interface DHCPPrivateOptions {
  /**
   * Number of the option, 224 to 254.
   */
  option: number
  /**
   * Value of the option.
   */
  value: string
}
/**
 * This interface was referenced by `VirtualMachine`'s JSON-Schema
 * via the `definition` "DeprecatedInterfaceMacvtap".
 */
export interface DeprecatedInterfaceMacvtap {}
/**
 * This interface was referenced by `VirtualMachine`'s JSON-Schema
 * via the `definition` "InterfaceMasquerade".
 */
export interface InterfaceMasquerade {}
/**
 * This interface was referenced by `VirtualMachine`'s JSON-Schema
 * via the `definition` "DeprecatedInterfacePasst".
 */
export interface DeprecatedInterfacePasst {}
/**
 * This interface was referenced by `VirtualMachine`'s JSON-Schema
 * via the `definition` "InterfacePasstBinding".
 */
export interface InterfacePasstBinding {}
/**
 * This interface was referenced by `VirtualMachine`'s JSON-Schema
 * via the `definition` "PortRange".
 */
export interface PortRange {
  /**
   * Last port of the range.
   */
  end: number
  /**
   * TCP or UDP.
   */
  protocol: 'TCP' | 'UDP'
  /**
   * First port of the range.
   */
  start: number
}
/**
 * This interface was referenced by `VirtualMachine`'s JSON-Schema
 * via the `definition` "Port".
 */
export interface Port {
  /**
   * Name of the port.
   */
  name?: string
  /**
   * Port number, 1 to 65535.
   */
  port: number
  /**
   * TCP or UDP. Default: TCP.
   */
  protocol?: 'TCP' | 'UDP'
}
/**
 * This interface was referenced by `VirtualMachine`'s JSON-Schema
 * via the `definition` "DeprecatedInterfaceSlirp".
 */
export interface DeprecatedInterfaceSlirp {}
/**
 * This interface was referenced by `VirtualMachine`'s JSON-Schema
 * via the `definition` "InterfaceSRIOV".
 */
export interface InterfaceSRIOV {}
/**
 * This interface was referenced by `VirtualMachine`'s JSON-Schema
 * via the `definition` "PanicDevice".
 */
export interface PanicDevice {
  /**
   * Kind of device: hyperv, isa or pvpanic.
   */
  model?: 'hyperv' | 'isa' | 'pvpanic'
}
/**
 * This interface was referenced by `VirtualMachine`'s JSON-Schema
 * via the `definition` "Rng".
 */
export interface Rng {}
/**
 * This interface was referenced by `VirtualMachine`'s JSON-Schema
 * via the `definition` "SoundDevice".
 */
export interface SoundDevice {
  /**
   * Kind of sound card: ich9 or ac97. Default: ich9.
   */
  model?: 'ich9' | 'ac97'
  /**
   * Name of the device in this guest.
   */
  name: string
}
/**
 * This interface was referenced by `VirtualMachine`'s JSON-Schema
 * via the `definition` "TPMDevice".
 */
export interface TPMDevice {
  /**
   * Whether the guest has the module. Default: true.
   */
  enabled?: boolean
  /**
   * True: the module's state survives a restart. Default: false.
   */
  persistent?: boolean
}
/**
 * This interface was referenced by `VirtualMachine`'s JSON-Schema
 * via the `definition` "VideoDevice".
 */
export interface VideoDevice {
  /**
   * Kind of graphics card, such as virtio, vga or bochs.
   */
  type?: 'vga' | 'cirrus' | 'virtio' | 'ramfb' | 'bochs' | 'qxl'
}
/**
 * This interface was referenced by `VirtualMachine`'s JSON-Schema
 * via the `definition` "Watchdog".
 */
export interface Watchdog {
  diag288?: Diag288Watchdog
  i6300esb?: I6300ESBWatchdog
  /**
   * Name of the device in this guest.
   */
  name: string
}
/**
 * This interface was referenced by `VirtualMachine`'s JSON-Schema
 * via the `definition` "Diag288Watchdog".
 */
export interface Diag288Watchdog {
  /**
   * What happens when the guest hangs. Default: reset.
   */
  action?: 'poweroff' | 'reset' | 'shutdown'
}
/**
 * This interface was referenced by `VirtualMachine`'s JSON-Schema
 * via the `definition` "I6300ESBWatchdog".
 */
export interface I6300ESBWatchdog {
  /**
   * What happens when the guest hangs. Default: reset.
   */
  action?: 'poweroff' | 'reset' | 'shutdown'
}
/**
 * This interface was referenced by `VirtualMachine`'s JSON-Schema
 * via the `definition` "Features".
 */
export interface Features {
  acpi?: FeatureState
  apic?: FeatureAPIC
  hyperv?: FeatureHyperv
  hypervPassthrough?: HyperVPassthrough
  kvm?: FeatureKVM
  pvspinlock?: FeatureState
  smm?: FeatureState
}
/**
 * This interface was referenced by `VirtualMachine`'s JSON-Schema
 * via the `definition` "FeatureAPIC".
 */
export interface FeatureAPIC {
  /**
   * Whether the guest has the feature. Default: true.
   */
  enabled?: boolean
  /**
   * True: paravirtual end-of-interrupt signals, which are faster.
   */
  endOfInterrupt?: boolean
}
/**
 * This interface was referenced by `VirtualMachine`'s JSON-Schema
 * via the `definition` "FeatureHyperv".
 */
export interface FeatureHyperv {
  evmcs?: FeatureState
  frequencies?: FeatureState
  ipi?: FeatureState
  reenlightenment?: FeatureState
  relaxed?: FeatureState
  reset?: FeatureState
  runtime?: FeatureState
  spinlocks?: FeatureSpinlocks
  synic?: FeatureState
  synictimer?: SyNICTimer
  tlbflush?: TLBFlush
  vapic?: FeatureState
  vendorid?: FeatureVendorID
  vpindex?: FeatureState
}
/**
 * This interface was referenced by `VirtualMachine`'s JSON-Schema
 * via the `definition` "FeatureSpinlocks".
 */
export interface FeatureSpinlocks {
  /**
   * Whether the guest has the feature. Default: true.
   */
  enabled?: boolean
  /**
   * Tries before the guest yields, from 4096. Default: 4096.
   */
  spinlocks?: number
}
/**
 * This interface was referenced by `VirtualMachine`'s JSON-Schema
 * via the `definition` "SyNICTimer".
 */
export interface SyNICTimer {
  direct?: FeatureState
  /**
   * Whether the guest has the timers. Default: true.
   */
  enabled?: boolean
}
/**
 * This interface was referenced by `VirtualMachine`'s JSON-Schema
 * via the `definition` "TLBFlush".
 */
export interface TLBFlush {
  direct?: FeatureState
  /**
   * Whether the guest has the feature. Default: true.
   */
  enabled?: boolean
  extended?: FeatureState
}
/**
 * This interface was referenced by `VirtualMachine`'s JSON-Schema
 * via the `definition` "FeatureVendorID".
 */
export interface FeatureVendorID {
  /**
   * Whether the guest sees this name. Default: true.
   */
  enabled?: boolean
  /**
   * Name that the guest reads, at most 12 characters.
   */
  vendorid?: string
}
/**
 * This interface was referenced by `VirtualMachine`'s JSON-Schema
 * via the `definition` "HyperVPassthrough".
 */
export interface HyperVPassthrough {
  /**
   * Whether the feature is on. Default: true.
   */
  enabled?: boolean
}
/**
 * This interface was referenced by `VirtualMachine`'s JSON-Schema
 * via the `definition` "FeatureKVM".
 */
export interface FeatureKVM {
  /**
   * True: the guest does not see that KVM runs it.
   */
  hidden?: boolean
}
/**
 * This interface was referenced by `VirtualMachine`'s JSON-Schema
 * via the `definition` "Firmware".
 */
export interface Firmware {
  acpi?: ACPI
  bootloader?: Bootloader
  kernelBoot?: KernelBoot
  /**
   * Serial number of the machine, as the guest reads it from SMBIOS.
   */
  serial?: string
  /**
   * UUID of the machine, as the guest reads it from SMBIOS. Default: derived from namespace and name.
   */
  uuid?: string
}
/**
 * This interface was referenced by `VirtualMachine`'s JSON-Schema
 * via the `definition` "ACPI".
 */
export interface ACPI {
  /**
   * Name of the Secret volume with the MSDM table, the OEM licence key of Windows.
   */
  msdmNameRef?: string
  /**
   * Name of the Secret volume with the SLIC table, the licence data of older Windows releases.
   */
  slicNameRef?: string
}
/**
 * This interface was referenced by `VirtualMachine`'s JSON-Schema
 * via the `definition` "Bootloader".
 */
export interface Bootloader {
  bios?: BIOS
  efi?: EFI
}
/**
 * This interface was referenced by `VirtualMachine`'s JSON-Schema
 * via the `definition` "BIOS".
 */
export interface BIOS {
  /**
   * True: BIOS messages go to the serial console as well as to the display.
   */
  useSerial?: boolean
}
/**
 * This interface was referenced by `VirtualMachine`'s JSON-Schema
 * via the `definition` "EFI".
 */
export interface EFI {
  /**
   * True: UEFI variables survive a restart. Default: false.
   */
  persistent?: boolean
  /**
   * True: only signed boot loaders run; needs features.smm. Default: true.
   */
  secureBoot?: boolean
}
/**
 * This interface was referenced by `VirtualMachine`'s JSON-Schema
 * via the `definition` "KernelBoot".
 */
export interface KernelBoot {
  container?: KernelBootContainer
  /**
   * Command line of the kernel.
   */
  kernelArgs?: string
}
/**
 * This interface was referenced by `VirtualMachine`'s JSON-Schema
 * via the `definition` "KernelBootContainer".
 */
export interface KernelBootContainer {
  /**
   * Container image that carries the files.
   */
  image: string
  /**
   * When the image is fetched: always, when it is not there yet, or never.
   */
  imagePullPolicy?: 'Always' | 'IfNotPresent' | 'Never'
  /**
   * Secret with the credentials for the registry.
   */
  imagePullSecret?: string
  /**
   * Absolute path of the initial RAM disk inside the image.
   */
  initrdPath?: string
  /**
   * Absolute path of the kernel inside the image.
   */
  kernelPath?: string
}
/**
 * This interface was referenced by `VirtualMachine`'s JSON-Schema
 * via the `definition` "DiskIOThreads".
 */
export interface DiskIOThreads {
  /**
   * Number of I/O threads that disks share.
   */
  supplementalPoolThreadCount?: number
}
/**
 * This interface was referenced by `VirtualMachine`'s JSON-Schema
 * via the `definition` "LaunchSecurity".
 */
export interface LaunchSecurity {
  sev?: SEV
  snp?: SEVSNP
  tdx?: TDX
}
/**
 * This interface was referenced by `VirtualMachine`'s JSON-Schema
 * via the `definition` "SEV".
 */
export interface SEV {
  attestation?: SEVAttestation
  /**
   * Owner's Diffie-Hellman key, in base64.
   */
  dhCert?: string
  policy?: SEVPolicy
  /**
   * Session data of the owner, in base64.
   */
  session?: string
}
/**
 * This interface was referenced by `VirtualMachine`'s JSON-Schema
 * via the `definition` "SEVAttestation".
 */
export interface SEVAttestation {}
/**
 * This interface was referenced by `VirtualMachine`'s JSON-Schema
 * via the `definition` "SEVPolicy".
 */
export interface SEVPolicy {
  /**
   * True: CPU registers are encrypted too (SEV-ES).
   */
  encryptedState?: boolean
}
/**
 * This interface was referenced by `VirtualMachine`'s JSON-Schema
 * via the `definition` "SEVSNP".
 */
export interface SEVSNP {}
/**
 * This interface was referenced by `VirtualMachine`'s JSON-Schema
 * via the `definition` "TDX".
 */
export interface TDX {}
/**
 * This interface was referenced by `VirtualMachine`'s JSON-Schema
 * via the `definition` "Machine".
 */
export interface Machine {
  /**
   * Machine type of QEMU, such as q35 or pc-q35-7.2. Default: q35.
   */
  type?: string
}
/**
 * This interface was referenced by `VirtualMachine`'s JSON-Schema
 * via the `definition` "Memory".
 */
export interface Memory {
  guest?: Quantity
  hugepages?: Hugepages
  maxGuest?: Quantity
  reservedOverhead?: ReservedOverhead
}
/**
 * This interface was referenced by `VirtualMachine`'s JSON-Schema
 * via the `definition` "Hugepages".
 */
export interface Hugepages {
  /**
   * Size of the pages that hold the guest's memory, such as 2Mi or 1Gi.
   */
  pageSize?: string
}
/**
 * This interface was referenced by `VirtualMachine`'s JSON-Schema
 * via the `definition` "ReservedOverhead".
 */
export interface ReservedOverhead {
  addedOverhead?: Quantity
  /**
   * Whether all memory of the guest is locked in RAM.
   */
  memLock?: 'Required' | 'NotRequired'
}
/**
 * This interface was referenced by `VirtualMachine`'s JSON-Schema
 * via the `definition` "ResourceRequirements".
 */
export interface ResourceRequirements {
  /**
   * Most that the guest may use, such as cpu and memory.
   */
  limits?: {
    [k: string]: Quantity
  }
  /**
   * True: memory that QEMU needs beside the guest's own is not set aside.
   */
  overcommitGuestOverhead?: boolean
  /**
   * What the host sets aside for the guest, such as cpu and memory.
   */
  requests?: {
    [k: string]: Quantity
  }
}
/**
 * This interface was referenced by `VirtualMachine`'s JSON-Schema
 * via the `definition` "Probe".
 */
export interface Probe {
  exec?: ExecAction
  /**
   * Failures in a row until the probe has failed. Default: 3.
   */
  failureThreshold?: number
  guestAgentPing?: GuestAgentPing
  httpGet?: HTTPGetAction
  /**
   * Seconds from the start until the first probe.
   */
  initialDelaySeconds?: number
  /**
   * Seconds between probes. Default: 10.
   */
  periodSeconds?: number
  /**
   * Successes in a row until the probe has recovered. Default: 1.
   */
  successThreshold?: number
  tcpSocket?: TCPSocketAction
  /**
   * Seconds until one probe counts as failed. Default: 1.
   */
  timeoutSeconds?: number
}
/**
 * This interface was referenced by `VirtualMachine`'s JSON-Schema
 * via the `definition` "ExecAction".
 */
export interface ExecAction {
  /**
   * Program and arguments, run in the guest by its agent without a shell.
   */
  command?: string[]
}
/**
 * This interface was referenced by `VirtualMachine`'s JSON-Schema
 * via the `definition` "GuestAgentPing".
 */
export interface GuestAgentPing {}
/**
 * This interface was referenced by `VirtualMachine`'s JSON-Schema
 * via the `definition` "HTTPGetAction".
 */
export interface HTTPGetAction {
  /**
   * Host name or address to ask. Default: the address of the guest.
   */
  host?: string
  /**
   * Headers of the request.
   */
  httpHeaders?: HTTPHeader[]
  /**
   * Path of the request.
   */
  path?: string
  port: IntOrString
  /**
   * HTTP or HTTPS. Default: HTTP.
   */
  scheme?: 'HTTP' | 'HTTPS'
}
/**
 * This interface was referenced by `VirtualMachine`'s JSON-Schema
 * via the `definition` "HTTPHeader".
 */
export interface HTTPHeader {
  /**
   * Name of the header.
   */
  name: string
  /**
   * Value of the header.
   */
  value: string
}
/**
 * This interface was referenced by `VirtualMachine`'s JSON-Schema
 * via the `definition` "TCPSocketAction".
 */
export interface TCPSocketAction {
  /**
   * Host name or address to connect to. Default: the address of the guest.
   */
  host?: string
  port: IntOrString
}
/**
 * This interface was referenced by `VirtualMachine`'s JSON-Schema
 * via the `definition` "Network".
 */
export interface Network {
  multus?: MultusNetwork
  /**
   * Name by which an interface refers to the network.
   */
  name: string
  pod?: PodNetwork
  resourceClaim?: ClaimRequest
}
/**
 * This interface was referenced by `VirtualMachine`'s JSON-Schema
 * via the `definition` "MultusNetwork".
 */
export interface MultusNetwork {
  /**
   * True: the network replaces the pod network.
   */
  default?: boolean
  /**
   * Bridge of the host that the card is plugged into. A namespace before a slash is left out.
   */
  networkName: string
}
/**
 * This interface was referenced by `VirtualMachine`'s JSON-Schema
 * via the `definition` "PodNetwork".
 */
export interface PodNetwork {
  /**
   * IPv6 range of the NAT network.
   */
  vmIPv6NetworkCIDR?: string
  /**
   * IPv4 range of the NAT network.
   */
  vmNetworkCIDR?: string
}
/**
 * This interface was referenced by `VirtualMachine`'s JSON-Schema
 * via the `definition` "ClaimRequest".
 */
export interface ClaimRequest {
  /**
   * Entry of resourceClaims that the device comes from.
   */
  claimName?: string
  /**
   * Request inside that claim.
   */
  requestName?: string
}
/**
 * This interface was referenced by `VirtualMachine`'s JSON-Schema
 * via the `definition` "VirtualMachineInstanceResourceClaim".
 */
export interface VirtualMachineInstanceResourceClaim {
  /**
   * Name by which devices refer to the claim.
   */
  name: string
  /**
   * ResourceClaim that is used.
   */
  resourceClaimName?: string
  /**
   * Template that a claim is made from.
   */
  resourceClaimTemplateName?: string
}
/**
 * This interface was referenced by `VirtualMachine`'s JSON-Schema
 * via the `definition` "Toleration".
 */
export interface Toleration {
  /**
   * Effect that is tolerated; empty means every effect.
   */
  effect?: 'NoExecute' | 'NoSchedule' | 'PreferNoSchedule'
  /**
   * Taint that is tolerated; empty with Exists means every taint.
   */
  key?: string
  /**
   * Equal compares the value, Exists does not. Default: Equal.
   */
  operator?: 'Equal' | 'Exists'
  /**
   * Seconds that a NoExecute taint is tolerated for. Default: for ever.
   */
  tolerationSeconds?: number
  /**
   * Value of the taint that is tolerated.
   */
  value?: string
}
/**
 * This interface was referenced by `VirtualMachine`'s JSON-Schema
 * via the `definition` "TopologySpreadConstraint".
 */
export interface TopologySpreadConstraint {
  labelSelector?: LabelSelector
  /**
   * Labels whose own value is added to the selector.
   */
  matchLabelKeys?: string[]
  /**
   * Largest difference between two places.
   */
  maxSkew: number
  /**
   * Number of places that there must be at least.
   */
  minDomains?: number
  /**
   * Whether hosts outside the guest's own node affinity count.
   */
  nodeAffinityPolicy?: 'Honor' | 'Ignore'
  /**
   * Whether hosts with taints that are not tolerated count.
   */
  nodeTaintsPolicy?: 'Honor' | 'Ignore'
  /**
   * Label of hosts that says what counts as one place.
   */
  topologyKey: string
  /**
   * Whether the guest waits or starts anyway.
   */
  whenUnsatisfiable: 'DoNotSchedule' | 'ScheduleAnyway'
}
/**
 * This interface was referenced by `VirtualMachine`'s JSON-Schema
 * via the `definition` "UtilityVolume".
 */
export interface UtilityVolume {
  /**
   * Claim that is attached.
   */
  claimName: string
  /**
   * Name of the volume.
   */
  name: string
  /**
   * True: the volume is only read.
   */
  readOnly?: boolean
  /**
   * What the volume is for: MemoryDump or Backup.
   */
  type?: 'MemoryDump' | 'Backup'
}
/**
 * This interface was referenced by `VirtualMachine`'s JSON-Schema
 * via the `definition` "Volume".
 */
export interface Volume {
  cloudInitConfigDrive?: CloudInitConfigDriveSource
  cloudInitNoCloud?: CloudInitNoCloudSource
  configMap?: ConfigMapVolumeSource
  containerDisk?: ContainerDiskSource
  containerPath?: ContainerPathVolumeSource
  dataVolume?: DataVolumeVolumeSource
  downwardAPI?: DownwardAPIVolumeSource
  downwardMetrics?: DownwardMetricsVolumeSource
  emptyDisk?: EmptyDiskSource
  ephemeral?: EphemeralVolumeSource
  hostDisk?: HostDisk
  memoryDump?: MemoryDumpVolumeSource
  /**
   * Name by which a disk refers to the volume.
   */
  name: string
  persistentVolumeClaim?: PersistentVolumeClaimVolumeSource
  secret?: SecretVolumeSource
  serviceAccount?: ServiceAccountVolumeSource
  sysprep?: SysprepSource
}
/**
 * This interface was referenced by `VirtualMachine`'s JSON-Schema
 * via the `definition` "CloudInitConfigDriveSource".
 */
export interface CloudInitConfigDriveSource {
  /**
   * Network configuration for cloud-init, as text.
   */
  networkData?: string
  networkDataBase64?: Base64
  networkDataSecretRef?: LocalObjectReference
  secretRef?: LocalObjectReference
  /**
   * User data for cloud-init or another reader of config drives, as text.
   */
  userData?: string
  userDataBase64?: Base64
}
/**
 * This interface was referenced by `VirtualMachine`'s JSON-Schema
 * via the `definition` "LocalObjectReference".
 */
export interface LocalObjectReference {
  /**
   * Name of the object in the same namespace.
   */
  name?: string
}
/**
 * This interface was referenced by `VirtualMachine`'s JSON-Schema
 * via the `definition` "CloudInitNoCloudSource".
 */
export interface CloudInitNoCloudSource {
  /**
   * Network configuration for cloud-init, as text.
   */
  networkData?: string
  networkDataBase64?: Base64
  networkDataSecretRef?: LocalObjectReference
  secretRef?: LocalObjectReference
  /**
   * User data for cloud-init, as text; most often it begins with #cloud-config.
   */
  userData?: string
  userDataBase64?: Base64
}
/**
 * This interface was referenced by `VirtualMachine`'s JSON-Schema
 * via the `definition` "ConfigMapVolumeSource".
 */
export interface ConfigMapVolumeSource {
  /**
   * ConfigMap whose entries become the files of the disk.
   */
  name?: string
  /**
   * True: the guest may start although the ConfigMap is not there.
   */
  optional?: boolean
  /**
   * File system label of the disk, by which the guest finds it.
   */
  volumeLabel?: string
}
/**
 * This interface was referenced by `VirtualMachine`'s JSON-Schema
 * via the `definition` "ContainerDiskSource".
 */
export interface ContainerDiskSource {
  /**
   * Container image that carries one disk file under /disk.
   */
  image: string
  /**
   * When the image is fetched: always, when it is not there yet, or never.
   */
  imagePullPolicy?: 'Always' | 'IfNotPresent' | 'Never'
  /**
   * Secret with the credentials for the registry.
   */
  imagePullSecret?: string
  /**
   * Path of the disk file inside the image, where it is not the only file under /disk.
   */
  path?: string
}
/**
 * This interface was referenced by `VirtualMachine`'s JSON-Schema
 * via the `definition` "ContainerPathVolumeSource".
 */
export interface ContainerPathVolumeSource {
  /**
   * Absolute path in the container around the guest.
   */
  path: string
  /**
   * The path can only be shared for reading; only true is accepted.
   */
  readOnly?: boolean
}
/**
 * This interface was referenced by `VirtualMachine`'s JSON-Schema
 * via the `definition` "DataVolumeVolumeSource".
 */
export interface DataVolumeVolumeSource {
  /**
   * DataVolume in the same namespace that holds the disk.
   */
  name: string
  /**
   * True: the disk may be added and taken away while the guest runs.
   */
  hotpluggable?: boolean
}
/**
 * This interface was referenced by `VirtualMachine`'s JSON-Schema
 * via the `definition` "DownwardAPIVolumeSource".
 */
export interface DownwardAPIVolumeSource {
  /**
   * Files and what is written to them.
   */
  fields?: DownwardAPIVolumeFile[]
  /**
   * File system label of the disk, by which the guest finds it.
   */
  volumeLabel?: string
}
/**
 * This interface was referenced by `VirtualMachine`'s JSON-Schema
 * via the `definition` "DownwardAPIVolumeFile".
 */
export interface DownwardAPIVolumeFile {
  fieldRef?: ObjectFieldSelector
  /**
   * Permission bits of the file.
   */
  mode?: number
  /**
   * Name of the file on the disk.
   */
  path: string
  resourceFieldRef?: ResourceFieldSelector
}
/**
 * This interface was referenced by `VirtualMachine`'s JSON-Schema
 * via the `definition` "ObjectFieldSelector".
 */
export interface ObjectFieldSelector {
  /**
   * API version that the path is read in.
   */
  apiVersion?: string
  /**
   * Path of the field, such as metadata.labels.
   */
  fieldPath: string
}
/**
 * This interface was referenced by `VirtualMachine`'s JSON-Schema
 * via the `definition` "ResourceFieldSelector".
 */
export interface ResourceFieldSelector {
  /**
   * Container that is asked.
   */
  containerName?: string
  divisor?: Quantity
  /**
   * Resource that is read, such as limits.memory.
   */
  resource: string
}
/**
 * This interface was referenced by `VirtualMachine`'s JSON-Schema
 * via the `definition` "DownwardMetricsVolumeSource".
 */
export interface DownwardMetricsVolumeSource {}
/**
 * This interface was referenced by `VirtualMachine`'s JSON-Schema
 * via the `definition` "EmptyDiskSource".
 */
export interface EmptyDiskSource {
  capacity: Quantity
}
/**
 * This interface was referenced by `VirtualMachine`'s JSON-Schema
 * via the `definition` "EphemeralVolumeSource".
 */
export interface EphemeralVolumeSource {
  persistentVolumeClaim?: PersistentVolumeClaimVolumeSource
}
/**
 * This interface was referenced by `VirtualMachine`'s JSON-Schema
 * via the `definition` "PersistentVolumeClaimVolumeSource".
 */
export interface PersistentVolumeClaimVolumeSource {
  /**
   * Disk in the same namespace: the DataVolume of this name.
   */
  claimName: string
  /**
   * True: the guest cannot write to the disk.
   */
  readOnly?: boolean
  /**
   * True: the disk may be added and taken away while the guest runs.
   */
  hotpluggable?: boolean
}
/**
 * This interface was referenced by `VirtualMachine`'s JSON-Schema
 * via the `definition` "HostDisk".
 */
export interface HostDisk {
  capacity?: Quantity
  /**
   * Absolute path of the image file on the host. The Fleet says where such files may lie.
   */
  path: string
  /**
   * True: guests on several hosts see the same file.
   */
  shared?: boolean
  /**
   * Disk uses a file that is there; DiskOrCreate makes it when it is not.
   */
  type: 'Disk' | 'DiskOrCreate'
}
/**
 * This interface was referenced by `VirtualMachine`'s JSON-Schema
 * via the `definition` "MemoryDumpVolumeSource".
 */
export interface MemoryDumpVolumeSource {
  /**
   * Claim that the memory dump is written to.
   */
  claimName: string
  /**
   * True: the volume may be added and taken away while the guest runs.
   */
  hotpluggable?: boolean
  /**
   * True: the volume is only read.
   */
  readOnly?: boolean
}
/**
 * This interface was referenced by `VirtualMachine`'s JSON-Schema
 * via the `definition` "SecretVolumeSource".
 */
export interface SecretVolumeSource {
  /**
   * True: the guest may start although the Secret is not there.
   */
  optional?: boolean
  /**
   * Secret whose entries become the files of the disk.
   */
  secretName?: string
  /**
   * File system label of the disk, by which the guest finds it.
   */
  volumeLabel?: string
}
/**
 * This interface was referenced by `VirtualMachine`'s JSON-Schema
 * via the `definition` "ServiceAccountVolumeSource".
 */
export interface ServiceAccountVolumeSource {
  /**
   * Service account whose token becomes a file of the disk.
   */
  serviceAccountName?: string
}
/**
 * This interface was referenced by `VirtualMachine`'s JSON-Schema
 * via the `definition` "SysprepSource".
 */
export interface SysprepSource {
  configMap?: LocalObjectReference
  secret?: LocalObjectReference
}
