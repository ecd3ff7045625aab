import type { VirtualMachine } from '../../schemas/generated/virtual-machine.ts'
import { diskSettings, nicSettings } from './guest-device-fields.ts'
import { values, type Setting } from './guest-settings.ts'

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

/** Edits of everything that a machine's manifest says of its guest, one field or one device at a time; not every result is valid. */
export const guestSettings: readonly Setting[] = [...machineSettings, ...diskSettings, ...nicSettings]
