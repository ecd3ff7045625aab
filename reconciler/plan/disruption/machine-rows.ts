import {
  cloudInit,
  diskAdded,
  diskRemoved,
  guestSize,
  interfaceAdded,
  interfaceRemoved,
  linkState,
  mediumChanged,
  networkQueues,
  runStrategy,
  volumeAdded,
  volumeRemoved,
} from './rules.ts'
import type { Cell, Row } from './row.ts'

type Extras = Omit<Row, 'pattern' | 'change'>

/** Rows that share a prefix and a fate; the fields stand in one text, separated by spaces. */
function rows(prefix: string, change: Cell, group: { readonly fields: string } & Extras): Row[] {
  const { fields, ...extras } = group
  return fields
    .trim()
    .split(/\s+/)
    .map((field) => ({ pattern: field === '.' ? prefix : `${prefix}.${field}`, change, ...extras }))
}

const guest = 'spec.template.spec'
const domain = `${guest}.domain`
const devices = `${domain}.devices`
const disk = `${devices}.disks[*]`
const nic = `${devices}.interfaces[*]`
const volume = `${guest}.volumes[*]`

const placement = 'Placement is decided when a machine is created; it stays where it is.'
const atBoot = 'Read when the guest boots.'
const places = 'Devices keep their names and addresses; bootOrder says what boots.'

const objectRows: Row[] = [
  ...rows('', 'none', { fields: 'apiVersion kind' }).map((row) => ({ ...row, pattern: row.pattern.slice(1) })),
  ...rows('metadata', 'none', { fields: '**' }),
  ...rows('status', 'none', { fields: '. **' }),
  ...rows('origin', 'none', { fields: 'path', reason: 'The file moved in Git.' }),
  ...rows('inputs', 'restart', { fields: '*', sensitive: true, reason: atBoot }),
  ...rows('allowHostDisk', 'none', { fields: '.', reason: 'The allow-list is checked when the domain is defined.' }),
  ...rows('spec', runStrategy, { fields: 'runStrategy running' }),
  ...rows('spec', 'none', {
    fields: 'dataVolumeTemplates[(order)] dataVolumeTemplates[*].**',
    reason: 'Each template is a DataVolume of its own in the plan.',
  }),
  ...rows('spec', 'restart', { fields: 'instancetype.** preference.**' }),
  ...rows('spec', 'none', { fields: 'updateVolumesStrategy' }),
  ...rows('spec.template.metadata', 'none', { fields: '**' }),
]

const guestRows: Row[] = [
  ...rows(guest, 'none', {
    fields: `affinity.** nodeSelector.* schedulerName tolerations topologySpreadConstraints priorityClassName`,
    reason: placement,
  }),
  ...rows(guest, 'none', {
    fields: 'evictionStrategy terminationGracePeriodSeconds livenessProbe.** readinessProbe.**',
  }),
  ...rows(guest, 'none', { fields: 'startStrategy', reason: 'Looked at when the guest is started.' }),
  ...rows(guest, 'restart', { fields: 'serviceAccountName accessCredentials resourceClaims[*] resourceClaims[*].**' }),
  ...rows(guest, 'none', { fields: 'architecture', reason: 'A machine is only ever on a host of its architecture.' }),
  ...rows(guest, 'none', { fields: 'resourceClaims[(order)]' }),
  ...rows(guest, 'restart', { fields: 'hostname subdomain dnsPolicy dnsConfig.**', reason: atBoot }),
  ...rows(guest, 'restart', { fields: 'utilityVolumes[*] utilityVolumes[*].**' }),
  ...rows(guest, 'none', { fields: 'utilityVolumes[(order)] volumes[(order)] networks[(order)]' }),
  ...rows(`${guest}.networks[*]`, 'restart', { fields: '.', add: interfaceAdded, remove: interfaceRemoved }),
  ...rows(`${guest}.networks[*]`, 'restart', {
    fields:
      'name multus.default multus.networkName pod.vmIPv6NetworkCIDR pod.vmNetworkCIDR resourceClaim.claimName resourceClaim.requestName',
  }),
]

