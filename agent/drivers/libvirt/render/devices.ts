import type { Devices } from '../../../../schemas/generated/virtual-machine.ts'
import { element, type XmlElement } from '../xml.ts'
import { usesUsbDisk } from './disks.ts'
import { domainSpec, invalidMachine, type Rendered, type RenderInput } from './input.ts'

/** Everything below `<devices>` but disks, interfaces and PCI ports. */
export function renderDevices(input: RenderInput): Rendered {
  const devices = domainSpec(input.machine).devices
  const notes: string[] = []
  const elements = [
    ...usbController(input, devices),
    element('controller', { type: 'virtio-serial', index: 0 }),
    ...serialConsole(input, devices),
    agentChannel(),
    ...inputsOf(input, devices),
    ...tpmOf(input, devices),
    ...graphicsOf(input, devices),
    ...soundOf(devices),
    ...watchdogOf(devices, notes),
    ...panicOf(devices, notes),
    devices.rng === undefined ? undefined : element('rng', { model: 'virtio' }, [element('backend', { model: 'random' }, '/dev/urandom')]),
    devices.autoattachMemBalloon === false
      ? element('memballoon', { model: 'none' })
      : element('memballoon', { model: 'virtio' }, [element('stats', { period: 10 })]),
  ].filter((item) => item !== undefined)
  noteUnsupported(devices, notes)
  return { elements, notes }
}

function usbController(input: RenderInput, devices: Devices): readonly XmlElement[] {
  const used = usesUsbDisk(input.machine) || allInputs(devices).some((item) => (item.bus ?? 'usb') === 'usb')
  return [element('controller', { type: 'usb', index: 0, model: used ? 'qemu-xhci' : 'none' })]
}

/** A Unix socket in the VM's own folder, and a log of what the guest wrote, so that boot messages are not lost. */
function serialConsole(input: RenderInput, devices: Devices): readonly XmlElement[] {
  if (devices.autoattachSerialConsole === false) return []
  const log = devices.logSerialConsole === false ? undefined : element('log', { file: input.paths.consoleLog, append: 'on' })
  const source = element('source', { mode: 'bind', path: input.paths.console })
  return [
    element('serial', { type: 'unix' }, [source, log, element('target', { port: 0 })]),
    element('console', { type: 'unix' }, [source, log, element('target', { type: 'serial', port: 0 })]),
  ]
}

function agentChannel(): XmlElement {
  return element('channel', { type: 'unix' }, [element('target', { type: 'virtio', name: 'org.qemu.guest_agent.0' })])
}

type InputDevice = { readonly type: string; readonly bus?: string }

function allInputs(devices: Devices): readonly InputDevice[] {
  const inputs: readonly InputDevice[] = devices.inputs ?? []
  const wanted = devices.autoattachInputDevice === true && inputs.length === 0
  return wanted ? [{ type: 'tablet', bus: 'usb' }] : inputs
}

function inputsOf(input: RenderInput, devices: Devices): readonly XmlElement[] {
  return allInputs(devices).map((item) => {
    const bus = item.bus === undefined || item.bus === '' ? 'usb' : item.bus
    if (!['usb', 'virtio'].includes(bus) || !['tablet', 'keyboard', 'mouse'].includes(item.type)) {
      throw invalidMachine(input.machine, `spec.template.spec.domain.devices.inputs: ${item.type} on ${bus} is not possible.`)
    }
    return element('input', { type: item.type, bus })
  })
}

function tpmOf(input: RenderInput, devices: Devices): readonly XmlElement[] {
  if (devices.tpm === undefined || devices.tpm.enabled === false) return []
  if (!input.host.tpm) {
    throw invalidMachine(
      input.machine,
      'spec.template.spec.domain.devices.tpm: this host cannot emulate a TPM.',
      'Install swtpm on the host, or remove the TPM.',
    )
  }
  const persistent = devices.tpm.persistent === true
  const backend = element('backend', { type: 'emulator', version: '2.0', persistent_state: persistent ? 'yes' : undefined })
  return [element('tpm', { model: persistent ? 'tpm-crb' : 'tpm-tis' }, [backend])]
}

/** VNC on a Unix socket only; it is reached through the API. */
function graphicsOf(input: RenderInput, devices: Devices): readonly XmlElement[] {
  if (devices.autoattachGraphicsDevice === false) return [element('video', {}, [element('model', { type: 'none' })])]
  const type = devices.video?.type ?? 'vga'
  if (!/^[a-z0-9-]{1,20}$/.test(type))
    throw invalidMachine(input.machine, 'spec.template.spec.domain.devices.video.type is not a video model.')
  const vram = type === 'vga' ? 16384 : undefined
  return [
    element('graphics', { type: 'vnc', socket: input.paths.vnc }, [element('listen', { type: 'socket', socket: input.paths.vnc })]),
    element('video', {}, [element('model', { type, heads: 1, vram })]),
  ]
}

function soundOf(devices: Devices): readonly XmlElement[] {
  return devices.sound === undefined
    ? []
    : [element('sound', { model: devices.sound.model ?? 'ich9' }), element('audio', { id: 1, type: 'none' })]
}

function watchdogOf(devices: Devices, notes: string[]): readonly XmlElement[] {
  const { watchdog } = devices
  if (watchdog === undefined) return []
  if (watchdog.diag288 !== undefined) {
    notes.push('spec.template.spec.domain.devices.watchdog.diag288: only s390x has it.')
    return []
  }
  return [element('watchdog', { model: 'i6300esb', action: watchdog.i6300esb?.action ?? 'reset' })]
}

function panicOf(devices: Devices, notes: string[]): readonly XmlElement[] {
  return (devices.panicDevices ?? []).flatMap((device) => {
    const model = device.model ?? 'isa'
    if (model === 'isa' || model === 'hyperv') return [element('panic', { model })]
    notes.push(`spec.template.spec.domain.devices.panicDevices: this host has no ${model}.`)
    return []
  })
}

/** Devices that a plain host does not hand out: upstream gets them from Kubernetes' device plugins or helper pods. */
const foreign: readonly (readonly [keyof Devices, string])[] = [
  ['gpus', 'this host hands out no GPUs'],
  ['hostDevices', 'this host hands out no devices'],
  ['filesystems', 'this host shares no file systems'],
  ['clientPassthrough', 'this host redirects no USB devices'],
  ['downwardMetrics', 'this host serves no downward metrics'],
  ['autoattachVSOCK', 'this host gives out no VSOCK addresses'],
]

function noteUnsupported(devices: Devices, notes: string[]): void {
  for (const [name, why] of foreign) {
    const value = devices[name]
    if (value === undefined || value === false || (Array.isArray(value) && value.length === 0)) continue
    notes.push(`spec.template.spec.domain.devices.${name}: ${why}.`)
  }
  if (devices.useVirtioTransitional === true) {
    notes.push('spec.template.spec.domain.devices.useVirtioTransitional: the guest gets current virtio devices.')
  }
}
