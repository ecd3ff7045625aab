/** One resource type that the server offers. */
export type Resource = {
  readonly group: string
  readonly version: string
  readonly plural: string
  readonly singular: string
  readonly kind: string
  /** Kind in the collection, where it is served under a second API group. */
  readonly stored?: string
  readonly shortNames: readonly string[]
  readonly categories: readonly string[]
  readonly namespaced: boolean
  /** Not in discovery: clients that ask for it unasked (kubectl describe) get an empty list. */
  readonly hidden?: boolean
  /** Written by gitvirt only: no file in Git to point to. */
  readonly derived?: boolean
  readonly subresources?: readonly string[]
}

type Row = readonly [groupVersion: string, kind: string, plural: string, short: string, traits?: string]

/** Traits: c cluster-scoped, a category all, d derived, h hidden. */
const rows: readonly Row[] = [
  ['v1', 'Namespace', 'namespaces', 'ns', 'c'],
  ['v1', 'Node', 'nodes', 'no', 'c'],
  ['v1', 'ConfigMap', 'configmaps', 'cm'],
  ['v1', 'Secret', 'secrets', ''],
  ['v1', 'PersistentVolumeClaim', 'persistentvolumeclaims', 'pvc', 'd'],
  ['v1', 'Event', 'events', 'ev', 'd'],
  ['v1', 'Pod', 'pods', 'po', 'dh'],
  ['events.k8s.io/v1', 'Event', 'events', 'ev', 'd'],
  ['storage.k8s.io/v1', 'StorageClass', 'storageclasses', 'sc', 'c'],
  ['kubevirt.io/v1', 'VirtualMachine', 'virtualmachines', 'vm,vms', 'a'],
  ['kubevirt.io/v1', 'VirtualMachineInstance', 'virtualmachineinstances', 'vmi,vmis', 'ad'],
  ['cdi.kubevirt.io/v1beta1', 'DataVolume', 'datavolumes', 'dv,dvs', 'a'],
  ['nmstate.io/v1', 'NodeNetworkConfigurationPolicy', 'nodenetworkconfigurationpolicies', 'nncp', 'c'],
  ['nmstate.io/v1beta1', 'NodeNetworkConfigurationPolicy', 'nodenetworkconfigurationpolicies', 'nncp', 'c'],
  ['nmstate.io/v1beta1', 'NodeNetworkConfigurationEnactment', 'nodenetworkconfigurationenactments', 'nnce', 'cd'],
  ['nmstate.io/v1beta1', 'NodeNetworkState', 'nodenetworkstates', 'nns', 'cd'],
  ['gitvirt.io/v1alpha1', 'Fleet', 'fleets', '', 'c'],
]

function resourceOf([groupVersion, kind, plural, short, traits = '']: Row): Resource {
  const [first = '', second] = groupVersion.split('/')
  return {
    group: second === undefined ? '' : first,
    version: second ?? first,
    plural,
    singular: kind.toLowerCase(),
    kind,
    shortNames: short === '' ? [] : short.split(','),
    categories: traits.includes('a') ? ['all'] : [],
    namespaced: !traits.includes('c'),
    ...(traits.includes('d') ? { derived: true } : {}),
    ...(traits.includes('h') ? { hidden: true } : {}),
  }
}

/** Everything that can be read, preferred versions first within a group. */
export const resources: readonly Resource[] = rows.map(resourceOf)

const byPath = new Map(resources.map((resource) => [`${resource.group}/${resource.version}/${resource.plural}`, resource]))

export function findResource(group: string, version: string, plural: string): Resource | undefined {
  return byPath.get(`${group}/${version}/${plural}`)
}

/** Actions below subresources.kubevirt.io/v1: resource, subresource, method. */
export type Action = {
  readonly resource: 'virtualmachines' | 'virtualmachineinstances'
  readonly name: string
  readonly method: 'PUT' | 'GET'
}

export const subresourceGroup = 'subresources.kubevirt.io'

export const actions: readonly Action[] = [
  { resource: 'virtualmachines', name: 'start', method: 'PUT' },
  { resource: 'virtualmachines', name: 'stop', method: 'PUT' },
  { resource: 'virtualmachines', name: 'restart', method: 'PUT' },
  { resource: 'virtualmachineinstances', name: 'pause', method: 'PUT' },
  { resource: 'virtualmachineinstances', name: 'unpause', method: 'PUT' },
  { resource: 'virtualmachineinstances', name: 'reset', method: 'PUT' },
  { resource: 'virtualmachineinstances', name: 'softreboot', method: 'PUT' },
  { resource: 'virtualmachineinstances', name: 'guestosinfo', method: 'GET' },
  { resource: 'virtualmachineinstances', name: 'console', method: 'GET' },
  { resource: 'virtualmachineinstances', name: 'vnc', method: 'GET' },
]
