import { actions, resources, subresourceGroup, type Resource } from './resources.ts'

/** Writes are named too: clients ask before they try, and the refusal says where in Git to go. */
const allVerbs = ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'] as const
const readVerbs = ['get', 'list', 'watch'] as const

function verbsOf(resource: Resource): readonly string[] {
  return resource.derived === true ? readVerbs : allVerbs
}

/** group -> versions, preferred first. */
function groupVersions(): Map<string, string[]> {
  const groups = new Map<string, string[]>()
  for (const { group, version, hidden } of resources) {
    if (hidden === true) continue
    const versions = groups.get(group) ?? []
    if (!versions.includes(version)) versions.push(version)
    groups.set(group, versions)
  }
  groups.set(subresourceGroup, ['v1'])
  groups.set('authorization.k8s.io', ['v1'])
  return groups
}

export function apiVersions(): unknown {
  return { kind: 'APIVersions', versions: ['v1'], serverAddressByClientCIDRs: [] }
}

export function apiGroupList(): unknown {
  const groups = [...groupVersions()].filter(([group]) => group !== '').map(([group]) => apiGroup(group))
  return { kind: 'APIGroupList', apiVersion: 'v1', groups }
}

/** /apis/{group}; undefined for a group that is not served. */
export function apiGroup(group: string): unknown {
  const versions = groupVersions()
    .get(group)
    ?.map((version) => ({ groupVersion: `${group}/${version}`, version }))
  return versions === undefined ? undefined : { kind: 'APIGroup', apiVersion: 'v1', name: group, versions, preferredVersion: versions[0] }
}

/** The resource list of one group and version; undefined where it is not served. */
export function apiResourceList(group: string, version: string): unknown {
  const groupVersion = group === '' ? version : `${group}/${version}`
  const list = [...served(group, version).map(plainResource), ...specialResources(groupVersion)]
  return list.length === 0 ? undefined : { kind: 'APIResourceList', apiVersion: 'v1', groupVersion, resources: list }
}

function served(group: string, version: string): Resource[] {
  return resources.filter((resource) => resource.group === group && resource.version === version && resource.hidden !== true)
}

function plainResource(resource: Resource): Record<string, unknown> {
  const { plural, singular, kind, namespaced, shortNames, categories } = resource
  return {
    name: plural,
    singularName: singular,
    namespaced,
    kind,
    verbs: verbsOf(resource),
    ...(shortNames.length === 0 ? {} : { shortNames }),
    ...(categories.length === 0 ? {} : { categories }),
  }
}

function specialResources(groupVersion: string): Record<string, unknown>[] {
  if (groupVersion === 'authorization.k8s.io/v1') {
    const kinds = ['SelfSubjectAccessReview', 'SelfSubjectRulesReview']
    return kinds.map((kind) => ({ name: `${kind.toLowerCase()}s`, singularName: '', namespaced: false, kind, verbs: ['create'] }))
  }
  if (groupVersion !== `${subresourceGroup}/v1`) return []
  return actions.map(({ resource, name, method }) => {
    const kind = resource === 'virtualmachines' ? 'VirtualMachine' : 'VirtualMachineInstance'
    return { name: `${resource}/${name}`, singularName: '', namespaced: true, kind, verbs: [method === 'PUT' ? 'update' : 'get'] }
  })
}

/** Aggregated discovery (apidiscovery.k8s.io/v2): everything in one answer. @param core true for /api, false for /apis */
export function aggregatedDiscovery(core: boolean): unknown {
  const groups = [...groupVersions()].filter(([group]) => (group === '') === core)
  const items = groups.map(([group, versions]) => ({
    metadata: { name: group, creationTimestamp: null },
    versions: versions.map((version) => ({ version, freshness: 'Current', resources: aggregatedResources(group, version) })),
  }))
  return { kind: 'APIGroupDiscoveryList', apiVersion: 'apidiscovery.k8s.io/v2', metadata: {}, items }
}

function aggregatedResources(group: string, version: string): unknown[] {
  const plain = served(group, version).map((resource) => ({
    resource: resource.plural,
    responseKind: { group, version, kind: resource.kind },
    scope: resource.namespaced ? 'Namespaced' : 'Cluster',
    singularResource: resource.singular,
    verbs: verbsOf(resource),
    shortNames: resource.shortNames,
    categories: resource.categories,
  }))
  if (plain.length > 0) return plain
  const special = specialResources(`${group}/${version}`)
  return special
    .filter((resource) => !String(resource['name']).includes('/'))
    .map(({ name, kind, verbs }) => ({
      resource: name,
      responseKind: { group, version, kind },
      scope: 'Cluster',
      singularResource: '',
      verbs,
    }))
}
