import { GitvirtError } from '../lib/errors.ts'
import type { Client } from './client.ts'

/** One resource type that the server offers. */
export type Resource = {
  readonly group: string
  readonly version: string
  readonly plural: string
  readonly singular: string
  readonly kind: string
  readonly shortNames: readonly string[]
  readonly categories: readonly string[]
  readonly namespaced: boolean
}

type ApiResource = {
  readonly name: string
  readonly singularName: string
  readonly kind: string
  readonly namespaced: boolean
  readonly shortNames?: string[]
  readonly categories?: string[]
}
type ResourceList = { readonly groupVersion: string; readonly resources: readonly ApiResource[] }
type GroupVersion = { readonly groupVersion: string }
type Group = { readonly name: string; readonly preferredVersion: GroupVersion; readonly versions: readonly GroupVersion[] }
type GroupList = { readonly groups: readonly Group[] }

/** All resource types of the server, each in the preferred version of its group or else in the first that has it; no subresources. */
export async function discover(client: Client): Promise<readonly Resource[]> {
  const groups = await client.call<GroupList>('/apis')
  const paths = ['/api/v1', ...groups.groups.flatMap(versionsOf).map((version) => `/apis/${version}`)]
  const lists = await Promise.all(paths.map(async (path) => await client.call<ResourceList>(path)))
  const found = lists.flatMap((list) => {
    const [first = '', second] = list.groupVersion.split('/')
    const group = second === undefined ? '' : first
    const version = second ?? first
    return list.resources
      .filter((resource) => !resource.name.includes('/'))
      .map((resource) => ({
        group,
        version,
        plural: resource.name,
        singular: resource.singularName,
        kind: resource.kind,
        shortNames: resource.shortNames ?? [],
        categories: resource.categories ?? [],
        namespaced: resource.namespaced,
      }))
  })
  return [...Map.groupBy(found, ({ group, plural }) => `${group}/${plural}`).values()].flatMap((same) => same.slice(0, 1))
}

/** Preferred first, the others in the server's order. */
function versionsOf({ preferredVersion, versions }: Group): readonly string[] {
  return [...new Set([preferredVersion, ...versions].map(({ groupVersion }) => groupVersion))]
}

/**
 * Finds what a person typed: plural, singular, kind, short name or plural.group; `all` and other categories give several.
 * @throws GitvirtError `UnknownResource`, in kubectl's words.
 */
export function findResources(resources: readonly Resource[], word: string): readonly Resource[] {
  const lower = word.toLowerCase()
  const named = resources.find((resource) => {
    const names = [resource.plural, resource.singular, resource.kind.toLowerCase(), ...resource.shortNames]
    return names.includes(lower) || (resource.group !== '' && names.some((name) => `${name}.${resource.group}` === lower))
  })
  if (named !== undefined) return [named]
  const category = resources.filter((resource) => resource.categories.includes(lower))
  if (category.length > 0) return category
  throw new GitvirtError({
    code: 'UnknownResource',
    message: `error: the server doesn't have a resource type "${word}"`,
    action: 'See "gitvirt api-resources".',
  })
}

/** The URL path of a collection or of one object. */
export function resourcePath(resource: Resource, namespace: string | undefined, name?: string): string {
  const base = resource.group === '' ? `/api/${resource.version}` : `/apis/${resource.group}/${resource.version}`
  const scope = resource.namespaced && namespace !== undefined ? `/namespaces/${encodeURIComponent(namespace)}` : ''
  return `${base}${scope}/${resource.plural}${name === undefined ? '' : `/${encodeURIComponent(name)}`}`
}

/** virtualmachine.kubevirt.io, as kubectl names it in front of an object's name. */
export function qualifiedSingular(resource: Resource): string {
  const singular = resource.singular === '' ? resource.kind.toLowerCase() : resource.singular
  return resource.group === '' ? singular : `${singular}.${resource.group}`
}
