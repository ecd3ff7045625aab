import { keyText, parseKey, type ObjectKey } from '../../lib/object-key.ts'
import type { PastAnswer, PastSighting } from '../../past.ts'
import type { DesiredAnswer, PastDesired } from '../past-desired.ts'
import { formatColumns, printable } from './table.ts'

/** Both halves of the past; desired is absent where the revision is not known. */
export type PastView = { readonly past: PastAnswer; readonly desired: DesiredAnswer | undefined }

/** Objects that Git and hosts have of their own; what follows from others, such as instances, stands in their rows. */
const shown: ReadonlySet<string> = new Set(['VirtualMachine', 'DataVolume', 'NodeNetworkConfigurationPolicy', 'Node'])

/** All objects of the environment, one a line. */
export function pastTable({ past, desired }: PastView, wide: boolean): string {
  const wanted = new Map((desired?.objects ?? []).map((object) => [object.key, object]))
  const seen = new Map(past.observed.map((one) => [one.key, one]))
  const keys = [...new Set([...wanted.keys(), ...seen.keys()])].filter((key) => shown.has(parseKey(key).kind)).toSorted()
  const head =
    past.revision === undefined ? [] : [`Revision ${past.revision.commit.slice(0, 12)}, in force since ${past.revision.since}`, '']
  const header = ['OBJECT', 'IN GIT', 'STATUS', 'NODE', 'SINCE', 'APPLIED', ...(wide ? ['SYNCED', 'ADDRESSES'] : [])]
  const rows = keys.map((key) => row({ past, seen }, { key, wanted: wanted.get(key), known: desired !== undefined, wide }))
  return [...head, formatColumns([header, ...rows])].join('\n')
}

type Seen = { readonly past: PastAnswer; readonly seen: ReadonlyMap<ObjectKey, PastSighting> }
type Row = { readonly key: ObjectKey; readonly wanted: PastDesired | undefined; readonly known: boolean; readonly wide: boolean }

function row({ past, seen }: Seen, { key, wanted, known, wide }: Row): string[] {
  const sighting = seen.get(key)
  const instance = seen.get(instanceOf(key))
  const state = sighting?.state
  const applied = past.applied.filter((one) => one.key === key)
  return [
    printable(keyText(key)),
    known ? printable(wanted?.file ?? 'no') : '?',
    state === undefined ? '-' : printable(state.phase ?? state.conditions['Ready'] ?? state.conditions['Available'] ?? 'there'),
    printable(instance?.state.node ?? state?.node ?? '-'),
    sighting?.since ?? '-',
    applied.map(({ commit }) => commit.slice(0, 12)).join(', ') || '-',
    ...(wide ? [printable(state?.conditions['Synced'] ?? '-'), printable((instance ?? sighting)?.state.addresses?.join(', ') ?? '-')] : []),
  ]
}

function instanceOf(key: ObjectKey): ObjectKey {
  const { kind, namespace, name } = parseKey(key)
  return kind === 'VirtualMachine' ? `VirtualMachineInstance/${namespace}/${name}` : ''
}

/** The past as data, for machines and for one object. */
export function pastObjectView({ past, desired }: PastView, key: ObjectKey | undefined): Record<string, unknown> {
  const { at, revision, revisionsSince, observedSince, observed, applied } = past
  const common = { at, revision: revision ?? null, revisionsSince: revisionsSince ?? null, observedSince }
  const wanted = desired === undefined ? { desired: null } : { desired: desired.objects, errors: desired.errors }
  const seen = at < observedSince ? null : observed
  if (key === undefined) return { ...common, ...wanted, observed: seen, applied }
  const [object] = desired?.objects ?? []
  return { ...common, object: key, desired: desired === undefined ? null : (object ?? 'not in Git'), observed: seen, applied }
}
