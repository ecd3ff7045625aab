import { blocks, ignored, inert, partly, yes, type SupportRow } from './support-table.ts'

const guest = 'spec.template.spec'
const devices = `${guest}.domain.devices`
const noDevices = 'Host devices are not given to guests yet; remove the device.'
const gone = 'Upstream has dropped this binding; use masquerade or bridge.'

const autoattach: readonly SupportRow[] = [
  ...yes(
    devices,
    `autoattachGraphicsDevice autoattachInputDevice autoattachMemBalloon autoattachPodInterface autoattachSerialConsole
     disks interfaces inputs inputs[].name inputs[].type inputs[].bus rng sound sound.name sound.model
     tpm tpm.enabled tpm.persistent video video.type watchdog watchdog.name watchdog.i6300esb watchdog.i6300esb.action`,
  ),
  ...yes(devices, 'blockMultiQueue networkInterfaceMultiqueue logSerialConsole panicDevices panicDevices[].model'),
  partly(`${devices}.panicDevices[].model`, ['pvpanic'], {
    effect: 'ignored',
    reason: 'The host has no pvpanic device; use isa or hyperv.',
  }),
  ...ignored(devices, 'useVirtioTransitional', 'The guest gets current virtio devices; use sata disks and an e1000 card for an old guest.'),
  ...ignored(devices, 'disableHotplug', 'Disks are plugged while the guest runs wherever the plan says hotplug.'),
  ...ignored(`${devices}.watchdog`, 'diag288', 'It is a device of IBM Z; use i6300esb.'),
  ...ignored(devices, 'autoattachVSOCK', 'Guests get no vsock device yet.'),
  ...ignored(devices, 'clientPassthrough', 'USB devices of a viewer are not passed to the guest yet.'),
  ...ignored(devices, 'downwardMetrics', 'Host metrics are not shown to the guest yet.'),
  ...blocks(devices, 'filesystems', 'Shared file systems (virtiofs) are not set up yet; use a disk.'),
  ...blocks(devices, 'gpus hostDevices', noDevices),
]

const disks: readonly SupportRow[] = [
  ...yes(
    `${devices}.disks[]`,
    `name disk disk.bus disk.pciAddress disk.readonly cdrom cdrom.bus cdrom.readonly cdrom.tray bootOrder
     serial cache io shareable errorPolicy dedicatedIOThread blockSize blockSize.custom blockSize.custom.logical
     blockSize.custom.physical`,
  ),
  ...ignored(
    `${devices}.disks[]`,
    'lun',
    'SCSI commands reach a block device only; on an image file the guest gets a plain disk on that bus.',
  ),
  ...ignored(`${devices}.disks[]`, 'tag', 'Tags are told to the guest in a config drive upstream; set serial to find the disk.'),
  ...ignored(`${devices}.disks[]`, 'blockSize.matchVolume', 'An image file has no block size of its own; use blockSize.custom.'),
  ...ignored(`${devices}.disks[]`, 'blockSize.custom.discardGranularity', 'libvirt does not set it; QEMU chooses.'),
  ...ignored(`${devices}.disks[]`, 'changedBlockTracking', 'Changed blocks are not tracked: backups are not taken yet.'),
]

const interfaces: readonly SupportRow[] = [
  ...yes(`${devices}.interfaces[]`, 'name model macAddress masquerade bridge slirp bootOrder pciAddress acpiIndex state'),
  ...ignored(
    `${devices}.interfaces[]`,
    'ports portRanges',
    'Ports of guests are not forwarded yet; the guest is reached by its address on the host, or by a bridge.',
  ),
  ...blocks(`${devices}.interfaces[]`, 'sriov', 'SR-IOV functions are not given to guests yet; use a bridge.'),
  ...blocks(`${devices}.interfaces[]`, 'binding', 'Network binding plugins are not run; use masquerade or bridge.'),
  ...blocks(`${devices}.interfaces[]`, 'passtBinding', 'The passt binding is not set up; use masquerade.'),
  ...blocks(`${devices}.interfaces[]`, 'macvtap passt', gone),
  ...ignored(`${devices}.interfaces[]`, 'dhcpOptions', 'DHCP options cannot be set for one guest yet.'),
  ...ignored(`${devices}.interfaces[]`, 'tag', 'Tags are told to the guest in a config drive upstream; they are not written yet.'),
]

