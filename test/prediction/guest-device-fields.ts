import type { VirtualMachine } from '../../schemas/generated/virtual-machine.ts'
import { device, oneOf, put, values, type Setting } from './guest-settings.ts'

const guest = 'spec.template.spec'
const devices = `${guest}.domain.devices`

const diskFields = {
  bootOrder: [1, 2, 3],
  cache: ['none', 'writethrough', 'writeback'],
  io: ['native', 'threads'],
  serial: ['', 'SN1', 'SN2'],
  tag: ['t'],
  shareable: [true, false],
  errorPolicy: ['stop', 'ignore'],
  dedicatedIOThread: [true, false],
  changedBlockTracking: [true],
  blockSize: [
    {},
    { custom: { logical: 512, physical: 512 } },
    { custom: { logical: 512, physical: 4096 } },
    { custom: { logical: 512, physical: 4096, discardGranularity: 4096 } },
    { matchVolume: { enabled: true } },
    { matchVolume: { enabled: false } },
  ],
}

const targets = [
  { disk: { bus: 'virtio' } },
  { disk: { bus: 'virtio', readonly: true } },
  { disk: { bus: 'virtio', readonly: false } },
  { disk: { bus: 'virtio', pciAddress: '0000:05:00.0' } },
  { disk: { bus: 'scsi' } },
  { disk: { bus: 'scsi', readonly: true } },
  { disk: { bus: 'sata' } },
  { disk: { bus: 'usb' } },
  { disk: {} },
  {},
  { cdrom: {} },
  { cdrom: { bus: 'scsi' } },
  { cdrom: { readonly: true } },
  { cdrom: { readonly: false } },
  { cdrom: { tray: 'open' } },
  { cdrom: { tray: 'closed' } },
  { lun: { bus: 'scsi' } },
  { lun: { bus: 'virtio' } },
  { lun: { bus: 'scsi', readonly: true } },
  { lun: { bus: 'scsi', reservation: true } },
]

const sources = [
  { dataVolume: { name: 'one' } },
  { dataVolume: { name: 'two' } },
  { dataVolume: { name: 'one', hotpluggable: true } },
  { persistentVolumeClaim: { claimName: 'one' } },
  { persistentVolumeClaim: { claimName: 'one', readOnly: true } },
  { persistentVolumeClaim: { claimName: 'one', readOnly: false } },
  { persistentVolumeClaim: { claimName: 'two' } },
  { ephemeral: { persistentVolumeClaim: { claimName: 'one' } } },
  { ephemeral: { persistentVolumeClaim: { claimName: 'two' } } },
  { ephemeral: { persistentVolumeClaim: { claimName: 'one', readOnly: true } } },
  { emptyDisk: { capacity: '1Mi' } },
  { emptyDisk: { capacity: '1024Ki' } },
  { emptyDisk: { capacity: '2Mi' } },
  { hostDisk: { path: '/images/a', type: 'Disk' } },
  { hostDisk: { path: '/images/b', type: 'Disk' } },
  { hostDisk: { path: '/images/a', type: 'DiskOrCreate', capacity: '1Mi' } },
  { hostDisk: { path: '/images/a', type: 'DiskOrCreate', capacity: '2Mi' } },
  { hostDisk: { path: '/images/a', type: 'Disk', shared: true } },
  { configMap: { name: 'one' } },
  { configMap: { name: 'two' } },
  { configMap: { name: 'one', optional: true } },
  { configMap: { name: 'one', volumeLabel: 'label' } },
  { configMap: { name: 'one', volumeLabel: 'cfgdata' } },
  { secret: { secretName: 'one' } },
  { secret: { secretName: 'two', optional: false } },
  { sysprep: { configMap: { name: 'one' } } },
  { sysprep: { secret: { name: 'one' } } },
]

const userData = '#cloud-config\n'

