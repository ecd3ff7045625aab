import {
  cloudInit,
  diskAdded,
  diskRemoved,
  interfaceAdded,
  interfaceRemoved,
  linkState,
  mediumChanged,
  runStrategy,
  volumeAdded,
  volumeRemoved,
} from './rules.ts'
import { graphics, inputDevices, panicDevices, serialConsole, sound, tpm, watchdog } from './effects/devices.ts'
import { disk as wholeDisk, disks, diskWithMedium, ioThreads } from './effects/disks.ts'
import { bootloader, chassis, clock, cpuFeatures, cpuModel, features, identity, size } from './effects/hardware.ts'
import { contents } from './effects/media.ts'
import { nic as wholeNic, nics } from './effects/nics.ts'
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
const untold = 'No seed tells the guest a host name, or it tells the same one.'
const unread = 'Nothing that the guest gets is made from it, or what is made from it tells.'
const places = 'Devices keep their names and addresses; bootOrder says what boots.'

const objectRows: Row[] = [
  ...rows('', 'none', { fields: 'apiVersion kind' }).map((row) => ({ ...row, pattern: row.pattern.slice(1) })),
  ...rows('metadata', 'none', { fields: '**' }),
  ...rows('status', 'none', { fields: '. **' }),
  ...rows('origin', 'none', { fields: 'path', reason: 'The file moved in Git.' }),
  ...rows('inputs', 'restart', {
    fields: '*',
    sensitive: true,
    comesTo: contents,
    countsInBoth: true,
    mootReason: unread,
    reason: atBoot,
  }),
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
  ...rows(guest, 'restart', { fields: 'serviceAccountName resourceClaims[*] resourceClaims[*].**' }),
  ...rows(guest, 'restart', { fields: 'accessCredentials', comesTo: contents, countsInBoth: true, mootReason: unread }),
  ...rows(guest, 'none', { fields: 'architecture', reason: 'A machine is only ever on a host of its architecture.' }),
  ...rows(guest, 'none', { fields: 'resourceClaims[(order)]' }),
  ...rows(guest, 'restart', { fields: 'hostname', comesTo: contents, countsInBoth: true, mootReason: untold, reason: atBoot }),
  ...rows(guest, 'restart', { fields: 'subdomain dnsPolicy dnsConfig.**', reason: atBoot }),
  ...rows(guest, 'restart', { fields: 'utilityVolumes[*] utilityVolumes[*].**' }),
  ...rows(guest, 'none', { fields: 'utilityVolumes[(order)] volumes[(order)] networks[(order)]' }),
  ...rows(`${guest}.networks[*]`, 'restart', { fields: '.', add: interfaceAdded, remove: interfaceRemoved, comesTo: wholeNic }),
  ...rows(`${guest}.networks[*]`, 'restart', {
    comesTo: wholeNic,
    countsInBoth: true,
    fields:
      'name multus.default multus.networkName pod.vmIPv6NetworkCIDR pod.vmNetworkCIDR resourceClaim.claimName resourceClaim.requestName',
  }),
]

