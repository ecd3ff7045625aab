import { domainName, markElement } from '../mark.ts'
import { element, writeXml, type XmlElement } from '../xml.ts'
import { renderClock } from './clock.ts'
import { renderCpu } from './cpu.ts'
import { renderDevices } from './devices.ts'
import { diskControllers, ioThreadCount, renderDisks } from './disks.ts'
import { renderFeatures } from './features.ts'
import { machineTypeOf, renderOs, renderSysinfo } from './firmware.ts'
import { domainSpec, invalidMachine, vmiSpec, type RenderInput } from './input.ts'
import { renderInterfaces } from './interfaces.ts'
import { keepAddresses } from './keep.ts'
import { renderMemory } from './memory.ts'

export type RenderedDomain = {
  readonly name: string
  readonly element: XmlElement
  readonly xml: string
  /** Fields of the template that this host cannot honour, with the reason. */
  readonly unsupported: readonly string[]
}

/**
 * The domain XML of a machine. Pure.
 * @throws GitvirtError `InvalidMachine` where the template asks for what would change the guest's meaning if it were left out.
 */
export function renderDomain(input: RenderInput): RenderedDomain {
  refuse(input)
  const parts = [renderMemory, renderCpu, renderOs, renderSysinfo, renderFeatures, renderClock].map((render) => render(input))
  const devices = [renderDevices(input), renderDisks(input), renderInterfaces(input)]
  const threads = ioThreadCount(input.machine)
  const name = domainName(input.machine.key)
  const domain = element('domain', { type: input.host.accelerator === 'kvm' ? 'kvm' : 'qemu' }, [
    element('name', {}, name),
    element('uuid', {}, input.machine.uid),
    element('metadata', {}, [markElement({ key: input.machine.key, uid: input.machine.uid, node: input.node })]),
    ...parts.flatMap((part) => part.elements),
    threads > 0 ? element('iothreads', {}, threads) : undefined,
    element('on_poweroff', {}, 'destroy'),
    element('on_reboot', {}, domainSpec(input.machine).rebootPolicy === 'Terminate' ? 'destroy' : 'restart'),
    element('on_crash', {}, 'destroy'),
    element(
      'devices',
      {},
      devicesOf(
        input,
        devices.flatMap((part) => part.elements),
      ),
    ),
  ])
  const notes = [...parts, ...devices].flatMap((part) => part.notes)
  return { name, element: domain, xml: writeXml(domain), unsupported: [...notes, ...templateNotes(input)] }
}

function devicesOf(input: RenderInput, devices: readonly XmlElement[]): readonly XmlElement[] {
  const emulator = input.host.emulator === undefined ? [] : [element('emulator', {}, input.host.emulator)]
  const all = [...diskControllers(input.machine), ...devices]
  return [...emulator, ...keepAddresses(all, input.previous, machineTypeOf(input).type)]
}

/** A guest that asked for encrypted memory must not run without it. */
function refuse(input: RenderInput): void {
  if (domainSpec(input.machine).launchSecurity !== undefined) {
    throw invalidMachine(input.machine, 'spec.template.spec.domain.launchSecurity: this host has no confidential computing.')
  }
  const architecture = vmiSpec(input.machine).architecture
  const names: Readonly<Record<string, string>> = { amd64: 'x86_64', arm64: 'aarch64', s390x: 's390x' }
  if (architecture !== undefined && (names[architecture] ?? architecture) !== input.host.architecture) {
    throw invalidMachine(input.machine, `spec.template.spec.architecture: this host is ${input.host.architecture}, not ${architecture}.`)
  }
}

function templateNotes(input: RenderInput): readonly string[] {
  const spec = vmiSpec(input.machine)
  const notes: string[] = []
  const credentials = (spec.accessCredentials ?? []).filter(
    (item) => item.sshPublicKey?.propagationMethod.qemuGuestAgent !== undefined || item.userPassword !== undefined,
  )
  if (credentials.length > 0) notes.push('spec.template.spec.accessCredentials: this host sets no credentials through the guest agent.')
  if (spec.livenessProbe !== undefined) notes.push('spec.template.spec.livenessProbe: this host probes no guests.')
  if (spec.readinessProbe !== undefined) notes.push('spec.template.spec.readinessProbe: this host probes no guests.')
  if ((spec.resourceClaims ?? []).length > 0) notes.push('spec.template.spec.resourceClaims: this host has no dynamic resources.')
  if ((spec.utilityVolumes ?? []).length > 0) notes.push('spec.template.spec.utilityVolumes: this host mounts no utility volumes.')
  return notes
}
