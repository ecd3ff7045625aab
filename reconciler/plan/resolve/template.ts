import type { VirtualMachineInstanceTemplateSpec } from '../../../schemas/generated/virtual-machine.ts'
import { objectKey, type ObjectKey } from '../../lib/object-key.ts'
import { parseBytes, parseQuantity } from '../../lib/quantity.ts'
import { credentialInputs, volumeInputs, type InputReference } from '../../lib/volume-inputs.ts'
import type { Demand } from '../../observed/types.ts'

/** Keys of the DataVolumes that a template's disks lie on; a claim means the DataVolume of that name. */
export function volumeKeys(namespace: string, template: VirtualMachineInstanceTemplateSpec): ObjectKey[] {
  const names = new Set<string>()
  for (const volume of template.spec?.volumes ?? []) {
    const name = volume.dataVolume?.name ?? volume.persistentVolumeClaim?.claimName ?? volume.ephemeral?.persistentVolumeClaim?.claimName
    if (name !== undefined) names.add(name)
  }
  return [...names].map((name) => objectKey('DataVolume', namespace, name))
}

/** Secrets and ConfigMaps that a template's volumes and credentials are made from, each once; optional where all that read it say so. */
export function inputReferences(namespace: string, { spec }: VirtualMachineInstanceTemplateSpec): InputReference[] {
  if (spec === undefined) return []
  const found = new Map<ObjectKey, InputReference>()
  const all = [...(spec.volumes ?? []).flatMap((volume) => volumeInputs(namespace, volume)), ...credentialInputs(namespace, spec)]
  for (const { key, optional } of all) found.set(key, { key, optional: optional && (found.get(key)?.optional ?? true) })
  return [...found.values()]
}

/** Host bridges that a template's networks need: the name of each multus network without its namespace. */
export function requiredBridges(template: VirtualMachineInstanceTemplateSpec): string[] {
  const names = new Set<string>()
  for (const network of template.spec?.networks ?? []) {
    const name = network.multus?.networkName.split('/').at(-1)
    if (name !== undefined && name !== '') names.add(name)
  }
  return [...names]
}

/** Share of a vCPU that a node sets aside where the template requests none: upstream's default cpuAllocationRatio of 10. */
const cpuShare = 0.1

/**
 * Memory is the request, else the guest's memory; CPU is the request, else a tenth of each vCPU, or whole ones where CPUs are
 * dedicated. Source: KubeVirt's scheduling of virt-launcher pods. Quantities that do not parse count as nothing.
 */
export function demandOf(template: VirtualMachineInstanceTemplateSpec): Demand {
  const domain = template.spec?.domain
  const requests = domain?.resources?.requests
  const memory = requests?.['memory'] ?? domain?.memory?.guest ?? domain?.resources?.limits?.['memory']
  const cpu = domain?.cpu
  const vcpus = (cpu?.sockets ?? 1) * (cpu?.cores ?? 1) * (cpu?.threads ?? 1)
  const cpus = cpu?.dedicatedCpuPlacement === true ? vcpus : quantity(requests?.['cpu'], vcpus * cpuShare)
  return { memoryBytes: memory === undefined ? 0 : Math.ceil(quantity(memory, 0)), cpus }
}

function quantity(value: string | number | undefined, otherwise: number): number {
  if (value === undefined) return otherwise
  try {
    return parseQuantity(value)
  } catch {
    return otherwise
  }
}

/** Bytes of a quantity, or undefined where it is absent or does not parse. */
export function bytesOf(value: string | number | undefined): number | undefined {
  if (value === undefined) return undefined
  try {
    return parseBytes(value)
  } catch {
    return undefined
  }
}
