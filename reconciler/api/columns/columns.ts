import type { Column } from './column.ts'
import * as core from './core.ts'
import * as kubevirt from './kubevirt.ts'
import * as nmstate from './nmstate.ts'

const byKind: Readonly<Record<string, readonly Column[]>> = {
  VirtualMachine: kubevirt.virtualMachineColumns,
  VirtualMachineInstance: kubevirt.instanceColumns,
  DataVolume: kubevirt.dataVolumeColumns,
  NodeNetworkConfigurationPolicy: nmstate.policyColumns,
  NodeNetworkConfigurationEnactment: nmstate.enactmentColumns,
  NodeNetworkState: nmstate.networkStateColumns,
  Namespace: core.namespaceColumns,
  Node: core.nodeColumns,
  ConfigMap: core.configMapColumns,
  Secret: core.secretColumns,
  PersistentVolumeClaim: core.claimColumns,
  StorageClass: core.storageClassColumns,
  Event: core.eventColumns,
  Fleet: core.fleetColumns,
}

/** The printer columns of a kind. */
export function columnsOf(kind: string): readonly Column[] {
  return byKind[kind] ?? core.defaultColumns
}