const domainRows: Row[] = [
  ...rows(domain, 'restart', { fields: 'launchSecurity.** machine.type' }),
  ...rows(domain, 'restart', { fields: 'chassis.**', comesTo: chassis }),
  ...rows(domain, 'restart', { fields: 'clock.**', comesTo: clock }),
  ...rows(domain, 'restart', { fields: 'features.**', comesTo: features }),
  ...rows(`${domain}.launchSecurity.sev`, 'restart', { fields: 'dhCert session', sensitive: true }),
  ...rows(`${domain}.cpu`, 'restart', {
    fields: 'dedicatedCpuPlacement isolateEmulatorThread realtime.mask numa.guestMappingPassthrough',
  }),
  ...rows(`${domain}.cpu`, 'restart', { fields: 'cores threads maxSockets', comesTo: size }),
  ...rows(`${domain}.cpu`, 'restart', { fields: 'sockets', comesTo: size, reason: 'Sockets are not plugged into a running guest here.' }),
  ...rows(`${domain}.cpu`, 'restart', { fields: 'model', comesTo: cpuModel }),
  ...rows(`${domain}.cpu`, 'restart', { fields: 'features features[*] features[*].name features[*].policy', comesTo: cpuFeatures }),
  ...rows(`${domain}.cpu`, 'none', { fields: 'features[(order)]' }),
  ...rows(`${domain}.memory`, 'restart', {
    fields: 'guest',
    quantity: true,
    comesTo: size,
    reason: 'Memory is not plugged into a running guest here.',
  }),
  ...rows(`${domain}.memory`, 'restart', { fields: 'maxGuest hugepages.pageSize', quantity: true }),
  ...rows(`${domain}.memory`, 'restart', { fields: 'reservedOverhead.addedOverhead reservedOverhead.memLock' }),
  ...rows(`${domain}.resources`, 'restart', {
    fields: 'requests.* limits.*',
    quantity: true,
    comesTo: size,
    mootReason: 'The guest has the same size.',
  }),
  ...rows(`${domain}.resources`, 'none', { fields: 'overcommitGuestOverhead' }),
  ...rows(`${domain}.firmware`, 'restart', {
    fields: `acpi.msdmNameRef acpi.slicNameRef kernelBoot.kernelArgs kernelBoot.container.image kernelBoot.container.imagePullPolicy
      kernelBoot.container.imagePullSecret kernelBoot.container.initrdPath kernelBoot.container.kernelPath`,
  }),
  ...rows(`${domain}.firmware`, 'restart', { fields: 'serial', absent: '' }),
  ...rows(`${domain}.firmware.bootloader`, 'restart', {
    fields: 'efi.persistent efi.secureBoot bios.useSerial',
    comesTo: bootloader,
  }),
  ...rows(`${domain}.firmware`, 'recreate', {
    fields: 'uuid',
    comesTo: identity,
    mootReason: 'It is the UUID that the machine has anyway.',
    reason: 'The UUID is what the host knows the machine by.',
  }),
  ...rows(domain, 'restart', { fields: 'ioThreads.supplementalPoolThreadCount ioThreadsPolicy', comesTo: ioThreads }),
  ...rows(domain, 'restart', { fields: 'rebootPolicy', absent: 'Reboot' }),
]

