import { parsePath } from '../../reconciler/plan/diff/path.ts'
import { setIn } from '../../reconciler/plan/diff/set-in.ts'
import type { VirtualMachine } from '../../schemas/generated/virtual-machine.ts'

/** One way to edit a manifest; undefined where it has no place for it. */
export type Setting = { readonly what: string; readonly apply: (manifest: VirtualMachine) => VirtualMachine | undefined }

/** The manifest with a value at a path, or without one; undefined where an entry on the way is not there. */
export function put(manifest: VirtualMachine, path: string, value: unknown): VirtualMachine | undefined {
  const segments = parsePath(path)
  for (const [index, segment] of segments.entries()) {
    if (!segment.startsWith('[') || index === segments.length - 1) continue
    if (valueAt(manifest, segments.slice(0, index + 1)) === undefined) return undefined
  }
  return setIn(manifest, segments, value) as VirtualMachine
}

function valueAt(root: unknown, segments: readonly string[]): unknown {
  let at = root
  for (const segment of segments) {
    if (at === null || typeof at !== 'object') return undefined
    at = Array.isArray(at)
      ? at.find((entry: { name?: string }) => `[${entry.name ?? ''}]` === segment)
      : (at as Record<string, unknown>)[segment]
  }
  return at
}

/** Each value at a path, and none. */
export function values(prefix: string, table: Readonly<Record<string, readonly unknown[]>>): Setting[] {
  return Object.entries(table).flatMap(([name, list]) => {
    const path = `${prefix}.${name}`
    return [undefined, ...list].map((value) => ({
      what: `${path}=${JSON.stringify(value) ?? 'none'}`,
      apply: (manifest: VirtualMachine) => put(manifest, path, structuredClone(value)),
    }))
  })
}

/** One of several fields that exclude each other. */
export function oneOf(path: string, list: readonly Readonly<Record<string, unknown>>[]): Setting[] {
  const keys = new Set(list.flatMap((one) => Object.keys(one)))
  return list.map((one) => ({
    what: `${path} ${JSON.stringify(one)}`,
    apply: (manifest) => {
      let next = put(manifest, `${path}.name`, /\[([^\]]*)\]$/.exec(path)?.[1])
      for (const key of keys) next = next === undefined ? undefined : put(next, `${path}.${key}`, structuredClone(one[key]))
      return next
    },
  }))
}

/** A disk or a NIC with what stands behind it comes or goes. */
export function device(name: string, [list, entry]: readonly [string, object], [others, other]: readonly [string, object]): Setting[] {
  const both = (one: object | undefined, two: object | undefined) => (manifest: VirtualMachine) => {
    const next = put(manifest, `${list}[${name}]`, one)
    return next === undefined ? undefined : put(next, `${others}[${name}]`, two)
  }
  return [
    { what: `without ${name}`, apply: both(undefined, undefined) },
    { what: `with ${name} ${JSON.stringify([entry, other])}`, apply: both({ name, ...entry }, { name, ...other }) },
  ]
}
