import type { DesiredView } from '../desired/types.ts'
import { keyText, objectKey, parseKey, type ObjectKey } from '../lib/object-key.ts'
import type { Suspension } from './types.ts'

/** Annotation by which Git itself suspends an object, a Node or a Namespace; its value is the reason. */
export const suspendAnnotation = 'gitvirt.io/suspend'

/** Whom a suspension may concern: an object, who owns it, and the host that has it. */
export type SuspensionPlace = { readonly key: ObjectKey; readonly ownerKey?: ObjectKey | undefined; readonly node: string }

/** A suspension that holds now. */
export type InForce = {
  /** What was suspended, as people name it. */
  readonly what: string
  readonly text: string
  readonly unblock: string
  readonly until?: string
  /** True: by an annotation in Git; otherwise by a person's request. */
  readonly inGit: boolean
}

type Told = { readonly inGit: InForce | undefined; readonly unread: InForce | undefined }

/** Which suspensions hold at a time. Pure. */
export class Suspensions {
  readonly #byKey: ReadonlyMap<ObjectKey, Suspension>
  readonly #fleet: Suspension | undefined
  readonly #desired: DesiredView
  /** What Git says of a namespace and a host, told once for all that are there. */
  readonly #told = new Map<string, Told>()

  constructor(suspensions: readonly Suspension[], { desired, now }: { readonly desired: DesiredView; readonly now: Date }) {
    const time = now.toISOString()
    const inForce = suspensions.filter(({ until }) => until === undefined || until > time)
    this.#byKey = new Map(inForce.map((one) => [one.key, one]))
    this.#fleet = inForce.find(({ key }) => key.startsWith('Fleet/'))
    this.#desired = desired
  }

  /** True where a person suspended anything. */
  get any(): boolean {
    return this.#byKey.size > 0
  }

  /**
   * What holds an object back: the narrowest word of a person first, then Git's; then an owner, namespace or host of which nobody can tell
   * whether Git suspends it. Undefined where nothing does.
   */
  of(place: SuspensionPlace): InForce | undefined {
    const { key, ownerKey } = place
    const owner = ownerKey === undefined ? [] : [ownerKey]
    const around = this.#around(place)
    return this.byPerson(place) ?? this.inGit([key, ...owner]) ?? around.inGit ?? this.#unread(owner) ?? around.unread
  }

  #around({ key, node }: SuspensionPlace): Told {
    const where = `${key.slice(0, key.lastIndexOf('/'))} ${node}`
    const known = this.#told.get(where)
    if (known !== undefined) return known
    const places = placesOf({ key, node }).slice(1)
    const told = { inGit: this.inGit(places), unread: this.#unread(places) }
    this.#told.set(where, told)
    return told
  }

  /** The narrowest word of a person that concerns an object. */
  byPerson(place: SuspensionPlace): InForce | undefined {
    if (!this.any) return undefined
    const found = placesOf(place)
      .map((key) => this.#byKey.get(key))
      .find((one) => one !== undefined)
    const suspension = found ?? this.#fleet
    return suspension === undefined ? undefined : inForce(suspension)
  }

  /** The first of these that Git itself suspends. */
  inGit(keys: readonly ObjectKey[]): InForce | undefined {
    for (const place of keys) {
      const reason = this.#desired.get(place)?.object.metadata.annotations?.[suspendAnnotation]
      if (reason !== undefined) return suspendedInGit(place, reason)
    }
    return undefined
  }

  /** A file that does not parse must not lift a suspension that stands in it. */
  #unread(keys: readonly ObjectKey[]): InForce | undefined {
    const unknown = keys.find((place) => this.#desired.isUnknownKey(place))
    return unknown === undefined ? undefined : unreadInGit(unknown)
  }
}

/** The object, its owner, its namespace and its host, in this order. */
function placesOf({ key, ownerKey, node }: SuspensionPlace): ObjectKey[] {
  const { namespace } = parseKey(key)
  return [
    key,
    ...(ownerKey === undefined ? [] : [ownerKey]),
    ...(namespace === '' ? [] : [objectKey('Namespace', '', namespace)]),
    ...(node === '' ? [] : [objectKey('Node', '', node)]),
  ]
}

function inForce({ key, by, reason, at, until }: Suspension): InForce {
  const isFleet = key.startsWith('Fleet/')
  const what = isFleet ? 'the environment' : keyText(key)
  return {
    what,
    text: `${by} suspended ${what} at ${at}${until === undefined ? '' : ` until ${until}`}${reason === '' ? '.' : `: ${reason}`}`,
    unblock: `${until === undefined ? '' : 'Wait, or '}${resume(until === undefined)} ${isFleet ? 'the environment with "gitvirt resume"' : what}.`,
    ...(until === undefined ? {} : { until }),
    inGit: false,
  }
}

function resume(first: boolean): string {
  return first ? 'Resume' : 'resume'
}

function suspendedInGit(key: ObjectKey, reason: string): InForce {
  const what = keyText(key)
  return {
    what,
    text: `Git suspends ${what} (annotation ${suspendAnnotation}): ${reason}`,
    unblock: `Take the annotation ${suspendAnnotation} out of ${what} in Git.`,
    inGit: true,
  }
}

function unreadInGit(key: ObjectKey): InForce {
  const what = keyText(key)
  return {
    what,
    text: `What Git says of ${what} cannot be read, so nobody can tell whether it is suspended.`,
    unblock: `Mend the manifest of ${what} in Git.`,
    inGit: true,
  }
}
