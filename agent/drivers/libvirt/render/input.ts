import type { MachineSpec } from '../../../../schemas/generated/plan.ts'
import type { DomainSpec, VirtualMachineInstanceSpec } from '../../../../schemas/generated/virtual-machine.ts'
import { GitvirtError } from '../../../../reconciler/lib/errors.ts'
import type { HostFacts } from '../host.ts'
import type { XmlElement } from '../xml.ts'

/** Where the content of a volume lies on this host. */
export type DiskSource = {
  readonly type: 'file' | 'block'
  readonly path: string
  readonly format: 'raw' | 'qcow2'
  /** The guest must not write. */
  readonly readonly?: boolean
  /** A medium that each definition makes anew for this machine alone, such as a seed. */
  readonly made?: true
  /** More than one guest may use it. */
  readonly shareable?: boolean
  /** The image below an overlay that lives as long as one run. */
  readonly base?: Pick<DiskSource, 'path' | 'format'>
}

/** All that a domain's XML depends on. */
export type RenderInput = {
  readonly machine: MachineSpec
  readonly node: string
  readonly host: Pick<
    HostFacts,
    'accelerator' | 'architecture' | 'emulator' | 'machineTypes' | 'firmwares' | 'tpm' | 'cpuModels' | 'vhostNet'
  >
  /** By volume name; a volume without an entry gets no disk, only a note. */
  readonly sources: ReadonlyMap<string, DiskSource>
  readonly podNetwork: string
  readonly paths: { readonly console: string; readonly consoleLog: string; readonly vnc: string }
  /** The inactive definition that stands now: its addresses and targets are kept. */
  readonly previous?: XmlElement
}

/** A part of the XML and what of the template it could not honour. */
export type Rendered = { readonly elements: readonly XmlElement[]; readonly notes: readonly string[] }

/** The template's VMI spec. */
export function vmiSpec(machine: MachineSpec): VirtualMachineInstanceSpec {
  const spec = machine.template.spec
  if (spec !== undefined) return spec
  throw invalidMachine(machine, 'spec.template.spec is missing.')
}

export function domainSpec(machine: MachineSpec): DomainSpec {
  return vmiSpec(machine).domain
}

/** An error of the manifest that trying again cannot mend. */
export function invalidMachine(machine: MachineSpec, message: string, action = 'Change it in Git.'): GitvirtError {
  const { path, line, column } = machine.origin
  return new GitvirtError({
    code: 'InvalidMachine',
    message,
    action,
    object: machine.key,
    at: `${path}:${line}:${column}`,
    terminal: true,
  })
}

/** libvirt's switch words. */
export function onOff(value: boolean | undefined, otherwise = true): 'on' | 'off' {
  return (value ?? otherwise) ? 'on' : 'off'
}

export function yesNo(value: boolean): 'yes' | 'no' {
  return value ? 'yes' : 'no'
}
