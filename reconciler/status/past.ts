import type { Clock } from '../lib/clock.ts'
import { parseKey, type ObjectKey } from '../lib/object-key.ts'
import type { PastRecords, PastState } from '../store/past-records.ts'
import type { Settings } from '../store/store.ts'
import type { ApiObject } from './api-object.ts'
import { hasPast, pastObject } from './past-state.ts'
import { rests } from './resting.ts'
import type { ObjectChange } from './writer.ts'

export type PastParts = {
  readonly records: PastRecords
  readonly settings: Settings
  readonly clock: Pick<Clock, 'now'>
  /** Most rows, but for the newest of each object; default 500,000. */
  readonly most?: number
  /** For how long rows are kept, in milliseconds; default `pastKept`. */
  readonly keep?: number
}

/**
 * Keeps what objects were. An object that rests in the store and is as it was when it came has no row, so a fleet that stands still costs
 * nothing: its first row is written at its first change. Of the few others nothing else is kept over a restart, so they have one at once.
 */
export type Past = {
  /** An object came, became another one, or went. */
  changed(change: ObjectChange): void
}

const sinceSetting = 'pastSince'
const keepSetting = 'pastKept'
const pruneEvery = 1000

/** For how long rows are kept where nobody says otherwise: 90 days, in milliseconds. */
const pastKept = 90 * 86_400_000

/** Since when objects' pasts are whole, in milliseconds since 1970. */
export function pastSince(settings: Settings): number {
  return Number(settings.get(sinceSetting) ?? '0')
}

export function createPast({ records, settings, clock, most = 500_000, keep = pastKept }: PastParts): Past {
  const now = (): number => clock.now().getTime()
  if (settings.get(sinceSetting) === undefined) settings.put(sinceSetting, String(now()))
  // Another time than at the last start holds at once; else rows go as others come.
  if ((settings.get(keepSetting) ?? String(pastKept)) !== String(keep)) {
    prune({ records, settings, now: now(), most, keep })
    settings.put(keepSetting, String(keep))
  }
  // Of what rests, so that the first start of a fleet asks for no row of any machine.
  let any = records.hasAny()
  let appended = 0
  const append = (key: string, at: number, body: string | undefined): void => {
    if (rests(parseKey(key).kind)) any = true
    records.append({ key, at, ...(body === undefined ? {} : { body }) })
    appended += 1
    if (appended % pruneEvery === 0) prune({ records, settings, now: now(), most, keep })
  }
  const newest = (key: ObjectKey, kind: string): PastState | undefined =>
    any || !rests(kind) ? records.at(Number.MAX_SAFE_INTEGER, key)[0] : undefined
  return {
    changed: ({ key, next, previous, known }) => {
      const { kind } = parseKey(key)
      if (!hasPast(kind)) return
      const row = newest(key, kind)
      // What is new needs no row, but for another life of a name whose last one ended.
      if (!known && row === undefined && rests(kind)) return
      const after = next === undefined ? undefined : textOf(next)
      const before = previous === undefined ? row?.body : textOf(previous)
      if (after === before) return
      // Where an earlier version kept nothing, nothing is said of the time before.
      if (row === undefined && previous !== undefined) append(key, beganAt(previous, settings), before)
      append(key, now(), after)
    },
  }
}

function textOf(object: ApiObject): string {
  return JSON.stringify(pastObject(object))
}

/** Since when an object without a row is as it is. */
export function beganAt({ metadata }: ApiObject, settings: Settings): number {
  const created = Date.parse(metadata.creationTimestamp)
  return Math.max(Number.isNaN(created) ? 0 : created, pastSince(settings))
}

type Pruning = {
  readonly records: PastRecords
  readonly settings: Settings
  readonly now: number
  readonly most: number
  readonly keep: number
}

function prune({ records, settings, now, most, keep }: Pruning): void {
  const surplus = records.count() - most
  const horizon = Math.max(now - keep, surplus > 0 ? (records.timeAfter(surplus) ?? 0) : 0)
  if (!records.dropBefore(horizon)) return
  settings.put(sinceSetting, String(Math.max(pastSince(settings), horizon)))
}
