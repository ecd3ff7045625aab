import { conditionOf, type ApiObject } from '../../status/api-object.ts'
import { age } from '../age.ts'
import type { Column } from './column.ts'
import { ageColumn, at, column, field, heldColumn, heldSuffix, nameColumn } from './column.ts'

export const defaultColumns: readonly Column[] = [nameColumn, ageColumn]

export const namespaceColumns: readonly Column[] = [
  nameColumn,
  field(['Status', 'Phase of the namespace.'], ['status', 'phase']),
  ageColumn,
]

const rolePrefix = 'node-role.kubernetes.io/'

function nodeStatus(node: ApiObject): string {
  const ready = conditionOf(node, 'Ready')?.status === 'True' ? 'Ready' : 'NotReady'
  const cordoned = at(node, 'spec', 'unschedulable') === 'true' ? ',SchedulingDisabled' : ''
  return `${ready}${cordoned}${heldSuffix(node)}`
}

function roles(node: ApiObject): string {
  const found = Object.keys(node.metadata.labels ?? {}).filter((label) => label.startsWith(rolePrefix))
  return found.length === 0
    ? '<none>'
    : found
        .map((label) => label.slice(rolePrefix.length))
        .sort()
        .join(',')
}

function address(node: ApiObject, type: string): string {
  const addresses = (node.status as { addresses?: readonly { type: string; address: string }[] } | undefined)?.addresses ?? []
  return addresses.find((entry) => entry.type === type)?.address ?? '<none>'
}

const info = (name: string): readonly string[] => ['status', 'nodeInfo', name]

export const nodeColumns: readonly Column[] = [
  nameColumn,
  column(['Status', 'Whether the agent of the host is connected.'], nodeStatus),
  column(['Roles', 'Roles from the labels of the node.'], roles),
  ageColumn,
  field(['Version', 'Version of the agent.'], info('kubeletVersion')),
  column(['Internal-IP', 'Address within the site.'], (node) => address(node, 'InternalIP'), 1),
  column(['External-IP', 'Address for the outside.'], (node) => address(node, 'ExternalIP'), 1),
  field(['OS-Image', 'Operating system.'], info('osImage'), 1),
  field(['Kernel-Version', 'Kernel.'], info('kernelVersion'), 1),
  field(['Container-Runtime', 'What runs the guests.'], info('containerRuntimeVersion'), 1),
  heldColumn,
]

const count =
  (...names: readonly string[]): Column['cell'] =>
  (object) =>
    names.reduce((sum, name) => sum + Object.keys(object[name] ?? {}).length, 0)

export const configMapColumns: readonly Column[] = [nameColumn, column(['Data', 'Number of keys.'], count('data', 'binaryData')), ageColumn]

export const secretColumns: readonly Column[] = [
  nameColumn,
  field(['Type', 'Type of the secret.'], ['type']),
  column(['Data', 'Number of keys.'], count('data')),
  ageColumn,
]

const shortModes: Readonly<Record<string, string>> = {
  ReadWriteOnce: 'RWO',
  ReadOnlyMany: 'ROX',
  ReadWriteMany: 'RWX',
  ReadWriteOncePod: 'RWOP',
}

function accessModes(claim: ApiObject): string {
  const modes = (claim.status as { accessModes?: readonly string[] } | undefined)?.accessModes ?? []
  return modes.map((mode) => shortModes[mode] ?? mode).join(',')
}

export const claimColumns: readonly Column[] = [
  nameColumn,
  field(['Status', 'Phase of the claim.'], ['status', 'phase']),
  field(['Volume', 'Volume behind the claim.'], ['spec', 'volumeName']),
  field(['Capacity', 'Size of the volume.'], ['status', 'capacity', 'storage']),
  column(['Access Modes', 'How the volume may be used.'], accessModes),
  field(['StorageClass', 'Storage class of the claim.'], ['spec', 'storageClassName']),
  ageColumn,
  field(['VolumeMode', 'Filesystem or Block.'], ['spec', 'volumeMode'], 1),
]

function storageClassName(object: ApiObject): string {
  const isDefault = object.metadata.annotations?.['storageclass.kubernetes.io/is-default-class'] === 'true'
  return isDefault ? `${object.metadata.name} (default)` : object.metadata.name
}

export const storageClassColumns: readonly Column[] = [
  { ...nameColumn, cell: storageClassName },
  field(['Provisioner', 'Which kind of pool.'], ['provisioner']),
  column(['ReclaimPolicy', 'What becomes of a volume.'], (object) => at(object, 'reclaimPolicy') || 'Delete'),
  column(['VolumeBindingMode', 'When a volume is made.'], (object) => at(object, 'volumeBindingMode') || 'Immediate'),
  column(['AllowVolumeExpansion', 'Whether volumes may grow.'], (object) => at(object, 'allowVolumeExpansion') || 'false'),
  ageColumn,
]

function involved(event: ApiObject): string {
  return `${at(event, 'involvedObject', 'kind').toLowerCase()}/${at(event, 'involvedObject', 'name')}`
}

function source(event: ApiObject): string {
  const host = at(event, 'source', 'host')
  return host === '' ? at(event, 'source', 'component') : `${at(event, 'source', 'component')}, ${host}`
}

function lastSeen(event: ApiObject, now: Date): string {
  const last = age(event['lastTimestamp'], now)
  const times = Number(at(event, 'count') || '1')
  return times > 1 ? `${last} (x${times} over ${age(event['firstTimestamp'], now)})` : last
}

export const eventColumns: readonly Column[] = [
  column(['Last Seen', 'When it was last told.'], (event, { now }) => lastSeen(event, now)),
  field(['Type', 'Normal or Warning.'], ['type']),
  field(['Reason', 'What happened, in one word.'], ['reason']),
  column(['Object', 'Whom it concerns.'], involved),
  field(['Subobject', 'Part of the object.'], ['involvedObject', 'fieldPath'], 1),
  column(['Source', 'Who tells it.'], source, 1),
  column(['Message', 'What happened.'], (event) => at(event, 'message').trim()),
  column(['First Seen', 'When it was first told.'], (event, { now }) => age(event['firstTimestamp'], now), 1),
  field(['Count', 'How often it was told.'], ['count'], 1),
  { ...nameColumn, priority: 1 },
]

export const fleetColumns: readonly Column[] = [
  nameColumn,
  column(['Unattended', 'Highest disruption that needs no person.'], (fleet) => at(fleet, 'spec', 'disruption', 'unattended') || 'migrate'),
  column(['Suspended', 'Whether plans are only shown.'], (fleet) => String(conditionOf(fleet, 'Suspended')?.status === 'True')),
  heldColumn,
  ageColumn,
]
