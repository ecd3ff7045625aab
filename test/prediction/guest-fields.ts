import { parsePath } from '../../reconciler/plan/diff/path.ts'
import { setIn } from '../../reconciler/plan/diff/set-in.ts'
import type { VirtualMachine } from '../../schemas/generated/virtual-machine.ts'

/** One way to edit a manifest; undefined where it has no place for it. */
export type Setting = { readonly what: string; readonly apply: (manifest: VirtualMachine) => VirtualMachine | undefined }

const guest = 'spec.template.spec'
const domain = `${guest}.domain`
const devices = `${domain}.devices`

/** A disk of each kind of source, a seed, NICs on a bridge and on the pod network. */
export function manyDevices(): VirtualMachine {
  return {
    apiVersion: 'kubevirt.io/v1',
    kind: 'VirtualMachine',
    metadata: { name: 'vm' },
    spec: {
      runStrategy: 'Always',
      template: {
        spec: {
          domain: {
            memory: { guest: '64Mi' },
            devices: {
              disks: [
                { name: 'root', disk: { bus: 'virtio' } },
                { name: 'seed', disk: { bus: 'virtio' } },
                { name: 'data', disk: { bus: 'virtio' } },
                { name: 'cd', cdrom: {} },
              ],
              interfaces: [
                { name: 'lan', bridge: {} },
                { name: 'pod', masquerade: {} },
              ],
            },
          },
          networks: [
            { name: 'lan', multus: { networkName: 'br1' } },
            { name: 'pod', pod: {} },
          ],
          volumes: [
            { name: 'root', dataVolume: { name: 'root' } },
            { name: 'seed', cloudInitNoCloud: { userData: '#cloud-config\n' } },
            { name: 'data', emptyDisk: { capacity: '1Mi' } },
            { name: 'cd', dataVolume: { name: 'cd' } },
          ],
        },
      },
    },
  }
}

/** The manifest with a value at a path, or without one; undefined where an entry on the way is not there. */
function put(manifest: VirtualMachine, path: string, value: unknown): VirtualMachine | undefined {
  const segments = parsePath(path)
  for (const [index, segment] of segments.entries()) {
    if (!segment.startsWith('[') || index === segments.length - 1) continue
    if (valueAt(manifest, segments.slice(0, index + 1)) === undefined) return undefined
  }
  return setIn(manifest, segments, value) as VirtualMachine
}

function valueAt(root: unknown, segments: readonly string[]): unknown {
  let at = root
  for (const segment of segments) {
    if (at === null || typeof at !== 'object') return undefined
    at = Array.isArray(at)
      ? at.find((entry: { name?: string }) => `[${entry.name ?? ''}]` === segment)
      : (at as Record<string, unknown>)[segment]
  }
  return at
}

/** Each value at a path, and none. */
function values(prefix: string, table: Readonly<Record<string, readonly unknown[]>>): Setting[] {
  return Object.entries(table).flatMap(([name, list]) => {
    const path = `${prefix}.${name}`
    return [undefined, ...list].map((value) => ({
      what: `${path}=${JSON.stringify(value) ?? 'none'}`,
      apply: (manifest: VirtualMachine) => put(manifest, path, structuredClone(value)),
    }))
  })
}

/** One of several fields that exclude each other. */
function oneOf(path: string, list: readonly Readonly<Record<string, unknown>>[]): Setting[] {
  const keys = new Set(list.flatMap((one) => Object.keys(one)))
  return list.map((one) => ({
    what: `${path} ${JSON.stringify(one)}`,
    apply: (manifest) => {
      let next = put(manifest, `${path}.name`, /\[([^\]]*)\]$/.exec(path)?.[1])
      for (const key of keys) next = next === undefined ? undefined : put(next, `${path}.${key}`, structuredClone(one[key]))
      return next
    },
  }))
}

