/* Generated from schemas/ by `npm run generate`. Do not edit. */
import type { Base64 } from './meta.ts'
import type { DataVolumeSpec } from './data-volume.ts'
import type { IntOrString } from './meta.ts'
import type { LabelSelector } from './data-volume.ts'
import type { Labels } from './meta.ts'
import type { ObjectMeta } from './meta.ts'
import type { Quantity } from './meta.ts'
export interface VirtualMachine {
  apiVersion: 'kubevirt.io/v1'
  kind: 'VirtualMachine'
  metadata: ObjectMeta
  spec: VirtualMachineSpec
  status?: {
    [k: string]: unknown
  } | null
}
/**
 * This interface was referenced by `VirtualMachine`'s JSON-Schema
 * via the `definition` "VirtualMachineSpec".
 */
export interface VirtualMachineSpec {
  dataVolumeTemplates?: DataVolumeTemplateSpec[]
  instancetype?: InstancetypeMatcher
  preference?: PreferenceMatcher
  runStrategy?: 'Always' | 'RerunOnFailure' | 'Manual' | 'Halted' | 'Once' | 'WaitAsReceiver'
  running?: boolean
  template: VirtualMachineInstanceTemplateSpec
  updateVolumesStrategy?: 'Replacement' | 'Migration'
}
/**
 * This interface was referenced by `VirtualMachine`'s JSON-Schema
 * via the `definition` "DataVolumeTemplateSpec".
 */
export interface DataVolumeTemplateSpec {
  apiVersion?: string
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
  inferFromVolume?: string
  inferFromVolumeFailurePolicy?: 'Reject' | 'Ignore'
  kind?: string
  name?: string
  revisionName?: string
}
/**
 * This interface was referenced by `VirtualMachine`'s JSON-Schema
 * via the `definition` "PreferenceMatcher".
 */
