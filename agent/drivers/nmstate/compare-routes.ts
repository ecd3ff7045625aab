import { sameScalar } from './compare-scalar.ts'
import { asList, asObject, valueAt, type NetworkState } from './network-state.ts'

type Report = (path: string, expected: unknown, actual: unknown) => void

/** The main routing table; nmstate writes 0 for it too. Source: ip-route(8), nmstate's RouteEntry. */
const mainTable = 254

/** Reports wanted routes and rules that are missing, and unwanted ones (`state: absent`) that are there. */
export function compareRoutes(desired: NetworkState, current: NetworkState, report: Report): void {
  for (const section of ['routes', 'route-rules']) {
    const actual = [...asList(valueAt(current, section, 'config')), ...asList(valueAt(current, section, 'running'))]
    for (const wanted of asList(valueAt(desired, section, 'config'))) {
      const absent = valueAt(wanted, 'state') === 'absent'
      const found = actual.find((other) => matches(wanted, other))
      if (absent === (found !== undefined))
        report(`${section}.config[${label(wanted)}]`, absent ? 'absent' : label(wanted), absent ? label(found) : 'absent')
    }
  }
}

function matches(wanted: unknown, actual: unknown): boolean {
  return Object.entries(asObject(wanted) ?? {}).every(([key, value]) => key === 'state' || sameField(key, value, valueAt(actual, key)))
}

function sameField(key: string, wanted: unknown, actual: unknown): boolean {
  if (key === 'table-id' || key === 'route-table') return tableOf(wanted) === tableOf(actual)
  // The kernel's own default metric is not told for IPv4, and is 1024 for IPv6.
  if (key === 'metric' && (Number(wanted) <= 0 || actual === undefined)) return Number(wanted) <= 0
  // Fields that nmstate does not report back cannot tell routes apart.
  if (actual === undefined) return !key.startsWith('next-hop') && key !== 'destination'
  return sameScalar(wanted, actual)
}

function tableOf(value: unknown): number {
  const table = Number(value ?? 0)
  return table === 0 ? mainTable : table
}

function label(route: unknown): string {
  const keys = ['destination', 'next-hop-address', 'next-hop-interface', 'ip-from', 'ip-to']
  const parts = keys.map((key) => valueAt(route, key)).filter((part) => typeof part === 'string')
  return parts.join(' ').slice(0, 200)
}
