import { dataVolumeAnnotations, dataVolumeSpecSupport } from './support-data-volume.ts'
import { commonSupport, statusSupport } from './support-host-kinds.ts'
import { deviceSupport } from './support-devices.ts'
import { annotations, blocks, ignored, inert, nested, partly, yes, type SupportRow } from './support-table.ts'

const guest = 'spec.template.spec'
const domain = `${guest}.domain`
const noPod = 'It describes the pod around the guest; there is no pod here.'
const noDevices = 'Host devices are not given to guests yet.'
const noPinning = 'CPUs are not pinned yet; the guest shares the CPUs of the host.'
const noConfidential = 'Confidential guests are not run yet; remove launchSecurity to run the guest unprotected.'

const specRows: readonly SupportRow[] = [
  ...yes('spec', '. running runStrategy template dataVolumeTemplates updateVolumesStrategy'),
  partly('spec.runStrategy', ['WaitAsReceiver'], {
    effect: 'blocks',
    reason: 'Guests are not received from another cluster; use Halted until the disk is there.',
  }),
  partly('spec.updateVolumesStrategy', ['Migration'], {
    effect: 'ignored',
    reason: 'Disks are not copied while the guest runs; a replaced volume is used from the next restart on.',
  }),
  ...blocks('spec', 'instancetype', 'Instance types are not expanded yet; write CPU and memory into the template.'),
  ...ignored('spec', 'preference', 'Preferences are not expanded yet; write the preferred fields into the template.'),
  ...yes('spec.dataVolumeTemplates[]', 'spec'),
  ...nested('spec.dataVolumeTemplates[].spec', dataVolumeSpecSupport),
  ...nested('spec.dataVolumeTemplates[]', [...commonSupport, ...statusSupport, ...dataVolumeAnnotations]),
  ...nested(
    'spec.template',
    commonSupport.filter((row) => row.path[0] === 'metadata'),
  ),
]

const hooks = 'Hook sidecars are containers that rewrite the domain XML; they are not run.'

const annotationRows: readonly SupportRow[] = annotations('spec.template', {
  'hooks.kubevirt.io/hookSidecars': hooks,
  'kubevirt.io/ignitiondata': 'Ignition data is not passed to the guest; use a cloudInitConfigDrive volume.',
  'kubevirt.io/libvirt-log-filters': 'libvirt logs as the host is configured.',
  'kubevirt.io/placePCIDevicesOnRootComplex': 'libvirt places PCI devices; set pciAddress of the device.',
  'descheduler.alpha.kubernetes.io/evict': 'There is no descheduler here.',
})

const placementRows: readonly SupportRow[] = [
  ...yes(guest, 'nodeSelector tolerations tolerations[].key tolerations[].operator tolerations[].value tolerations[].effect'),
  ...ignored(guest, 'tolerations[].tolerationSeconds', 'Guests are not moved away from a tainted host after a time.'),
  ...yes(`${guest}.affinity`, '. nodeAffinity'),
  ...yes(`${guest}.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution`, '. nodeSelectorTerms'),
  ...yes(
    `${guest}.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms[]`,
    `matchExpressions matchExpressions[].key matchExpressions[].operator matchExpressions[].values
     matchFields matchFields[].key matchFields[].operator matchFields[].values`,
  ),
  ...ignored(
    `${guest}.affinity`,
    'nodeAffinity.preferredDuringSchedulingIgnoredDuringExecution',
    'Hosts are not ranked yet; use nodeSelector or the required rule.',
  ),
  ...ignored(`${guest}.affinity`, 'podAffinity podAntiAffinity', 'Guests are not placed by where others run yet; use nodeSelector.'),
  ...ignored(guest, 'topologySpreadConstraints', 'Guests are not spread over hosts by rule yet; use nodeSelector.'),
  ...ignored(guest, 'priorityClassName', 'Guests are not preempted, so a priority means nothing.'),
  ...ignored(guest, 'schedulerName', 'There is one planner; another scheduler cannot be chosen.'),
  ...yes(guest, 'evictionStrategy'),
  partly(`${guest}.evictionStrategy`, ['LiveMigrate', 'LiveMigrateIfPossible', 'External'], {
    effect: 'ignored',
    reason: 'Guests are not migrated when their host is drained yet; they stay where they are.',
  }),
]

