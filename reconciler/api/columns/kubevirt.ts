import { conditionOf, type ApiObject } from '../../status/api-object.ts'
import { blockedColumn } from './blocked.ts'
import type { CellContext, Column } from './column.ts'
import { ageColumn, at, column, field, heldColumn, heldSuffix, nameColumn } from './column.ts'

const ready = column(['Ready', 'Whether the guest is ready.'], (object) => conditionOf(object, 'Ready')?.status ?? '')

function instanceOf(vm: ApiObject, { objects }: CellContext): ApiObject | undefined {
  return objects.get('VirtualMachineInstance', vm.metadata.namespace ?? '', vm.metadata.name)
}

/** Upstream's columns; the wide ones save a look at the instance. */
export const virtualMachineColumns: readonly Column[] = [
  nameColumn,
  ageColumn,
  column(['Status', 'Human readable status of the virtual machine.'], (vm) => `${at(vm, 'status', 'printableStatus')}${heldSuffix(vm)}`),
  ready,
  column(['Node', 'Host that runs the guest.'], (vm, context) => at(instanceOf(vm, context), 'status', 'nodeName'), 1),
  column(['IP', 'First address of the guest.'], (vm, context) => at(instanceOf(vm, context), 'status', 'interfaces', 0, 'ipAddress'), 1),
  column(['Restart?', 'True where changes wait for a restart.'], (vm) => conditionOf(vm, 'RestartRequired')?.status ?? '', 1),
  blockedColumn,
  heldColumn,
]

export const instanceColumns: readonly Column[] = [
  nameColumn,
  ageColumn,
  field(['Phase', 'Phase of the instance.'], ['status', 'phase']),
  field(['IP', 'First address of the guest.'], ['status', 'interfaces', 0, 'ipAddress']),
  field(['NodeName', 'Host that runs the guest.'], ['status', 'nodeName']),
  ready,
  column(
    ['Live-Migratable', 'Whether the guest can move while it runs.'],
    (object) => conditionOf(object, 'LiveMigratable')?.status ?? '',
    1,
  ),
  column(['Paused', 'Whether the guest is paused.'], (object) => conditionOf(object, 'Paused')?.status ?? '', 1),
]

export const dataVolumeColumns: readonly Column[] = [
  nameColumn,
  column(['Phase', 'Phase of the volume.'], (volume) => `${at(volume, 'status', 'phase')}${heldSuffix(volume)}`),
  field(['Progress', 'Progress of the transfer, N/A where it is not known.'], ['status', 'progress']),
  field(['Restarts', 'How often the transfer was begun anew.'], ['status', 'restartCount']),
  ageColumn,
  blockedColumn,
  heldColumn,
]
