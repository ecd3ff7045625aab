import { open, readFile } from 'node:fs/promises'
import { availableParallelism, freemem, hostname, release, totalmem } from 'node:os'
import type { MachineNodeFacts } from '../types.ts'
import type { Virsh } from './virsh.ts'
import { child, childrenOf, parseXml, type XmlElement } from './xml.ts'

/** What rendering must know of the host. */
export type HostFacts = {
  readonly accelerator: 'kvm' | 'tcg'
  readonly acceleratorReason: string | undefined
  readonly architecture: string
  readonly emulator: string | undefined
  readonly machineTypes: readonly string[]
  readonly firmwares: readonly ('bios' | 'efi' | 'efi-secure')[]
  readonly tpm: boolean
  /** Named CPU models that run here, of the accelerator in use. */
  readonly cpuModels: readonly string[]
  readonly vhostNet: boolean
  /** User and group that QEMU runs as. */
  readonly qemuUser: { readonly uid: number; readonly gid: number }
  readonly versions: Readonly<Record<string, string>>
}

/** Asks libvirt and the kernel; takes seconds on the first call after libvirtd's start, because libvirt probes QEMU. */
export async function probeHost(virsh: Virsh): Promise<HostFacts> {
  const capabilities = parseXml(await virsh.call(['capabilities']))
  const architecture = child(capabilities, 'host', 'cpu', 'arch')?.text ?? 'x86_64'
  const accelerator = await probeAccelerator(architecture)
  const virtType = accelerator.accelerator === 'kvm' ? 'kvm' : 'qemu'
  // The default machine of x86 is an old one, whose capabilities leave out secure boot.
  const machine = architecture === 'x86_64' ? ['--machine', 'q35'] : []
  const domain = parseXml(await virsh.call(['domcapabilities', '--virttype', virtType, '--arch', architecture, ...machine]))
  return {
    ...accelerator,
    architecture,
    emulator: child(domain, 'path')?.text,
    machineTypes: machineTypesOf(capabilities, architecture, virtType),
    firmwares: firmwaresOf(domain),
    tpm: isSupported(child(domain, 'devices', 'tpm')),
    cpuModels: cpuModelsOf(domain),
    vhostNet: await opens('/dev/vhost-net'),
    qemuUser: qemuUserOf(capabilities),
    versions: versionsOf(await virsh.call(['version'])),
  }
}

/**
 * KVM is used only where /dev/kvm opens and the CPU has hardware virtualization: a kernel may offer the device
 * on top of another hypervisor's paravirtual interface, where stock guests hang.
 */
async function probeAccelerator(architecture: string): Promise<Pick<HostFacts, 'accelerator' | 'acceleratorReason'>> {
  if (!(await opens('/dev/kvm'))) return { accelerator: 'tcg', acceleratorReason: '/dev/kvm cannot be opened.' }
  if (architecture !== 'x86_64') return { accelerator: 'kvm', acceleratorReason: undefined }
  const flags = /^flags\s*:(.*)$/m.exec(await readFile('/proc/cpuinfo', 'utf8'))?.[1]?.split(' ') ?? []
  if (flags.includes('vmx') || flags.includes('svm')) return { accelerator: 'kvm', acceleratorReason: undefined }
  return { accelerator: 'tcg', acceleratorReason: 'The CPU has neither vmx nor svm.' }
}

async function opens(path: string): Promise<boolean> {
  try {
    await (await open(path, 'r+')).close()
    return true
  } catch {
    return false
  }
}

function machineTypesOf(capabilities: XmlElement, architecture: string, virtType: string): string[] {
  const names = new Set<string>()
  for (const guest of childrenOf(capabilities, 'guest')) {
    const arch = child(guest, 'arch')
    if (arch?.attributes['name'] !== architecture || child(guest, 'os_type')?.text !== 'hvm') continue
    const domain = childrenOf(arch, 'domain').find((item) => item.attributes['type'] === virtType)
    const machines = [...childrenOf(arch, 'machine'), ...childrenOf(domain, 'machine')]
    for (const machine of machines) if (machine.text !== undefined) names.add(machine.text)
  }
  return [...names]
}

function firmwaresOf(domain: XmlElement): ('bios' | 'efi' | 'efi-secure')[] {
  const os = child(domain, 'os')
  const values = (parent: XmlElement | undefined, name: string): readonly (string | undefined)[] =>
    childrenOf(parent, 'enum')
      .filter((item) => item.attributes['name'] === name)
      .flatMap((item) => item.children.map((value) => value.text))
  if (!values(os, 'firmware').includes('efi')) return ['bios']
  return values(child(os, 'loader'), 'secure').includes('yes') ? ['bios', 'efi', 'efi-secure'] : ['bios', 'efi']
}

function cpuModelsOf(domain: XmlElement): string[] {
  const custom = childrenOf(child(domain, 'cpu'), 'mode').find((mode) => mode.attributes['name'] === 'custom')
  return childrenOf(custom, 'model').flatMap((model) =>
    model.attributes['usable'] === 'yes' && model.text !== undefined ? [model.text] : [],
  )
}

function isSupported(part: XmlElement | undefined): boolean {
  return part?.attributes['supported'] === 'yes'
}

function qemuUserOf(capabilities: XmlElement): { uid: number; gid: number } {
  const models = childrenOf(child(capabilities, 'host'), 'secmodel')
  const dac = models.find((model) => child(model, 'model')?.text === 'dac')
  const label = /^\+?(\d+):\+?(\d+)$/.exec(child(dac, 'baselabel')?.text ?? '')
  return { uid: Number(label?.[1] ?? 0), gid: Number(label?.[2] ?? 0) }
}

function versionsOf(text: string): Record<string, string> {
  const libvirt = /library: libvirt (\S+)/.exec(text)?.[1]
  const qemu = /hypervisor: QEMU (\S+)/.exec(text)?.[1]
  return { kernel: release(), ...(libvirt === undefined ? {} : { libvirt }), ...(qemu === undefined ? {} : { qemu }) }
}

/** The host's part of NodeFacts that this driver knows. */
export function nodeFacts(host: HostFacts): MachineNodeFacts {
  return {
    accelerator: host.accelerator,
    ...(host.acceleratorReason === undefined ? {} : { acceleratorReason: host.acceleratorReason }),
    machineTypes: [...host.machineTypes],
    firmwares: [...host.firmwares],
    tpm: host.tpm,
    cpus: availableParallelism(),
    memoryBytes: totalmem(),
    memoryFreeBytes: freemem(),
    architecture: host.architecture,
    hostname: hostname(),
    versions: { ...host.versions },
  }
}
