/** One kind that gitvirt runs. */
export type KindInfo = {
  readonly kind: string
  /** API group; empty for Kubernetes' core. */
  readonly group: string
  /** Served versions, the newest first; older ones are converted to it. */
  readonly versions: readonly [string, ...string[]]
  readonly plural: string
  readonly singular: string
  readonly shortNames: readonly string[]
  readonly namespaced: boolean
  /** File in schemas/. */
  readonly schema: string
  /** False: only gitvirt writes objects of this kind, never Git. */
  readonly declarable: boolean
}

type Row = readonly [
  kind: string,
  group: string,
  versions: string,
  plural: string,
  shortNames: string,
  scope: 'namespaced' | 'cluster',
  schema: string,
]

const rows: readonly Row[] = [
  ['VirtualMachine', 'kubevirt.io', 'v1 v1alpha3 v1alpha1', 'virtualmachines', 'vm vms', 'namespaced', 'virtual-machine.json'],
  ['DataVolume', 'cdi.kubevirt.io', 'v1beta1 v1alpha1', 'datavolumes', 'dv dvs', 'namespaced', 'data-volume.json'],
  [
    'NodeNetworkConfigurationPolicy',
    'nmstate.io',
    'v1 v1beta1 v1alpha1',
    'nodenetworkconfigurationpolicies',
    'nncp',
    'cluster',
    'node-network-configuration-policy.json',
  ],
  ['Fleet', 'gitvirt.io', 'v1alpha1', 'fleets', '', 'cluster', 'fleet.json'],
  ['Namespace', '', 'v1', 'namespaces', 'ns', 'cluster', 'namespace.json'],
  ['Node', '', 'v1', 'nodes', 'no', 'cluster', 'node.json'],
  ['StorageClass', 'storage.k8s.io', 'v1', 'storageclasses', 'sc', 'cluster', 'storage-class.json'],
  ['ConfigMap', '', 'v1', 'configmaps', 'cm', 'namespaced', 'config-map.json'],
  ['Secret', '', 'v1', 'secrets', '', 'namespaced', 'secret.json'],
]

/** Kinds that gitvirt reports and Git never declares; they have no schema. */
const reportedRows: readonly Row[] = [
  ['VirtualMachineInstance', 'kubevirt.io', 'v1', 'virtualmachineinstances', 'vmi vmis', 'namespaced', ''],
  ['NodeNetworkState', 'nmstate.io', 'v1beta1', 'nodenetworkstates', 'nns', 'cluster', ''],
  ['NodeNetworkConfigurationEnactment', 'nmstate.io', 'v1beta1', 'nodenetworkconfigurationenactments', 'nnce', 'cluster', ''],
  ['Event', '', 'v1', 'events', 'ev', 'namespaced', ''],
]

function info(row: Row, declarable: boolean): KindInfo {
  const [kind, group, versions, plural, shortNames, scope, schema] = row
  const [newest = '', ...older] = versions.split(' ')
  return {
    kind,
    group,
    versions: [newest, ...older],
    plural,
    singular: kind.toLowerCase(),
    shortNames: shortNames === '' ? [] : shortNames.split(' '),
    namespaced: scope === 'namespaced',
    schema,
    declarable,
  }
}

/** Every kind that Git may declare. */
export const kinds: readonly KindInfo[] = rows.map((row) => info(row, true))

/** Every kind that the API serves: those of Git and those that gitvirt reports. */
export const servedKinds: readonly KindInfo[] = [...kinds, ...reportedRows.map((row) => info(row, false))]

const byKind = new Map(servedKinds.map((entry) => [entry.kind, entry]))

/** The entry of a kind by its exact name. */
export function kindInfo(kind: string): KindInfo | undefined {
  return byKind.get(kind)
}

/** The apiVersion that objects of this kind have after conversion, such as kubevirt.io/v1. */
export function apiVersionOf(entry: KindInfo, version: string = entry.versions[0]): string {
  return entry.group === '' ? version : `${entry.group}/${version}`
}

/** Every apiVersion that is read for this kind, the newest first. */
export function servedApiVersions(entry: KindInfo): readonly string[] {
  return entry.versions.map((version) => apiVersionOf(entry, version))
}

/** Finds a kind by what people type: kind, plural, singular or short name, in any case, with or without `.group`. */
export function resolveKind(typed: string): KindInfo | undefined {
  const [name = '', ...group] = typed.toLowerCase().split('.')
  return servedKinds.find((entry) => {
    if (group.length > 0 && group.join('.') !== entry.group) return false
    return entry.plural === name || entry.singular === name || entry.shortNames.includes(name)
  })
}
