import type { Drift, ObservedMachine } from '../../schemas/generated/observation.ts'
import type { Finding, MachineSpec } from '../../schemas/generated/plan.ts'
import { globTest } from '../lib/glob.ts'
import { domainPrefix, ignoreAnnotation, ignoredPaths } from '../lib/ignored-fields.ts'
import { parseKey } from '../lib/object-key.ts'
import type { PlanContext } from './context.ts'
import { formatPath, type Segments } from './diff/path.ts'
import { fieldTest } from './diff/patterns.ts'
import { setIn } from './diff/set-in.ts'
import { diffTree } from './diff/tree.ts'
import { machineView } from './diff/views.ts'
import { readBack, type ReadBack } from './read-back.ts'
import type { MachineObject } from './resolve/machine.ts'
import type { ResolvedPolicy } from './resolve/policy.ts'

/** Which fields of one machine are left as its host has them, and who says so. */
export type Ignored = { readonly isIgnored: (path: string) => boolean; readonly where: readonly string[] }

/** What is ignored of a machine; undefined where nothing is, which is nearly always. */
export function ignoredOf({ policy }: PlanContext, machine: MachineObject): Ignored | undefined {
  return ignoredBy(policy, machine)
}

/** The same under a policy. Pure. */
export function ignoredBy(policy: Pick<ResolvedPolicy, 'ignoreDifferences'>, { key, object }: MachineObject): Ignored | undefined {
  const { labels = {}, annotations } = object.metadata
  const own = annotations?.[ignoreAnnotation]
  if (own === undefined && policy.ignoreDifferences.length === 0) return undefined
  const { namespace, name } = parseKey(key)
  const rules = policy.ignoreDifferences.filter(
    (rule) =>
      globTest(rule.namespace)(namespace) &&
      globTest(rule.name)(name) &&
      Object.entries(rule.matchLabels ?? {}).every(([label, value]) => labels[label] === value),
  )
  if (own === undefined && rules.length === 0) return undefined
  const patterns = [...(own === undefined ? [] : ignoredPaths(own)), ...rules.flatMap(({ fields }) => fields)]
  return {
    isIgnored: testOf(patterns),
    where: [
      ...(own === undefined ? [] : [`its annotation ${ignoreAnnotation}`]),
      ...rules.map(({ reason }) => `spec.ignoreDifferences of gitvirt.yaml (${reason})`),
    ],
  }
}

function testOf(patterns: readonly string[]): (path: string) => boolean {
  const ofDomain = patterns.filter((pattern) => pattern.startsWith(domainPrefix)).map((pattern) => pattern.slice(domainPrefix.length))
  const inDomain = ofDomain.map((pattern) => [globTest(pattern), globTest(`${pattern}/*`)] as const)
  const inManifest = fieldTest(patterns.filter((pattern) => !pattern.startsWith(domainPrefix)))
  return (path) => {
    if (!path.startsWith(domainPrefix)) return inManifest(path)
    const place = path.slice(domainPrefix.length)
    return inDomain.some(([itself, below]) => itself(place) || below(place))
  }
}

/** A machine with what its host has in the ignored fields, seen as if it differed in the others alone. */
export type Disregarded = {
  readonly machine: MachineSpec
  readonly observed: ObservedMachine
  /** Paths of the fields that differ and are ignored; never values. */
  readonly paths: readonly string[]
}

/**
 * Takes over what the host has in the ignored fields: what was applied, or what the domain was changed to by hand where that can be read
 * back. So neither Git nor drift asks for a step because of them, and a step for another reason leaves them as they are. Pure.
 */
export function disregard(machine: MachineSpec, observed: ObservedMachine, { isIgnored }: Ignored): Disregarded {
  const { applied, booted } = observed
  if (applied === undefined) return { machine, observed, paths: [] }
  const read = readBack(observed).fields.filter(({ path }) => isIgnored(formatPath(path)))
  const explained = new Set(read.flatMap(({ from }) => from))
  const isOurs = ({ path }: Drift): boolean => !explained.has(path) && !isIgnored(`${domainPrefix}${path}`)
  const drift = observed.drift.filter(isOurs)
  const has = read.reduce((spec, { path, value }) => withField(spec, path, value), applied)
  const wanted = graft(machine, has, isIgnored)
  return {
    machine: wanted.spec,
    observed: {
      ...observed,
      drift,
      applied: graft(applied, wanted.spec, isIgnored).spec,
      ...(booted === undefined ? {} : { booted: graft(booted, wanted.spec, isIgnored).spec }),
    },
    paths: [...wanted.paths, ...observed.drift.filter((one) => !isOurs(one)).map(({ path }) => `${domainPrefix}${path}`)],
  }
}

/** What was read back, without the fields that are ignored. Pure. */
export function withoutIgnored({ fields, left }: ReadBack, { isIgnored }: Ignored): ReadBack {
  const isOurs = ({ from }: ReadBack['fields'][number]): boolean => !from.every((path) => isIgnored(`${domainPrefix}${path}`))
  return {
    fields: fields.filter((field) => !isIgnored(formatPath(field.path)) && isOurs(field)),
    left: left.filter((path) => !isIgnored(`${domainPrefix}${path}`)),
  }
}

/** Tells what is ignored now: nobody should take it for equal. */
export function ignoredFinding({ key, origin }: MachineObject, { where }: Ignored, paths: readonly string[]): Finding {
  return {
    severity: 'warning',
    code: 'DifferencesIgnored',
    key,
    message: `Left as the host has it, as ${where.join(' and ')} says: ${paths.slice(0, 20).join(', ')}${paths.length > 20 ? ', …' : ''}.`,
    origin,
  }
}

/** The spec with the values of another one in the fields that are ignored, and which these are. */
function graft(
  spec: MachineSpec,
  source: MachineSpec,
  isIgnored: (path: string) => boolean,
): { readonly spec: MachineSpec; readonly paths: readonly string[] } {
  const differences = diffTree(machineView(spec), machineView(source)).filter(({ path }) => isIgnored(formatPath(path)))
  return {
    spec: differences.reduce((current, { path, after }) => withField(current, path, after), spec),
    paths: differences.map(({ path }) => formatPath(path)),
  }
}

/** Paths are those of the manifest; in a spec for hosts the metadata stands at its top. */
function withField(spec: MachineSpec, path: Segments, value: unknown): MachineSpec {
  const [first, second = '', ...rest] = path
  const place = first === 'metadata' ? [second, ...rest] : first === 'spec' ? [second, ...rest] : path
  return setIn(spec, place, value) as MachineSpec
}