/** A disk or a NIC with what stands behind it comes or goes. */
function device(name: string, [list, entry]: readonly [string, object], [others, other]: readonly [string, object]): Setting[] {
  const both = (one: object | undefined, two: object | undefined) => (manifest: VirtualMachine) => {
    const next = put(manifest, `${list}[${name}]`, one)
    return next === undefined ? undefined : put(next, `${others}[${name}]`, two)
  }
  return [
    { what: `without ${name}`, apply: both(undefined, undefined) },
    { what: `with ${name} ${JSON.stringify([entry, other])}`, apply: both({ name, ...entry }, { name, ...other }) },
  ]
}

const onOff = [{}, { enabled: true }, { enabled: false }]
const timer = [{}, { present: false }, { present: true }]

const machineSettings: Setting[] = [
  ...values('metadata', { 'labels.tier': ['a', 'b'], 'annotations.note': ['one'] }),
  ...values('spec', { updateVolumesStrategy: ['Replacement'], 'template.metadata.labels.app': ['a', 'b'] }),
  ...values(guest, {
    hostname: ['vm', 'vm.example.org', 'host-a', 'host-b'],
    subdomain: ['sub'],
    dnsPolicy: ['Default'],
    dnsConfig: [{ nameservers: ['192.0.2.1'] }],
    architecture: ['amd64'],
    schedulerName: ['mine'],
    priorityClassName: ['high'],
    serviceAccountName: ['me'],
    nodeSelector: [{ zone: 'a' }],
    tolerations: [[{ key: 'a', operator: 'Exists' }]],
    evictionStrategy: ['None'],
    startStrategy: ['Paused'],
    terminationGracePeriodSeconds: [0, 1],
    livenessProbe: [{ tcpSocket: { port: 22 } }],
    readinessProbe: [{ tcpSocket: { port: 22 } }],
    accessCredentials: [
      [{ sshPublicKey: { source: { secret: { secretName: 'keys' } }, propagationMethod: { noCloud: {} } } }],
      [{ sshPublicKey: { source: { secret: { secretName: 'keys' } }, propagationMethod: { configDrive: {} } } }],
      [{ sshPublicKey: { source: { secret: { secretName: 'keys' } }, propagationMethod: { qemuGuestAgent: { users: ['root'] } } } }],
      [{ userPassword: { source: { secret: { secretName: 'seed' } }, propagationMethod: { qemuGuestAgent: {} } } }],
    ],
  }),
  ...values(domain, {
    'cpu.cores': [1, 2],
    'cpu.sockets': [1, 2],
    'cpu.threads': [1, 2],
    'cpu.maxSockets': [1, 2, 4],
    'cpu.model': ['host-model', 'host-passthrough', 'qemu64'],
    'cpu.features': [[{ name: 'avx2', policy: 'disable' }], [{ name: 'avx2' }], [{ name: 'avx2', policy: 'require' }], []],
    'cpu.dedicatedCpuPlacement': [true, false],
    'cpu.isolateEmulatorThread': [true, false],
    'cpu.realtime': [{ mask: '0' }],
    'cpu.numa': [{ guestMappingPassthrough: {} }],
    'memory.guest': ['64Mi', '65536Ki', '128Mi', '67108863'],
    'memory.maxGuest': ['256Mi'],
    'memory.hugepages': [{ pageSize: '2Mi' }, { pageSize: '2048Ki' }, { pageSize: '4Mi' }],
    'memory.reservedOverhead': [{ addedOverhead: '1Mi' }],
    'resources.requests': [{ memory: '32Mi' }, { memory: '65536Ki' }, { cpu: '100m' }, { cpu: '2' }, { cpu: 2 }],
    'resources.limits': [{ memory: '512Mi' }, { cpu: '2' }, { cpu: '3' }],
    'resources.overcommitGuestOverhead': [true],
    'machine.type': ['q35', 'pc-q35-7.2', 'pc'],
    chassis: [{}, { asset: 'a' }, { asset: '' }, { manufacturer: 'm', sku: 's' }],
    'clock.timezone': ['Europe/Berlin'],
    'clock.utc': [{}, { offsetSeconds: 0 }, { offsetSeconds: 60 }],
    'clock.timer': [{}],
    'clock.timer.hpet': [...timer, { present: false, tickPolicy: 'delay' }, { tickPolicy: 'delay' }],
    'clock.timer.pit': [...timer, { present: false, tickPolicy: 'delay' }],
    'clock.timer.rtc': [...timer, { track: 'guest' }],
    'clock.timer.kvm': timer,
    'clock.timer.hyperv': timer,
    features: [{}],
    'features.acpi': onOff,
    'features.apic': [...onOff, { endOfInterrupt: true }, { endOfInterrupt: false }, { enabled: false, endOfInterrupt: true }],
    'features.smm': onOff,
    'features.kvm': [{}, { hidden: true }, { hidden: false }],
    'features.pvspinlock': onOff,
    'features.hypervPassthrough': onOff,
    'features.hyperv': [{}, { relaxed: {} }, { relaxed: { enabled: true } }, { spinlocks: { spinlocks: 4096 } }, { spinlocks: {} }],
    'features.hyperv.synictimer': [{}, { direct: {} }],
    'features.hyperv.tlbflush': [{}, { direct: {} }, { extended: {} }],
    'features.hyperv.vendorid': [{}, { vendorid: 'abc' }, { enabled: false, vendorid: 'abc' }],
    'firmware.serial': ['', 's1', 's2'],
    'firmware.bootloader': [
      {},
      { bios: {} },
      { bios: { useSerial: true } },
      { bios: { useSerial: false } },
      { efi: {} },
      { efi: { secureBoot: true } },
      { efi: { secureBoot: false } },
      { efi: { secureBoot: false, persistent: true } },
      { efi: { secureBoot: false, persistent: false } },
    ],
    'firmware.acpi': [{ slicNameRef: 'slic' }],
    ioThreadsPolicy: ['shared', 'auto', 'supplementalPool'],
    'ioThreads.supplementalPoolThreadCount': [1, 2],
    rebootPolicy: ['Reboot', 'Terminate'],
  }),
  ...values(devices, {
    autoattachGraphicsDevice: [true, false],
    autoattachInputDevice: [true, false],
    autoattachMemBalloon: [true, false],
    autoattachPodInterface: [true, false],
    autoattachSerialConsole: [true, false],
    autoattachVSOCK: [true, false],
    logSerialConsole: [true, false],
    blockMultiQueue: [true, false],
    networkInterfaceMultiqueue: [true, false],
    useVirtioTransitional: [true, false],
    disableHotplug: [true, false],
    clientPassthrough: [{}],
    downwardMetrics: [{}],
    rng: [{}],
    inputs: [
      [],
      [{ name: 'one', type: 'tablet', bus: 'usb' }],
      [{ name: 'two', type: 'tablet', bus: 'usb' }],
      [{ name: 'one', type: 'tablet' }],
      [{ name: 'one', type: 'tablet', bus: 'virtio' }],
      [
        { name: 'one', type: 'tablet', bus: 'virtio' },
        { name: 'two', type: 'tablet' },
      ],
    ],
    panicDevices: [[], [{}], [{ model: 'isa' }], [{ model: 'hyperv' }], [{ model: 'pvpanic' }]],
    sound: [{ name: 'one' }, { name: 'two' }, { name: 'one', model: 'ich9' }, { name: 'one', model: 'ac97' }],
    tpm: [{}, { enabled: true }, { enabled: false }, { persistent: true }, { persistent: false }, { enabled: false, persistent: true }],
    video: [{}, { type: 'vga' }, { type: 'virtio' }],
    watchdog: [
      { name: 'one', i6300esb: {} },
      { name: 'two', i6300esb: { action: 'reset' } },
      { name: 'one', i6300esb: { action: 'poweroff' } },
      { name: 'one', diag288: { action: 'reset' } },
    ],
  }),
]

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

const deviceSettings: Setting[] = [
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

const nicSettings: Setting[] = [
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

/** Edits of everything that a machine's manifest says of its guest, one field or one device at a time; not every result is valid. */
export const guestSettings: readonly Setting[] = [...machineSettings, ...deviceSettings, ...nicSettings]