export interface PreferenceMatcher {
  inferFromVolume?: string
  inferFromVolumeFailurePolicy?: 'Reject' | 'Ignore'
  kind?: string
  name?: string
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
  accessCredentials?: AccessCredential[]
  affinity?: Affinity
  architecture?: 'amd64' | 'arm64' | 's390x'
  dnsConfig?: PodDNSConfig
  dnsPolicy?: 'ClusterFirst' | 'ClusterFirstWithHostNet' | 'Default' | 'None'
  domain: DomainSpec
  evictionStrategy?: 'None' | 'LiveMigrate' | 'LiveMigrateIfPossible' | 'External'
  hostname?: string
  livenessProbe?: Probe
  /**
   * @maxItems 256
   */
  networks?: Network[]
  nodeSelector?: Labels
  priorityClassName?: string
  readinessProbe?: Probe
  resourceClaims?: VirtualMachineInstanceResourceClaim[]
  schedulerName?: string
  serviceAccountName?: string
  startStrategy?: 'Paused'
  subdomain?: string
  terminationGracePeriodSeconds?: number
  tolerations?: Toleration[]
  topologySpreadConstraints?: TopologySpreadConstraint[]
  utilityVolumes?: UtilityVolume[]
  /**
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
  preferredDuringSchedulingIgnoredDuringExecution?: PreferredSchedulingTerm[]
  requiredDuringSchedulingIgnoredDuringExecution?: NodeSelector
}
/**
 * This interface was referenced by `VirtualMachine`'s JSON-Schema
 * via the `definition` "PreferredSchedulingTerm".
 */
export interface PreferredSchedulingTerm {
  preference: NodeSelectorTerm
  weight: number
}
/**
 * This interface was referenced by `VirtualMachine`'s JSON-Schema
 * via the `definition` "NodeSelectorTerm".
 */
export interface NodeSelectorTerm {
  matchExpressions?: NodeSelectorRequirement[]
  matchFields?: NodeSelectorRequirement[]
}
/**
 * This interface was referenced by `VirtualMachine`'s JSON-Schema
 * via the `definition` "NodeSelectorRequirement".
 */
export interface NodeSelectorRequirement {
  key: string
  operator: 'DoesNotExist' | 'Exists' | 'Gt' | 'In' | 'Lt' | 'NotIn'
  values?: string[]
}
/**
 * This interface was referenced by `VirtualMachine`'s JSON-Schema
 * via the `definition` "NodeSelector".
 */
export interface NodeSelector {
  nodeSelectorTerms: NodeSelectorTerm[]
}
/**
 * This interface was referenced by `VirtualMachine`'s JSON-Schema
 * via the `definition` "PodAffinity".
 */
export interface PodAffinity {
  preferredDuringSchedulingIgnoredDuringExecution?: WeightedPodAffinityTerm[]
  requiredDuringSchedulingIgnoredDuringExecution?: PodAffinityTerm[]
}
/**
 * This interface was referenced by `VirtualMachine`'s JSON-Schema
 * via the `definition` "WeightedPodAffinityTerm".
 */
export interface WeightedPodAffinityTerm {
  podAffinityTerm: PodAffinityTerm
  weight: number
}
/**
 * This interface was referenced by `VirtualMachine`'s JSON-Schema
 * via the `definition` "PodAffinityTerm".
 */
export interface PodAffinityTerm {
  labelSelector?: LabelSelector
  matchLabelKeys?: string[]
  mismatchLabelKeys?: string[]
  namespaceSelector?: LabelSelector
  namespaces?: string[]
  topologyKey: string
}
/**
 * This interface was referenced by `VirtualMachine`'s JSON-Schema
 * via the `definition` "PodAntiAffinity".
 */
export interface PodAntiAffinity {
  preferredDuringSchedulingIgnoredDuringExecution?: WeightedPodAffinityTerm[]
  requiredDuringSchedulingIgnoredDuringExecution?: PodAffinityTerm[]
}
/**
 * This interface was referenced by `VirtualMachine`'s JSON-Schema
 * via the `definition` "PodDNSConfig".
 */
export interface PodDNSConfig {
  nameservers?: string[]
  options?: PodDNSConfigOption[]
  searches?: string[]
}
/**
 * This interface was referenced by `VirtualMachine`'s JSON-Schema
 * via the `definition` "PodDNSConfigOption".
 */
export interface PodDNSConfigOption {
  name?: string
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
  ioThreadsPolicy?: 'shared' | 'auto' | 'supplementalPool'
  launchSecurity?: LaunchSecurity
  machine?: Machine
  memory?: Memory
  rebootPolicy?: 'Reboot' | 'Terminate'
  resources?: ResourceRequirements
}
/**
 * This interface was referenced by `VirtualMachine`'s JSON-Schema
 * via the `definition` "Chassis".
 */
export interface Chassis {
  asset?: string
  manufacturer?: string
  serial?: string
  sku?: string
  version?: string
}
/**
 * This interface was referenced by `VirtualMachine`'s JSON-Schema
 * via the `definition` "Clock".
 */
export interface Clock {
  timer?: Timer
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
  present?: boolean
  tickPolicy?: 'delay' | 'catchup' | 'merge' | 'discard'
}
/**
 * This interface was referenced by `VirtualMachine`'s JSON-Schema
 * via the `definition` "HypervTimer".
 */
export interface HypervTimer {
  present?: boolean
}
/**
 * This interface was referenced by `VirtualMachine`'s JSON-Schema
 * via the `definition` "KVMTimer".
 */
export interface KVMTimer {
  present?: boolean
}
/**
 * This interface was referenced by `VirtualMachine`'s JSON-Schema
 * via the `definition` "PITTimer".
 */
export interface PITTimer {
  present?: boolean
  tickPolicy?: 'delay' | 'catchup' | 'discard'
}
/**
 * This interface was referenced by `VirtualMachine`'s JSON-Schema
 * via the `definition` "RTCTimer".
 */
export interface RTCTimer {
  present?: boolean
  tickPolicy?: 'delay' | 'catchup'
  track?: 'guest' | 'wall'
}
/**
 * This interface was referenced by `VirtualMachine`'s JSON-Schema
 * via the `definition` "ClockOffsetUTC".
 */
export interface ClockOffsetUTC {
  offsetSeconds?: number
}
/**
 * This interface was referenced by `VirtualMachine`'s JSON-Schema
 * via the `definition` "CPU".
 */
export interface CPU {
  cores?: number
  dedicatedCpuPlacement?: boolean
  features?: CPUFeature[]
  isolateEmulatorThread?: boolean
  maxSockets?: number
  model?: string
  numa?: NUMA
  realtime?: Realtime
  sockets?: number
  threads?: number
}
/**
 * This interface was referenced by `VirtualMachine`'s JSON-Schema
 * via the `definition` "CPUFeature".
 */
export interface CPUFeature {
  name: string
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
  mask?: string
}
/**
 * This interface was referenced by `VirtualMachine`'s JSON-Schema
 * via the `definition` "Devices".
 */
export interface Devices {
  autoattachGraphicsDevice?: boolean
  autoattachInputDevice?: boolean
  autoattachMemBalloon?: boolean
  autoattachPodInterface?: boolean
  autoattachSerialConsole?: boolean
  autoattachVSOCK?: boolean
  blockMultiQueue?: boolean
  clientPassthrough?: ClientPassthroughDevices
  disableHotplug?: boolean
  /**
   * @maxItems 256
   */
  disks?: Disk[]
  downwardMetrics?: DownwardMetrics
  filesystems?: Filesystem[]
  gpus?: GPU[]
  hostDevices?: HostDevice[]
  inputs?: Input[]
  /**
   * @maxItems 256
   */
  interfaces?: Interface[]
  logSerialConsole?: boolean
  networkInterfaceMultiqueue?: boolean
  panicDevices?: PanicDevice[]
  rng?: Rng
  sound?: SoundDevice
  tpm?: TPMDevice
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
  bootOrder?: number
  cache?: 'none' | 'writethrough' | 'writeback'
  cdrom?: CDRomTarget
  changedBlockTracking?: boolean
  dedicatedIOThread?: boolean
  disk?: DiskTarget
  errorPolicy?: 'stop' | 'ignore' | 'report' | 'enospace'
  io?: 'native' | 'threads'
  lun?: LunTarget
  name: string
  serial?: string
  shareable?: boolean
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
  discardGranularity?: number
  logical?: number
  physical?: number
}
/**
 * This interface was referenced by `VirtualMachine`'s JSON-Schema
 * via the `definition` "FeatureState".
 */
export interface FeatureState {
  enabled?: boolean
}
/**
 * This interface was referenced by `VirtualMachine`'s JSON-Schema
 * via the `definition` "CDRomTarget".
 */
export interface CDRomTarget {
  bus?: 'scsi' | 'sata' | 'usb'
  readonly?: boolean
  tray?: 'open' | 'closed'
}
/**
 * This interface was referenced by `VirtualMachine`'s JSON-Schema
 * via the `definition` "DiskTarget".
 */
export interface DiskTarget {
  bus?: 'virtio' | 'scsi' | 'sata' | 'usb'
  pciAddress?: string
  readonly?: boolean
}
/**
 * This interface was referenced by `VirtualMachine`'s JSON-Schema
 * via the `definition` "LunTarget".
 */
export interface LunTarget {
  bus?: 'virtio' | 'scsi' | 'sata' | 'usb'
  readonly?: boolean
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
  claimName?: string
  deviceName?: string
  name: string
  requestName?: string
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
  enabled?: boolean
  ramFB?: FeatureState
}
/**
 * This interface was referenced by `VirtualMachine`'s JSON-Schema
 * via the `definition` "HostDevice".
 */
export interface HostDevice {
  claimName?: string
  deviceName?: string
  name: string
  requestName?: string
  tag?: string
}
/**
 * This interface was referenced by `VirtualMachine`'s JSON-Schema
 * via the `definition` "Input".
 */
export interface Input {
  bus?: 'virtio' | 'usb'
  name: string
  type: 'tablet' | 'keyboard'
}
/**
 * This interface was referenced by `VirtualMachine`'s JSON-Schema
 * via the `definition` "Interface".
 */
export interface Interface {
  acpiIndex?: number
  binding?: PluginBinding
  bootOrder?: number
  bridge?: InterfaceBridge
  dhcpOptions?: DHCPOptions
  macAddress?: string
  macvtap?: DeprecatedInterfaceMacvtap
  masquerade?: InterfaceMasquerade
  model?: 'e1000' | 'e1000e' | 'igb' | 'ne2k_pci' | 'pcnet' | 'rtl8139' | 'virtio'
  name: string
  passt?: DeprecatedInterfacePasst
  passtBinding?: InterfacePasstBinding
  pciAddress?: string
  portRanges?: PortRange[]
  ports?: Port[]
  slirp?: DeprecatedInterfaceSlirp
  sriov?: InterfaceSRIOV
  state?: 'up' | 'down' | 'absent'
  tag?: string
}
/**
 * This interface was referenced by `VirtualMachine`'s JSON-Schema
 * via the `definition` "PluginBinding".
 */
export interface PluginBinding {
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
  bootFileName?: string
  ntpServers?: string[]
  privateOptions?: DHCPPrivateOptions[]
  tftpServerName?: string
}
/**
 * This interface was referenced by `VirtualMachine`'s JSON-Schema
 * via the `definition` "DHCPPrivateOptions".
 */
export interface DHCPPrivateOptions {
  option: number
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
  end: number
  protocol: 'TCP' | 'UDP'
  start: number
}
/**
 * This interface was referenced by `VirtualMachine`'s JSON-Schema
 * via the `definition` "Port".
 */
export interface Port {
  name?: string
  port: number
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
  model?: 'ich9' | 'ac97'
  name: string
}
/**
 * This interface was referenced by `VirtualMachine`'s JSON-Schema
 * via the `definition` "TPMDevice".
 */
export interface TPMDevice {
  enabled?: boolean
  persistent?: boolean
}
/**
 * This interface was referenced by `VirtualMachine`'s JSON-Schema
 * via the `definition` "VideoDevice".
 */
export interface VideoDevice {
  type?: 'vga' | 'cirrus' | 'virtio' | 'ramfb' | 'bochs' | 'qxl'
}
/**
 * This interface was referenced by `VirtualMachine`'s JSON-Schema
 * via the `definition` "Watchdog".
 */
export interface Watchdog {
  diag288?: Diag288Watchdog
  i6300esb?: I6300ESBWatchdog
  name: string
}
/**
 * This interface was referenced by `VirtualMachine`'s JSON-Schema
 * via the `definition` "Diag288Watchdog".
 */
export interface Diag288Watchdog {
  action?: 'poweroff' | 'reset' | 'shutdown'
}
/**
 * This interface was referenced by `VirtualMachine`'s JSON-Schema
 * via the `definition` "I6300ESBWatchdog".
 */
export interface I6300ESBWatchdog {
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
  enabled?: boolean
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
  enabled?: boolean
  spinlocks?: number
}
/**
 * This interface was referenced by `VirtualMachine`'s JSON-Schema
 * via the `definition` "SyNICTimer".
 */
export interface SyNICTimer {
  direct?: FeatureState
  enabled?: boolean
}
/**
 * This interface was referenced by `VirtualMachine`'s JSON-Schema
 * via the `definition` "TLBFlush".
 */
export interface TLBFlush {
  direct?: FeatureState
  enabled?: boolean
  extended?: FeatureState
}
/**
 * This interface was referenced by `VirtualMachine`'s JSON-Schema
 * via the `definition` "FeatureVendorID".
 */
export interface FeatureVendorID {
  enabled?: boolean
  vendorid?: string
}
/**
 * This interface was referenced by `VirtualMachine`'s JSON-Schema
 * via the `definition` "HyperVPassthrough".
 */
export interface HyperVPassthrough {
  enabled?: boolean
}
/**
 * This interface was referenced by `VirtualMachine`'s JSON-Schema
 * via the `definition` "FeatureKVM".
 */
export interface FeatureKVM {
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
  serial?: string
  uuid?: string
}
/**
 * This interface was referenced by `VirtualMachine`'s JSON-Schema
 * via the `definition` "ACPI".
 */
export interface ACPI {
  msdmNameRef?: string
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
  useSerial?: boolean
}
/**
 * This interface was referenced by `VirtualMachine`'s JSON-Schema
 * via the `definition` "EFI".
 */
export interface EFI {
  persistent?: boolean
  secureBoot?: boolean
}
/**
 * This interface was referenced by `VirtualMachine`'s JSON-Schema
 * via the `definition` "KernelBoot".
 */
export interface KernelBoot {
  container?: KernelBootContainer
  kernelArgs?: string
}
/**
 * This interface was referenced by `VirtualMachine`'s JSON-Schema
 * via the `definition` "KernelBootContainer".
 */
export interface KernelBootContainer {
  image: string
  imagePullPolicy?: 'Always' | 'IfNotPresent' | 'Never'
  imagePullSecret?: string
  initrdPath?: string
  kernelPath?: string
}
/**
 * This interface was referenced by `VirtualMachine`'s JSON-Schema
 * via the `definition` "DiskIOThreads".
 */
export interface DiskIOThreads {
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
  dhCert?: string
  policy?: SEVPolicy
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
  pageSize?: string
}
/**
 * This interface was referenced by `VirtualMachine`'s JSON-Schema
 * via the `definition` "ReservedOverhead".
 */
export interface ReservedOverhead {
  addedOverhead?: Quantity
  memLock?: 'Required' | 'NotRequired'
}
/**
 * This interface was referenced by `VirtualMachine`'s JSON-Schema
 * via the `definition` "ResourceRequirements".
 */
export interface ResourceRequirements {
  limits?: {
    [k: string]: Quantity
  }
  overcommitGuestOverhead?: boolean
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
  failureThreshold?: number
  guestAgentPing?: GuestAgentPing
  httpGet?: HTTPGetAction
  initialDelaySeconds?: number
  periodSeconds?: number
  successThreshold?: number
  tcpSocket?: TCPSocketAction
  timeoutSeconds?: number
}
/**
 * This interface was referenced by `VirtualMachine`'s JSON-Schema
 * via the `definition` "ExecAction".
 */
export interface ExecAction {
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
  host?: string
  httpHeaders?: HTTPHeader[]
  path?: string
  port: IntOrString
  scheme?: 'HTTP' | 'HTTPS'
}
/**
 * This interface was referenced by `VirtualMachine`'s JSON-Schema
 * via the `definition` "HTTPHeader".
 */
export interface HTTPHeader {
  name: string
  value: string
}
/**
 * This interface was referenced by `VirtualMachine`'s JSON-Schema
 * via the `definition` "TCPSocketAction".
 */
export interface TCPSocketAction {
  host?: string
  port: IntOrString
}
/**
 * This interface was referenced by `VirtualMachine`'s JSON-Schema
 * via the `definition` "Network".
 */
export interface Network {
  multus?: MultusNetwork
  name: string
  pod?: PodNetwork
  resourceClaim?: ClaimRequest
}
/**
 * This interface was referenced by `VirtualMachine`'s JSON-Schema
 * via the `definition` "MultusNetwork".
 */
export interface MultusNetwork {
  default?: boolean
  networkName: string
}
/**
 * This interface was referenced by `VirtualMachine`'s JSON-Schema
 * via the `definition` "PodNetwork".
 */
export interface PodNetwork {
  vmIPv6NetworkCIDR?: string
  vmNetworkCIDR?: string
}
/**
 * This interface was referenced by `VirtualMachine`'s JSON-Schema
 * via the `definition` "ClaimRequest".
 */
export interface ClaimRequest {
  claimName?: string
  requestName?: string
}
/**
 * This interface was referenced by `VirtualMachine`'s JSON-Schema
 * via the `definition` "VirtualMachineInstanceResourceClaim".
 */
export interface VirtualMachineInstanceResourceClaim {
  name: string
  resourceClaimName?: string
  resourceClaimTemplateName?: string
}
/**
 * This interface was referenced by `VirtualMachine`'s JSON-Schema
 * via the `definition` "Toleration".
 */
export interface Toleration {
  effect?: 'NoExecute' | 'NoSchedule' | 'PreferNoSchedule'
  key?: string
  operator?: 'Equal' | 'Exists'
  tolerationSeconds?: number
  value?: string
}
/**
 * This interface was referenced by `VirtualMachine`'s JSON-Schema
 * via the `definition` "TopologySpreadConstraint".
 */
export interface TopologySpreadConstraint {
  labelSelector?: LabelSelector
  matchLabelKeys?: string[]
  maxSkew: number
  minDomains?: number
  nodeAffinityPolicy?: 'Honor' | 'Ignore'
  nodeTaintsPolicy?: 'Honor' | 'Ignore'
  topologyKey: string
  whenUnsatisfiable: 'DoNotSchedule' | 'ScheduleAnyway'
}
/**
 * This interface was referenced by `VirtualMachine`'s JSON-Schema
 * via the `definition` "UtilityVolume".
 */
export interface UtilityVolume {
  claimName: string
  name: string
  readOnly?: boolean
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
  networkData?: string
  networkDataBase64?: Base64
  networkDataSecretRef?: LocalObjectReference
  secretRef?: LocalObjectReference
  userData?: string
  userDataBase64?: Base64
}
/**
 * This interface was referenced by `VirtualMachine`'s JSON-Schema
 * via the `definition` "LocalObjectReference".
 */
export interface LocalObjectReference {
  name?: string
}
/**
 * This interface was referenced by `VirtualMachine`'s JSON-Schema
 * via the `definition` "CloudInitNoCloudSource".
 */
export interface CloudInitNoCloudSource {
  networkData?: string
  networkDataBase64?: Base64
  networkDataSecretRef?: LocalObjectReference
  secretRef?: LocalObjectReference
  userData?: string
  userDataBase64?: Base64
}
/**
 * This interface was referenced by `VirtualMachine`'s JSON-Schema
 * via the `definition` "ConfigMapVolumeSource".
 */
export interface ConfigMapVolumeSource {
  name?: string
  optional?: boolean
  volumeLabel?: string
}
/**
 * This interface was referenced by `VirtualMachine`'s JSON-Schema
 * via the `definition` "ContainerDiskSource".
 */
export interface ContainerDiskSource {
  image: string
  imagePullPolicy?: 'Always' | 'IfNotPresent' | 'Never'
  imagePullSecret?: string
  path?: string
}
/**
 * This interface was referenced by `VirtualMachine`'s JSON-Schema
 * via the `definition` "ContainerPathVolumeSource".
 */
export interface ContainerPathVolumeSource {
  path: string
  readOnly?: boolean
}
/**
 * This interface was referenced by `VirtualMachine`'s JSON-Schema
 * via the `definition` "DataVolumeVolumeSource".
 */
export interface DataVolumeVolumeSource {
  name: string
  hotpluggable?: boolean
}
/**
 * This interface was referenced by `VirtualMachine`'s JSON-Schema
 * via the `definition` "DownwardAPIVolumeSource".
 */
export interface DownwardAPIVolumeSource {
  fields?: DownwardAPIVolumeFile[]
  volumeLabel?: string
}
/**
 * This interface was referenced by `VirtualMachine`'s JSON-Schema
 * via the `definition` "DownwardAPIVolumeFile".
 */
export interface DownwardAPIVolumeFile {
  fieldRef?: ObjectFieldSelector
  mode?: number
  path: string
  resourceFieldRef?: ResourceFieldSelector
}
/**
 * This interface was referenced by `VirtualMachine`'s JSON-Schema
 * via the `definition` "ObjectFieldSelector".
 */
export interface ObjectFieldSelector {
  apiVersion?: string
  fieldPath: string
}
/**
 * This interface was referenced by `VirtualMachine`'s JSON-Schema
 * via the `definition` "ResourceFieldSelector".
 */
export interface ResourceFieldSelector {
  containerName?: string
  divisor?: Quantity
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
  claimName: string
  readOnly?: boolean
  hotpluggable?: boolean
}
/**
 * This interface was referenced by `VirtualMachine`'s JSON-Schema
 * via the `definition` "HostDisk".
 */
export interface HostDisk {
  capacity?: Quantity
  path: string
  shared?: boolean
  type: 'Disk' | 'DiskOrCreate'
}
/**
 * This interface was referenced by `VirtualMachine`'s JSON-Schema
 * via the `definition` "MemoryDumpVolumeSource".
 */
export interface MemoryDumpVolumeSource {
  claimName: string
  hotpluggable?: boolean
  readOnly?: boolean
}
/**
 * This interface was referenced by `VirtualMachine`'s JSON-Schema
 * via the `definition` "SecretVolumeSource".
 */
export interface SecretVolumeSource {
  optional?: boolean
  secretName?: string
  volumeLabel?: string
}
/**
 * This interface was referenced by `VirtualMachine`'s JSON-Schema
 * via the `definition` "ServiceAccountVolumeSource".
 */
export interface ServiceAccountVolumeSource {
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
