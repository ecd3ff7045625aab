import { element, type XmlElement } from '../xml.ts'
import { domainSpec, invalidMachine, type Rendered, type RenderInput } from './input.ts'

/** The machine type to ask libvirt for, and a note where it is not the one that was asked for. */
export function machineTypeOf(input: RenderInput): { readonly type: string; readonly note?: string } {
  const wanted = domainSpec(input.machine).machine?.type ?? ''
  const available = input.host.machineTypes
  const fallback = input.host.architecture === 'x86_64' ? 'q35' : 'virt'
  if (wanted === '') return { type: fallback }
  if (available.includes(wanted)) return { type: wanted }
  const path = 'spec.template.spec.domain.machine.type'
  if (!/^[a-zA-Z0-9._-]{1,64}$/.test(wanted)) throw invalidMachine(input.machine, `${path}: this is not the name of a machine type.`)
  const type = nearest(wanted, available) ?? fallback
  return { type, note: `${path}: this host has no ${wanted}; it uses ${type}.` }
}

/** Distributions name their machine types after their releases (pc-q35-rhel9.4.0); the family decides what is nearest. */
function nearest(wanted: string, available: readonly string[]): string | undefined {
  if (/q35/.test(wanted)) return 'q35'
  if (/^pc(-i440fx.*)?$|i440fx/.test(wanted)) return 'pc'
  const family = ['virt', 's390-ccw-virtio', 'pseries'].find((name) => wanted.startsWith(name))
  return family !== undefined && available.includes(family) ? family : undefined
}

/** `<os>`, with the firmware left to libvirt's own selection by features. Source: libvirt domain format, "BIOS bootloader". */
export function renderOs(input: RenderInput): Rendered {
  const { firmware = {} } = domainSpec(input.machine)
  const notes: string[] = []
  const machine = machineTypeOf(input)
  if (machine.note !== undefined) notes.push(machine.note)
  if (firmware.kernelBoot !== undefined) {
    throw invalidMachine(
      input.machine,
      'spec.template.spec.domain.firmware.kernelBoot: this host does not boot kernels from container images.',
    )
  }
  if (firmware.acpi !== undefined) notes.push('spec.template.spec.domain.firmware.acpi: this host passes no ACPI tables on.')
  const efi = firmware.bootloader?.efi
  const loader = efi === undefined ? biosParts(firmware.bootloader?.bios?.useSerial) : efiParts(input, efi.secureBoot ?? true)
  const os = element('os', efi === undefined ? {} : { firmware: 'efi' }, [
    element('type', { arch: input.host.architecture, machine: machine.type }, 'hvm'),
    ...loader,
    element('smbios', { mode: 'sysinfo' }),
  ])
  return { elements: [os], notes }
}

function biosParts(useSerial: boolean | undefined): readonly XmlElement[] {
  return useSerial === true ? [element('bios', { useserial: 'yes' })] : []
}

function efiParts(input: RenderInput, secure: boolean): readonly XmlElement[] {
  const needed = secure ? 'efi-secure' : 'efi'
  if (!input.host.firmwares.includes(needed)) {
    throw invalidMachine(
      input.machine,
      `spec.template.spec.domain.firmware.bootloader.efi: this host has no ${secure ? 'secure-boot ' : ''}EFI firmware.`,
      'Install OVMF (Debian: ovmf) on the host, or boot with BIOS.',
    )
  }
  const feature = (name: string, on: boolean): XmlElement => element('feature', { enabled: on ? 'yes' : 'no', name })
  // Without secure boot, keys must be absent too, or libvirt may choose a firmware that enforces them.
  const firmware = element('firmware', {}, [feature('enrolled-keys', secure), feature('secure-boot', secure)])
  return secure ? [firmware, element('loader', { secure: 'yes' })] : [firmware]
}

/** `<sysinfo>`: what the guest reads by dmidecode. Source: KubeVirt's SMBIOS defaults, libvirt domain format "SMBIOS System Information". */
export function renderSysinfo(input: RenderInput): Rendered {
  const { firmware = {}, chassis = {} } = domainSpec(input.machine)
  const entry = (name: string, value: string | undefined): XmlElement | undefined =>
    value === undefined || value === '' ? undefined : element('entry', { name }, value)
  const system = element('system', {}, [
    entry('manufacturer', 'KubeVirt'),
    entry('product', 'None'),
    entry('uuid', input.machine.uid),
    entry('serial', firmware.serial),
    entry('family', 'KubeVirt'),
  ])
  const chassisEntries = [
    entry('manufacturer', chassis.manufacturer),
    entry('version', chassis.version),
    entry('serial', chassis.serial),
    entry('asset', chassis.asset),
    entry('sku', chassis.sku),
  ].filter((item) => item !== undefined)
  const parts = chassisEntries.length === 0 ? [system] : [system, element('chassis', {}, chassisEntries)]
  return { elements: [element('sysinfo', { type: 'smbios' }, parts)], notes: [] }
}
