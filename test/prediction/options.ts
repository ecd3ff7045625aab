import type { ModelDisk, ModelMachine } from './fleet-model.ts'

/** Values that a path may take; it may always be absent too. */
export type Candidates = Readonly<Record<string, readonly unknown[]>>

const guest = 'spec.template.spec'
const domain = `${guest}.domain`
const devices = `${domain}.devices`

/** Fields of a machine whose values do not depend on its disks and NICs. Every value is valid by itself and beside the others. */
export const machineOptions: Candidates = {
  'metadata.labels.tier': ['a', 'b'],
  'metadata.annotations.note': ['one', 'two'],
  'spec.template.metadata.labels.app': ['a', 'b'],
  [`${guest}.terminationGracePeriodSeconds`]: [0, 1],
  [`${guest}.evictionStrategy`]: ['None'],
  [`${guest}.hostname`]: ['host-a', 'host-b'],
  [`${guest}.subdomain`]: ['sub'],
  [`${guest}.dnsPolicy`]: ['Default'],
  [`${guest}.architecture`]: ['amd64'],
  [`${guest}.schedulerName`]: ['mine'],
  [`${guest}.priorityClassName`]: ['high'],
  [`${guest}.nodeSelector`]: [{ 'kubernetes.io/os': 'linux' }],
  [`${guest}.livenessProbe`]: [{ tcpSocket: { port: 22 } }],
  [`${domain}.cpu.cores`]: [1, 2],
  [`${domain}.cpu.sockets`]: [1, 2],
  [`${domain}.cpu.threads`]: [1],
  [`${domain}.cpu.maxSockets`]: [4],
  [`${domain}.cpu.model`]: ['qemu64', 'host-model'],
  [`${domain}.cpu.features`]: [[{ name: 'avx2', policy: 'disable' }]],
  [`${domain}.cpu.isolateEmulatorThread`]: [true],
  [`${domain}.memory.maxGuest`]: ['256Mi'],
  [`${domain}.resources.requests`]: [{ memory: '32Mi' }, { cpu: '100m' }],
  [`${domain}.resources.limits`]: [{ memory: '512Mi' }],
  [`${domain}.resources.overcommitGuestOverhead`]: [true],
  [`${domain}.machine.type`]: ['q35', 'pc-q35-7.1'],
  [`${domain}.chassis.asset`]: ['a1', 'a2'],
  [`${domain}.clock`]: [{ utc: {} }, { timezone: 'Europe/Berlin' }],
  [`${domain}.features.hyperv`]: [{ relaxed: { enabled: true } }],
  [`${domain}.features.kvm`]: [{ hidden: true }],
  [`${domain}.features.smm`]: [{ enabled: true }],
  [`${domain}.firmware.serial`]: ['s1', 's2'],
  [`${domain}.firmware.uuid`]: ['5d307ca9-b3ef-428c-8861-06e72d69f223'],
  [`${domain}.firmware.bootloader.bios.useSerial`]: [true, false],
  [`${domain}.ioThreadsPolicy`]: ['shared', 'auto'],
  [`${domain}.rebootPolicy`]: ['Terminate'],
  [`${devices}.rng`]: [{}],
  [`${devices}.autoattachMemBalloon`]: [false, true],
  [`${devices}.autoattachGraphicsDevice`]: [false, true],
  [`${devices}.autoattachInputDevice`]: [true],
  [`${devices}.inputs`]: [[{ name: 'tablet', type: 'tablet', bus: 'usb' }], [{ name: 'tablet', type: 'tablet', bus: 'virtio' }]],
  [`${devices}.autoattachVSOCK`]: [true],
  [`${devices}.watchdog`]: [{ name: 'dog', i6300esb: { action: 'reset' } }],
  [`${devices}.sound`]: [{ name: 'sound', model: 'ich9' }],
  [`${devices}.logSerialConsole`]: [true],
  [`${devices}.blockMultiQueue`]: [true],
  [`${devices}.networkInterfaceMultiqueue`]: [true],
  [`${devices}.useVirtioTransitional`]: [true],
  [`${devices}.disableHotplug`]: [true],
  [`${devices}.downwardMetrics`]: [{}],
  [`${devices}.panicDevices`]: [[{ model: 'isa' }]],
  [`${devices}.video`]: [{ type: 'virtio' }],
}

/** Fields of one disk. The root of a guest that boots stays the first in its boot order: SeaBIOS boots no other hard disk. */
export function diskOptions({ device, name, bus }: ModelDisk, { boots }: Pick<ModelMachine, 'boots'>): Candidates {
  if (device === 'cdrom') return { 'cdrom.tray': ['open', 'closed'], 'cdrom.readonly': [true], tag: ['t'] }
  return {
    serial: ['SN1', 'SN2'],
    cache: ['none', 'writethrough'],
    io: ['threads'],
    tag: ['t1'],
    errorPolicy: ['ignore', 'stop'],
    blockSize: [{ custom: { logical: 512, physical: 4096 } }],
    ...(name === 'root' ? (boots ? {} : { bootOrder: [1] }) : { bootOrder: [2], 'disk.readonly': [true] }),
    ...(bus === 'virtio' ? { dedicatedIOThread: [true] } : {}),
  }
}

/** Fields of one NIC. */
export const nicOptions: Candidates = {
  state: ['down', 'up'],
  macAddress: ['02:00:00:00:00:11', '02:00:00:00:00:12'],
  model: ['virtio', 'e1000e'],
  bootOrder: [5],
  acpiIndex: [7],
  tag: ['t'],
  ports: [[{ port: 80 }]],
}

/** Fields of a volume that is there. */
export const volumeOptions: Candidates = {
  'metadata.labels.tier': ['a', 'b'],
  'metadata.annotations.note': ['one', 'two'],
  'spec.storage.accessModes': [['ReadWriteOnce']],
  'spec.preallocation': [true],
}

/** Fields of a policy besides what it wants of the network. */
export const networkOptions: Candidates = {
  'metadata.labels.tier': ['a', 'b'],
  'metadata.annotations.note': ['one'],
  'spec.maxUnavailable': [1, '100%'],
}
