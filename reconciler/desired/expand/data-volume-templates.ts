import type { DataVolume } from '../../../schemas/generated/data-volume.ts'
import type { VirtualMachine } from '../../../schemas/generated/virtual-machine.ts'
import { defaultDataVolumeSpec } from '../defaults/data-volume.ts'

/** A DataVolume that a VirtualMachine's template makes, and the template's place in the list. */
export type TemplatedVolume = { readonly index: number; readonly volume: DataVolume }

/** The DataVolumes of a VirtualMachine's dataVolumeTemplates: in its namespace, whatever the template says. Templates without a name make none. */
export function expandDataVolumeTemplates(vm: VirtualMachine, namespace: string): TemplatedVolume[] {
  const volumes: TemplatedVolume[] = []
  vm.spec.dataVolumeTemplates?.forEach((template, index) => {
    if (template.metadata?.name === undefined) return
    const { name, labels, annotations } = template.metadata
    const metadata = { name, namespace, ...(labels === undefined ? {} : { labels }), ...(annotations === undefined ? {} : { annotations }) }
    const spec = defaultDataVolumeSpec(template.spec, namespace)
    volumes.push({ index, volume: { apiVersion: 'cdi.kubevirt.io/v1beta1', kind: 'DataVolume', metadata, spec } })
  })
  return volumes
}
