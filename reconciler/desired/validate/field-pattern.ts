import { globTest } from '../../lib/glob.ts'
import { domainPrefix } from '../../lib/ignored-fields.ts'
import { nearest } from './nearest.ts'
import { childPlace, resolvePlace, rootPlace, type SchemaPlace } from './schema-tree.ts'

/** What is wrong with a pattern, and what to do. */
export type PatternFault = { readonly message: string; readonly action: string }

/** What makes an object the one that it is, and what is an object of its own. */
const identity: readonly string[] = [
  'apiVersion',
  'kind',
  'status',
  'metadata.name',
  'metadata.namespace',
  'metadata.annotations.gitvirt.io/ignore-differences',
  'spec.template.spec.domain.firmware.uuid',
  'spec.dataVolumeTemplates',
]
const domainIdentity: readonly string[] = ['domain/name', 'domain/uuid', 'domain/metadata', 'domain']

const mostPatterns = 100
const longestPattern = 500

/** The faults of patterns that name fields of a machine to be left as its host has them: `*` stands for any text within one part. */
export function patternFaults(patterns: readonly string[]): PatternFault[] {
  if (patterns.length === 0)
    return [{ message: 'No field is named.', action: 'Name fields such as spec.template.spec.domain.memory.guest.' }]
  if (patterns.length > mostPatterns)
    return [{ message: `${patterns.length} fields are named; ${mostPatterns} are the most.`, action: 'Name what holds them, or use *.' }]
  return patterns.flatMap((pattern) => patternFault(pattern) ?? [])
}

function patternFault(pattern: string): PatternFault | undefined {
  if (pattern.length > longestPattern)
    return { message: `A path is longer than ${longestPattern} characters.`, action: 'Name what holds it.' }
  return pattern.startsWith(domainPrefix) ? domainFault(pattern) : fieldFault(pattern)
}

function domainFault(pattern: string): PatternFault | undefined {
  const path = pattern.slice(domainPrefix.length)
  if (!path.startsWith('domain/') && !path.startsWith('live/'))
    return {
      message: `"${pattern}" is no place of a domain.`,
      action: 'Copy one from "gitvirt plan": domain:domain/memory, domain:live/devices/disk[vdb].',
    }
  return domainIdentity.some(globTest(path)) ? cannot(pattern) : undefined
}

function cannot(pattern: string): PatternFault {
  return { message: `"${pattern}" cannot be ignored: it makes the object what it is.`, action: 'Name the fields that differ.' }
}

function fieldFault(pattern: string): PatternFault | undefined {
  const parts = partsOf(pattern)
  if (parts.length === 0)
    return { message: `"${pattern}" is no path.`, action: 'Write for example spec.template.spec.domain.memory.guest.' }
  const root = rootPlace('VirtualMachine')
  let places: readonly SchemaPlace[] = root === undefined ? [] : [root]
  for (const [index, part] of parts.entries()) {
    const next = places.flatMap((place) => below(place, part))
    if (next.length === 0) return unknown(pattern, { parent: parts.slice(0, index).join('.'), part, places })
    places = next
  }
  const covered = identity.some((path) => covers(parts, partsOf(path)) || covers(partsOf(path), parts))
  return covered ? cannot(pattern) : undefined
}

/** Names between dots and in brackets; a name with dots stands in brackets. */
function partsOf(pattern: string): string[] {
  const annotations = 'metadata.annotations.'
  if (pattern.startsWith(annotations) && !pattern.includes('[')) return ['metadata', 'annotations', pattern.slice(annotations.length)]
  return (pattern.match(/\[[^\]]*\]|[^.[\]]+/g) ?? []).map((part) => (part.startsWith('[') ? part.slice(1, -1) : part))
}

function covers(parts: readonly string[], names: readonly string[]): boolean {
  return parts.length <= names.length && parts.every((part, index) => globTest(part)(names[index] ?? ''))
}

/** The places of a list's entries, of the properties that a part stands for, or of any key of a map. */
function below(place: SchemaPlace, part: string): SchemaPlace[] {
  const { node } = resolvePlace(place)
  if (node.items !== undefined) return present(childPlace(place, 0))
  const names = Object.keys(node.properties ?? {}).filter(globTest(part))
  if (names.length > 0) return names.flatMap((name) => present(childPlace(place, name)))
  return typeof node.additionalProperties === 'object' ? present(childPlace(place, part)) : []
}

function present(place: SchemaPlace | undefined): SchemaPlace[] {
  return place === undefined ? [] : [place]
}

type Missing = { readonly parent: string; readonly part: string; readonly places: readonly SchemaPlace[] }

function unknown(pattern: string, { parent, part, places }: Missing): PatternFault {
  const names = places.flatMap((place) => Object.keys(resolvePlace(place).node.properties ?? {}))
  const near = nearest(part, names)
  const where = parent === '' ? 'A VirtualMachine' : parent
  return {
    message: `"${pattern}": ${where} has no field "${part}".`,
    action:
      near === undefined
        ? names.length === 0
          ? 'Nothing lies below.'
          : `Fields there: ${names.toSorted().slice(0, 12).join(', ')}.`
        : `Did you mean "${near}"?`,
  }
}