const deviceRows: Row[] = [
  ...rows(devices, 'restart', { fields: 'autoattachMemBalloon', absent: true }),
  ...rows(devices, 'restart', { fields: 'autoattachSerialConsole logSerialConsole', comesTo: serialConsole }),
  ...rows(devices, 'restart', { fields: 'autoattachGraphicsDevice video.type', comesTo: graphics }),
  ...rows(devices, 'restart', { fields: 'blockMultiQueue', comesTo: disks, countsInBoth: true }),
  ...rows(devices, 'none', { fields: 'autoattachPodInterface', reason: 'The interface that it brings or takes is told by itself.' }),
  ...rows(devices, 'restart', {
    fields: 'networkInterfaceMultiqueue',
    comesTo: nics,
    countsInBoth: true,
    mootReason: 'The NICs have the same queues.',
  }),
  ...rows(devices, 'restart', { fields: 'autoattachVSOCK clientPassthrough downwardMetrics rng useVirtioTransitional' }),
  ...rows(devices, 'restart', { fields: 'panicDevices', comesTo: panicDevices }),
  ...rows(devices, 'restart', { fields: 'sound.model sound.name', comesTo: sound }),
  ...rows(devices, 'restart', { fields: 'tpm.enabled tpm.persistent', comesTo: tpm }),
  ...rows(devices, 'restart', { fields: 'watchdog.name watchdog.diag288.action watchdog.i6300esb.action', comesTo: watchdog }),
  ...rows(devices, 'none', { fields: 'disableHotplug' }),
  ...rows(devices, 'restart', { fields: 'filesystems[*] filesystems[*].** gpus[*] gpus[*].** hostDevices[*] hostDevices[*].**' }),
  ...rows(devices, 'restart', { fields: 'autoattachInputDevice inputs inputs[*] inputs[*].**', comesTo: inputDevices }),
  ...rows(devices, 'none', { fields: 'filesystems[(order)] gpus[(order)] hostDevices[(order)] inputs[(order)]' }),
  ...[`${devices}.disks`, `${devices}.interfaces`].flatMap((list) =>
    rows(list, 'none', { fields: '[(order)]', reason: places }).map(joined),
  ),
  ...rows(disk, 'restart', { fields: '.', add: diskAdded, remove: diskRemoved }),
  ...rows(disk, 'restart', {
    comesTo: wholeDisk,
    fields: `name bootOrder cache io serial tag shareable errorPolicy changedBlockTracking blockSize.custom.logical
      blockSize.custom.physical blockSize.custom.discardGranularity blockSize.matchVolume.enabled cdrom.bus cdrom.readonly cdrom.tray disk.bus
      disk.pciAddress disk.readonly lun.bus lun.readonly lun.reservation`,
  }),
  ...rows(disk, 'restart', { fields: 'dedicatedIOThread', comesTo: ioThreads }),
  ...rows(nic, 'restart', { fields: '.', add: interfaceAdded, remove: interfaceRemoved, comesTo: wholeNic }),
  ...rows(nic, 'restart', {
    comesTo: wholeNic,
    countsInBoth: true,
    fields: `name acpiIndex binding.name bootOrder bridge macAddress macvtap masquerade model passt passtBinding pciAddress slirp sriov
      tag portRanges dhcpOptions.bootFileName dhcpOptions.ntpServers dhcpOptions.privateOptions dhcpOptions.tftpServerName`,
  }),
  ...rows(nic, 'restart', { fields: 'ports ports[(order)] ports[*] ports[*].**', comesTo: wholeNic, countsInBoth: true }),
  ...rows(nic, linkState, { fields: 'state', comesTo: wholeNic }),
]

const cloudInitText = 'userData userDataBase64 networkData networkDataBase64'
const cloudInitReferences = 'secretRef.name networkDataSecretRef.name'

const volumeRows: Row[] = [
  ...rows(volume, mediumChanged, { fields: '.', add: volumeAdded, remove: volumeRemoved, comesTo: diskWithMedium }),
  ...rows(volume, mediumChanged, { fields: 'name' }),
  ...['cloudInitNoCloud', 'cloudInitConfigDrive'].flatMap((source) => [
    ...rows(`${volume}.${source}`, cloudInit, { fields: cloudInitText, sensitive: true, comesTo: diskWithMedium }),
    ...rows(`${volume}.${source}`, cloudInit, { fields: cloudInitReferences, comesTo: diskWithMedium }),
  ]),
  ...rows(volume, mediumChanged, {
    comesTo: diskWithMedium,
    fields: `dataVolume.name persistentVolumeClaim.claimName persistentVolumeClaim.readOnly
      ephemeral.persistentVolumeClaim.claimName containerDisk.image containerDisk.path
      hostDisk.path containerPath.path containerPath.readOnly`,
  }),
  ...rows(volume, 'none', { fields: 'dataVolume.hotpluggable persistentVolumeClaim.hotpluggable memoryDump.hotpluggable' }),
  ...rows(volume, 'none', {
    fields: `containerDisk.imagePullPolicy containerDisk.imagePullSecret ephemeral.persistentVolumeClaim.hotpluggable
      ephemeral.persistentVolumeClaim.readOnly`,
  }),
  ...rows(volume, 'restart', { fields: 'hostDisk.shared', comesTo: wholeDisk }),
  ...rows(volume, 'none', { fields: 'hostDisk.type hostDisk.capacity', reason: 'Only a file that is made looks at it.' }),
  ...rows(volume, mediumChanged, { fields: 'emptyDisk.capacity', quantity: true, comesTo: diskWithMedium }),
  ...rows(volume, mediumChanged, {
    comesTo: diskWithMedium,
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