const guestRows: readonly SupportRow[] = [
  ...yes('spec.template', 'spec'),
  ...yes(guest, 'domain hostname terminationGracePeriodSeconds networks volumes architecture startStrategy accessCredentials'),
  ...ignored(guest, 'subdomain', 'The guest is told its host name only; set fqdn in its cloud-init user data.'),
  ...yes(
    `${guest}.accessCredentials[].sshPublicKey`,
    `. source source.secret source.secret.secretName propagationMethod propagationMethod.noCloud propagationMethod.configDrive`,
  ),
  ...ignored(
    `${guest}.accessCredentials[]`,
    'sshPublicKey.propagationMethod.qemuGuestAgent userPassword',
    'The guest agent is not used to set keys and passwords yet; pass SSH keys by noCloud or configDrive.',
  ),
  ...ignored(guest, 'livenessProbe readinessProbe', 'Probes are not run yet; use domain.devices.watchdog for a guest that hangs.'),
  ...ignored(guest, 'dnsPolicy dnsConfig', 'The guest gets its name servers from DHCP; set others in its cloud-init network data.'),
  ...inert(guest, 'serviceAccountName', noPod),
  ...blocks(guest, 'resourceClaims', noDevices),
  ...ignored(guest, 'utilityVolumes', 'Utility volumes serve backups and memory dumps, which are not taken yet.'),
]

const computeRows: readonly SupportRow[] = [
  ...yes(domain, 'cpu memory resources machine firmware features clock devices'),
  ...yes(`${domain}.cpu`, 'cores sockets threads model features features[].name features[].policy maxSockets'),
  ...ignored(`${domain}.cpu`, 'dedicatedCpuPlacement isolateEmulatorThread realtime', noPinning),
  ...ignored(`${domain}.cpu`, 'numa', 'The NUMA nodes of the host are not mapped into the guest yet.'),
  ...yes(`${domain}.memory`, 'guest hugepages hugepages.pageSize'),
  ...ignored(`${domain}.memory`, 'maxGuest', 'Memory does not grow while the guest runs; a change takes a restart.'),
  ...inert(`${domain}.memory`, 'reservedOverhead', 'It sizes the pod around the guest; there is no pod here.'),
  ...yes(`${domain}.resources`, 'requests limits'),
  ...inert(`${domain}.resources`, 'overcommitGuestOverhead', 'It sizes the pod around the guest; there is no pod here.'),
  ...yes(`${domain}.machine`, 'type'),
  ...yes(`${domain}.firmware`, 'uuid serial bootloader bootloader.bios bootloader.efi bootloader.efi.secureBoot bootloader.efi.persistent'),
  ...yes(`${domain}.firmware`, 'bootloader.bios.useSerial'),
  ...ignored(`${domain}.firmware`, 'acpi', 'ACPI tables from a Secret are not passed to the guest yet.'),
  ...blocks(`${domain}.firmware`, 'kernelBoot', 'Kernels from container images are not booted yet; boot from a disk.'),
  ...yes(domain, 'chassis chassis.asset chassis.manufacturer chassis.serial chassis.sku chassis.version'),
  ...blocks(domain, 'launchSecurity', noConfidential),
  ...yes(domain, 'ioThreads ioThreads.supplementalPoolThreadCount ioThreadsPolicy rebootPolicy'),
]

const featureRows: readonly SupportRow[] = [
  ...yes(
    `${domain}.features`,
    `acpi acpi.enabled apic apic.enabled apic.endOfInterrupt smm smm.enabled kvm kvm.hidden pvspinlock pvspinlock.enabled
     hyperv hypervPassthrough hypervPassthrough.enabled`,
  ),
  ...yes(
    `${domain}.features.hyperv`,
    `evmcs evmcs.enabled frequencies frequencies.enabled ipi ipi.enabled reenlightenment reenlightenment.enabled
     relaxed relaxed.enabled reset reset.enabled runtime runtime.enabled spinlocks spinlocks.enabled spinlocks.spinlocks
     synic synic.enabled synictimer synictimer.enabled synictimer.direct synictimer.direct.enabled
     tlbflush tlbflush.enabled vapic vapic.enabled vendorid vendorid.enabled vendorid.vendorid vpindex vpindex.enabled`,
  ),
  ...ignored(`${domain}.features.hyperv.tlbflush`, 'direct extended', 'This part of tlbflush needs a newer libvirt than hosts have today.'),
  ...yes(`${domain}.clock`, 'utc utc.offsetSeconds timezone timer'),
  ...yes(
    `${domain}.clock.timer`,
    `hpet hpet.present hpet.tickPolicy hyperv hyperv.present kvm kvm.present pit pit.present pit.tickPolicy
     rtc rtc.present rtc.tickPolicy rtc.track`,
  ),
]

/** VirtualMachine, without what every kind has. */
export const virtualMachineSupport: readonly SupportRow[] = [
  ...specRows,
  ...annotationRows,
  ...placementRows,
  ...guestRows,
  ...computeRows,
  ...featureRows,
  ...deviceSupport,
]
