import { parseKey, type ObjectKey } from '../lib/object-key.ts'
import { createRenames } from './policy.ts'
import type { ComparisonPolicy, IndexedObject, Match, Presence, SideIndex } from './types.ts'

const liveKinds: ReadonlySet<string> = new Set(['VirtualMachine', 'DataVolume', 'NodeNetworkConfigurationPolicy'])

/** True for kinds of which a host reports what it applied. */
export function isLiveKind(kind: string): boolean {
  return liveKinds.has(kind)
}

export type MatchOptions = {
  /** Of the first side. */
  readonly policy?: ComparisonPolicy | undefined
  /** Which objects take part, by kind, namespace and name; default all. */
  readonly selects?: ((key: ObjectKey) => boolean) | undefined
}

type Known = { readonly objects: ReadonlyMap<ObjectKey, IndexedObject>; readonly unknown: ReadonlySet<ObjectKey>; readonly untold: boolean }

/** Every object of either side with what stands for it on the other, by kind, namespace and name. Sorted by key. */
export function matchSides(base: SideIndex, other: SideIndex, options: MatchOptions = {}): Match[] {
  const rename = createRenames(options.policy)
  const selects = options.selects ?? (() => true)
  const live = !base.declared || !other.declared
  const takesPart = (key: ObjectKey): boolean => !live || isLiveKind(parseKey(key).kind)
  const left = known(base)
  const right = known(other)
  const fleets = { base: fleetKey(left), other: fleetKey(right) }
  const matches: Match[] = []
  const taken = new Set<ObjectKey>()
  for (const key of [...left.objects.keys(), ...left.unknown]) {
    // An environment has one Fleet, whatever it is called.
    const otherKey = key === fleets.base ? (fleets.other ?? key) : rename(key)
    taken.add(otherKey)
    if (takesPart(key) && selects(key)) matches.push(match(key, otherKey, { left, right }))
  }
  for (const key of [...right.objects.keys(), ...right.unknown]) {
    if (!taken.has(key) && takesPart(key) && selects(key)) matches.push(match(key, key, { left, right, onlyOther: true }))
  }
  return matches.sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : a.otherKey < b.otherKey ? -1 : 1))
}

function known({ objects, unknownKeys, untold }: SideIndex): Known {
  return {
    objects: new Map(objects.map((object) => [object.key, object])),
    unknown: new Set(unknownKeys),
    untold: untold.length > 0,
  }
}

function fleetKey({ objects, unknown }: Known): ObjectKey | undefined {
  for (const key of [...objects.keys(), ...unknown]) if (key.startsWith('Fleet/')) return key
  return undefined
}

type Pairing = { readonly left: Known; readonly right: Known; readonly onlyOther?: boolean }

function match(key: ObjectKey, otherKey: ObjectKey, { left, right, onlyOther = false }: Pairing): Match {
  const baseObject = onlyOther ? undefined : left.objects.get(key)
  const otherObject = right.objects.get(otherKey)
  const absent = left.untold ? 'unknown' : 'absent'
  return {
    key,
    otherKey,
    base: onlyOther ? absent : presence(left, key),
    other: presence(right, otherKey),
    ...(baseObject === undefined ? {} : { baseObject }),
    ...(otherObject === undefined ? {} : { otherObject }),
  }
}

/** What is not told where a file cannot be read may stand in that file: it is never called missing. */
function presence(side: Known, key: ObjectKey): Presence {
  if (side.objects.has(key)) return 'there'
  return side.unknown.has(key) || side.untold ? 'unknown' : 'absent'
}

/** True where the digests alone show that both sides have the same object. */
export function isSame({ key, otherKey, baseObject, otherObject }: Match): boolean {
  if (baseObject === undefined || otherObject === undefined || key !== otherKey) return false
  return baseObject.digest === otherObject.digest && baseObject.ownerKey === otherObject.ownerKey
}
