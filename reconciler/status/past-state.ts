import { conditionsOf, type ApiObject } from './api-object.ts'

/** What of an object is kept of its past: enough to tell what ran where, and what was wrong. */
export type PastObject = {
  readonly phase?: string
  readonly node?: string
  readonly addresses?: readonly string[]
  /** Status and reason by type. */
  readonly conditions: Readonly<Record<string, string>>
}

/** Kinds whose past is kept. */
export const pastKinds = [
  'VirtualMachine',
  'VirtualMachineInstance',
  'DataVolume',
  'NodeNetworkConfigurationPolicy',
  'NodeNetworkConfigurationEnactment',
  'Node',
] as const
const followed: ReadonlySet<string> = new Set(pastKinds)

type Status = {
  readonly printableStatus?: string
  readonly phase?: string
  readonly nodeName?: string
  readonly interfaces?: readonly { readonly ipAddresses?: readonly string[]; readonly ipAddress?: string }[]
  readonly addresses?: readonly { readonly type: string; readonly address: string }[]
}

/** False for kinds whose past nobody asks for. */
export function hasPast(kind: string): boolean {
  return followed.has(kind)
}

/** The part of a served object that is kept. Pure. */
export function pastObject(object: ApiObject): PastObject {
  const status = (object.status ?? {}) as Status
  const phase = status.printableStatus ?? status.phase
  const addresses = addressesOf(status)
  const conditions = conditionsOf(object).map(
    ({ type, status, reason }) => [type, reason === '' ? status : `${status}: ${reason}`] as const,
  )
  return {
    ...(phase === undefined ? {} : { phase }),
    ...(status.nodeName === undefined ? {} : { node: status.nodeName }),
    ...(addresses.length === 0 ? {} : { addresses }),
    conditions: Object.fromEntries(conditions),
  }
}

function addressesOf({ interfaces = [], addresses = [] }: Status): string[] {
  const guest = interfaces.flatMap(({ ipAddresses, ipAddress }) => ipAddresses ?? (ipAddress === undefined ? [] : [ipAddress]))
  return [...guest, ...addresses.filter(({ type }) => type !== 'Hostname').map(({ address }) => address)]
}