const networks: readonly SupportRow[] = [
  ...yes(`${guest}.networks[]`, 'name pod multus multus.networkName'),
  ...ignored(
    `${guest}.networks[]`,
    'pod.vmNetworkCIDR pod.vmIPv6NetworkCIDR',
    'Every guest of a host shares one NAT network, whose range the agent chooses.',
  ),
  ...ignored(
    `${guest}.networks[]`,
    'multus.default',
    'There is no pod whose default network could be replaced; the order of interfaces decides.',
  ),
  ...blocks(`${guest}.networks[]`, 'resourceClaim', noDevices),
]

const volumes: readonly SupportRow[] = [
  ...yes(`${guest}.volumes[]`, 'name dataVolume dataVolume.name persistentVolumeClaim persistentVolumeClaim.claimName'),
  ...yes(`${guest}.volumes[]`, 'persistentVolumeClaim.readOnly'),
  ...inert(
    `${guest}.volumes[]`,
    'dataVolume.hotpluggable persistentVolumeClaim.hotpluggable',
    'A volume on a virtio or scsi bus can be plugged while the guest runs, whether it says so or not.',
  ),
  ...cloudInit('cloudInitNoCloud'),
  ...cloudInit('cloudInitConfigDrive'),
  ...yes(`${guest}.volumes[]`, 'emptyDisk emptyDisk.capacity hostDisk hostDisk.path hostDisk.type hostDisk.capacity hostDisk.shared'),
  ...yes(`${guest}.volumes[]`, 'configMap configMap.name configMap.optional configMap.volumeLabel'),
  ...yes(`${guest}.volumes[]`, 'secret secret.secretName secret.optional secret.volumeLabel'),
  ...blocks(
    `${guest}.volumes[]`,
    'containerDisk',
    'Disks in container images are not fetched yet; import the image as a DataVolume by source.http.',
  ),
  ...yes(`${guest}.volumes[]`, 'ephemeral ephemeral.persistentVolumeClaim ephemeral.persistentVolumeClaim.claimName'),
  ...inert(
    `${guest}.volumes[]`,
    'ephemeral.persistentVolumeClaim.readOnly ephemeral.persistentVolumeClaim.hotpluggable',
    'The disk below the overlay is only read, whatever it says.',
  ),
  ...yes(`${guest}.volumes[]`, 'sysprep sysprep.configMap sysprep.configMap.name sysprep.secret sysprep.secret.name'),
  ...blocks(`${guest}.volumes[]`, 'containerPath', 'There is no container around the guest whose files could be shared.'),
  ...blocks(
    `${guest}.volumes[]`,
    'serviceAccount',
    'There is no Kubernetes API for the guest to log in to; remove the volume and its disk.',
  ),
  ...blocks(
    `${guest}.volumes[]`,
    'downwardAPI',
    'Fields of the object are not shown to the guest yet; write them into cloud-init user data.',
  ),
  ...blocks(`${guest}.volumes[]`, 'downwardMetrics', 'Host metrics are not shown to the guest yet; remove the volume and its disk.'),
  ...ignored(`${guest}.volumes[]`, 'memoryDump', 'Memory dumps are not taken yet.'),
]

function cloudInit(source: string): readonly SupportRow[] {
  return yes(
    `${guest}.volumes[].${source}`,
    '. userData userDataBase64 secretRef secretRef.name networkData networkDataBase64 networkDataSecretRef networkDataSecretRef.name',
  )
}

/** Devices of the guest, with the networks and volumes that they use. */
export const deviceSupport: readonly SupportRow[] = [...autoattach, ...disks, ...interfaces, ...networks, ...volumes]
