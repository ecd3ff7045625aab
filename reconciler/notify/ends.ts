import type { ObjectKey } from '../lib/object-key.ts'
import type { Store } from '../store/store.ts'
import type { Intake } from './intake.ts'

export type EndsParts = {
  readonly store: Pick<Store, 'news' | 'transaction'>
  readonly intake: Pick<Intake, 'over'>
  /** That the trouble of an object, told with this reason, is over, in words; undefined while it may stand. */
  readonly endOf: (key: ObjectKey, reason: string) => string | undefined
  /** False while nobody knows yet what stands, as after a start: then no end is looked for. */
  readonly known: () => boolean
  /** How long an object must be well before that is told, in milliseconds. */
  readonly steady: number
  readonly now: () => number
}

/** Which troubles that people were told of may be over. */
export type Ends = {
  /** A trouble of this object was told, or told again. */
  began(key: ObjectKey): void
  /** True where people were told of a trouble of this object. */
  stands(key: ObjectKey): boolean
  /** The object changed: its trouble may be over. */
  touched(key: ObjectKey): void
  /** Tells the ends of what has been well for long enough. */
  look(): void
  /** When to look again; undefined where nothing may end. */
  dueAt(): number | undefined
}

/** Goes on with what stood when the reconciler ended: it is looked at when all hosts had time to come back. */
export function createEnds(parts: EndsParts): Ends {
  const { store, steady, now } = parts
  const standing = new Set(store.news.standingKeys())
  /** Keys with a standing trouble that may be over, and since when. */
  const touched = new Map<ObjectKey, number>([...standing].map((key) => [key, now()]))
  const tell = (key: ObjectKey): void => {
    const reasons = new Set(store.news.standing(key).map(({ reason }) => reason))
    for (const reason of reasons) {
      const message = parts.endOf(key, reason)
      if (message !== undefined) parts.intake.over(key, { message, reasons: new Set([reason]) })
    }
    if (store.news.standing(key).length === 0) standing.delete(key)
    touched.delete(key)
  }
  const look = (): void => {
    const at = now()
    const ripe = [...touched].filter(([, since]) => since <= at - steady).map(([key]) => key)
    if (ripe.length === 0) return
    // What was before anything was known says nothing of how long they have been well.
    if (!parts.known()) for (const key of ripe) touched.set(key, at)
    else store.transaction(() => ripe.forEach(tell))
  }
  return {
    began: (key) => {
      standing.add(key)
      touched.delete(key)
    },
    stands: (key) => standing.has(key),
    touched: (key) => {
      if (standing.has(key) && !touched.has(key)) touched.set(key, now())
    },
    look,
    dueAt: () => (touched.size > 0 ? now() + steady : undefined),
  }
}