const domainRows: Row[] = [
  ...rows(domain, 'restart', { fields: 'chassis.** clock.** features.** launchSecurity.** machine.type' }),
  ...rows(domain, 'restart', { fields: 'clock.utc', absent: {} }),
  ...rows(`${domain}.launchSecurity.sev`, 'restart', { fields: 'dhCert session', sensitive: true }),
  ...rows(`${domain}.cpu`, 'restart', {
    fields: `cores threads maxSockets model dedicatedCpuPlacement isolateEmulatorThread realtime.mask numa.guestMappingPassthrough
      features[*] features[*].name features[*].policy`,
  }),
  ...rows(`${domain}.cpu`, 'restart', { fields: 'sockets', reason: 'Sockets are not plugged into a running guest here.' }),
  ...rows(`${domain}.cpu`, 'none', { fields: 'features[(order)]' }),
  ...rows(`${domain}.memory`, 'restart', { fields: 'guest', quantity: true, reason: 'Memory is not plugged into a running guest here.' }),
  ...rows(`${domain}.memory`, 'restart', { fields: 'maxGuest', quantity: true }),
  ...rows(`${domain}.memory`, 'restart', { fields: 'hugepages.pageSize reservedOverhead.addedOverhead reservedOverhead.memLock' }),
  ...rows(`${domain}.resources`, guestSize, { fields: 'requests.* limits.*', quantity: true }),
  ...rows(`${domain}.resources`, 'none', { fields: 'overcommitGuestOverhead' }),
  ...rows(`${domain}.firmware`, 'restart', {
    fields: `serial acpi.msdmNameRef acpi.slicNameRef bootloader.efi.persistent bootloader.efi.secureBoot
      kernelBoot.kernelArgs kernelBoot.container.image kernelBoot.container.imagePullPolicy kernelBoot.container.imagePullSecret
      kernelBoot.container.initrdPath kernelBoot.container.kernelPath`,
  }),
  ...rows(`${domain}.firmware`, 'restart', { fields: 'bootloader.bios.useSerial', absent: false }),
  ...rows(`${domain}.firmware`, 'recreate', { fields: 'uuid', reason: 'The UUID is what the host knows the machine by.' }),
  ...rows(domain, 'restart', { fields: 'ioThreads.supplementalPoolThreadCount ioThreadsPolicy' }),
  ...rows(domain, 'restart', { fields: 'rebootPolicy', absent: 'Reboot' }),
]