const seeds = [
  { cloudInitNoCloud: { userData } },
  { cloudInitNoCloud: { userData: '#cloud-config\n# two\n' } },
  { cloudInitNoCloud: { userDataBase64: Buffer.from(userData).toString('base64') } },
  { cloudInitNoCloud: { secretRef: { name: 'seed' } } },
  { cloudInitNoCloud: { secretRef: { name: 'other' } } },
  { cloudInitNoCloud: { userData, networkData: 'version: 2' } },
  { cloudInitNoCloud: { userData, networkDataSecretRef: { name: 'other' } } },
  { cloudInitConfigDrive: { userData } },
  { cloudInitConfigDrive: { secretRef: { name: 'seed' } } },
]

const nicFields = {
  bootOrder: [4, 5],
  macAddress: ['02:00:00:00:00:11', '02-00-00-00-00-11', '02:00:00:00:00:AB', '02:00:00:00:00:ab'],
  model: ['virtio', 'e1000e'],
  state: ['up', 'down', 'absent'],
  acpiIndex: [7],
  pciAddress: ['0000:06:00.0'],
  tag: ['t'],
  ports: [[], [{ port: 80 }], [{ name: 'a', port: 80 }]],
  portRanges: [[{ start: 80, end: 81 }]],
  dhcpOptions: [{ bootFileName: 'a' }],
}

/** Edits of disks and of what is in them. */
export const diskSettings: readonly Setting[] = [
  ...['root', 'seed', 'data', 'cd'].flatMap((name) => values(`${devices}.disks[${name}]`, diskFields)),
  ...['root', 'seed', 'data', 'cd'].flatMap((name) => oneOf(`${devices}.disks[${name}]`, targets)),
  ...['data', 'cd', 'data', 'cd'].flatMap((name) => oneOf(`${guest}.volumes[${name}]`, sources)),
  ...oneOf(`${guest}.volumes[seed]`, seeds),
  ...oneOf(`${guest}.volumes[seed]`, seeds),
  ...device('seed', [`${devices}.disks`, { disk: { bus: 'virtio' } }], [`${guest}.volumes`, seeds[0] ?? {}]),
  ...device('data', [`${devices}.disks`, { disk: { bus: 'scsi' } }], [`${guest}.volumes`, { emptyDisk: { capacity: '1Mi' } }]),
  ...device('more', [`${devices}.disks`, { disk: { bus: 'virtio' } }], [`${guest}.volumes`, { dataVolume: { name: 'more' } }]),
  ...device('cd', [`${devices}.disks`, { cdrom: {} }], [`${guest}.volumes`, { dataVolume: { name: 'cd' } }]),
  ...values(guest, { 'volumes[dump]': [{ name: 'dump', memoryDump: { claimName: 'one' } }] }),
  ...[{ name: 'cd', dataVolume: { name: 'cd' } }, undefined].map((volume) => ({
    what: `${volume === undefined ? 'no ' : ''}medium of cd`,
    apply: (manifest: VirtualMachine) => put(manifest, `${guest}.volumes[cd]`, volume),
  })),
]

/** Edits of NICs and their networks. */
export const nicSettings: readonly Setting[] = [
  ...['lan', 'pod'].flatMap((name) => values(`${devices}.interfaces[${name}]`, nicFields)),
  ...oneOf(`${devices}.interfaces[pod]`, [{ masquerade: {} }, { bridge: {} }, {}, { slirp: {} }]),
  ...oneOf(`${devices}.interfaces[lan]`, [{ bridge: {} }, {}]),
  ...values(`${guest}.networks[lan]`, {
    'multus.networkName': ['br1', 'br2', 'default/br1'],
    'multus.default': [true, false],
  }),
  ...values(`${guest}.networks[pod]`, { 'pod.vmNetworkCIDR': ['192.0.2.0/24'] }),
  ...device('lan', [`${devices}.interfaces`, { bridge: {} }], [`${guest}.networks`, { multus: { networkName: 'br1' } }]),
  ...device('pod', [`${devices}.interfaces`, { masquerade: {} }], [`${guest}.networks`, { pod: {} }]),
  ...device('more', [`${devices}.interfaces`, { bridge: {}, model: 'e1000e' }], [`${guest}.networks`, { multus: { networkName: 'br2' } }]),
  ...device('fast', [`${devices}.interfaces`, { bridge: {} }], [`${guest}.networks`, { multus: { networkName: 'br2' } }]),
]