const deviceRows: Row[] = [
  ...rows(devices, 'restart', {
    fields: 'autoattachGraphicsDevice autoattachMemBalloon autoattachSerialConsole logSerialConsole',
    absent: true,
  }),
  ...rows(devices, 'restart', { fields: 'autoattachInputDevice blockMultiQueue', absent: false }),
  ...rows(devices, 'none', { fields: 'autoattachPodInterface', reason: 'The interface that it brings or takes is told by itself.' }),
  ...rows(devices, networkQueues, { fields: 'networkInterfaceMultiqueue' }),
  ...rows(devices, 'restart', {
    fields: `autoattachVSOCK clientPassthrough downwardMetrics panicDevices rng
      sound.model sound.name tpm.enabled tpm.persistent useVirtioTransitional video.type watchdog.name watchdog.diag288.action
      watchdog.i6300esb.action`,
  }),
  ...rows(devices, 'none', { fields: 'disableHotplug' }),
  ...rows(devices, 'restart', { fields: 'filesystems[*] filesystems[*].** gpus[*] gpus[*].** hostDevices[*] hostDevices[*].**' }),
  ...rows(devices, 'restart', { fields: 'inputs[*] inputs[*].**' }),
  ...rows(devices, 'none', { fields: 'filesystems[(order)] gpus[(order)] hostDevices[(order)] inputs[(order)]' }),
  ...[`${devices}.disks`, `${devices}.interfaces`].flatMap((list) =>
    rows(list, 'none', { fields: '[(order)]', reason: places }).map(joined),
  ),
  ...rows(disk, 'restart', { fields: '.', add: diskAdded, remove: diskRemoved }),
  ...rows(disk, 'restart', {
    fields: `name bootOrder cache io serial tag changedBlockTracking blockSize.custom.logical
      blockSize.custom.physical blockSize.custom.discardGranularity blockSize.matchVolume.enabled cdrom.bus cdrom.readonly cdrom.tray disk.bus
      disk.pciAddress lun.bus lun.readonly lun.reservation`,
  }),
  ...rows(disk, 'restart', { fields: 'shareable dedicatedIOThread disk.readonly', absent: false }),
  ...rows(disk, 'restart', { fields: 'errorPolicy', absent: 'stop' }),
  ...rows(nic, 'restart', { fields: '.', add: interfaceAdded, remove: interfaceRemoved }),
  ...rows(nic, 'restart', {
    fields: `name acpiIndex binding.name bootOrder bridge macAddress macvtap masquerade model passt passtBinding pciAddress slirp sriov
      tag portRanges dhcpOptions.bootFileName dhcpOptions.ntpServers dhcpOptions.privateOptions dhcpOptions.tftpServerName`,
  }),
  ...rows(nic, 'restart', { fields: 'ports ports[(order)] ports[*] ports[*].**' }),
  ...rows(nic, linkState, { fields: 'state', absent: 'up' }),
]

const cloudInitText = 'userData userDataBase64 networkData networkDataBase64'
const cloudInitReferences = 'secretRef.name networkDataSecretRef.name'

const volumeRows: Row[] = [
  ...rows(volume, mediumChanged, { fields: '.', add: volumeAdded, remove: volumeRemoved }),
  ...rows(volume, mediumChanged, { fields: 'name' }),
  ...['cloudInitNoCloud', 'cloudInitConfigDrive'].flatMap((source) => [
    ...rows(`${volume}.${source}`, cloudInit, { fields: cloudInitText, sensitive: true }),
    ...rows(`${volume}.${source}`, cloudInit, { fields: cloudInitReferences }),
  ]),
  ...rows(volume, mediumChanged, {
    fields: `dataVolume.name persistentVolumeClaim.claimName persistentVolumeClaim.readOnly
      ephemeral.persistentVolumeClaim.claimName ephemeral.persistentVolumeClaim.readOnly containerDisk.image containerDisk.path
      hostDisk.path hostDisk.type hostDisk.shared containerPath.path containerPath.readOnly`,
  }),
  ...rows(volume, 'none', { fields: 'dataVolume.hotpluggable persistentVolumeClaim.hotpluggable memoryDump.hotpluggable' }),
  ...rows(volume, 'none', {
    fields: 'containerDisk.imagePullPolicy containerDisk.imagePullSecret ephemeral.persistentVolumeClaim.hotpluggable',
  }),
  ...rows(volume, 'restart', { fields: 'hostDisk.capacity emptyDisk.capacity', quantity: true }),
  ...rows(volume, 'restart', {
    fields: `configMap.name configMap.optional configMap.volumeLabel secret.secretName secret.optional secret.volumeLabel
      serviceAccount.serviceAccountName sysprep.configMap.name sysprep.secret.name downwardAPI.** downwardMetrics`,
    reason: atBoot,
  }),
  ...rows(volume, 'none', { fields: 'memoryDump.claimName memoryDump.readOnly' }),
]

/** `a.[(order)]` is written `a[(order)]`. */
function joined(row: Row): Row {
  return { ...row, pattern: row.pattern.replace('.[', '[') }
}

/** Every field of a VirtualMachine, and what the agent is told besides: the file's place, and digests of inputs. */
export const machineRows: readonly Row[] = [...objectRows, ...guestRows, ...domainRows, ...deviceRows, ...volumeRows]
