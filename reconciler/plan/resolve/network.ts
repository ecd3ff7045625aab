import type { PolicySpec } from '../../../schemas/generated/plan.ts'
import type { DesiredObject } from '../../desired/types.ts'
import { parseKey } from '../../lib/object-key.ts'
import { labelsOf } from './recorded-labels.ts'

export type NetworkObject = DesiredObject & { readonly kind: 'NodeNetworkConfigurationPolicy' }

/** A NodeNetworkConfigurationPolicy as one agent needs it. */
export function resolveNetwork(desired: NetworkObject): PolicySpec {
  const { spec, metadata } = desired.object
  return {
    key: desired.key,
    name: parseKey(desired.key).name,
    ...labelsOf(metadata),
    desiredState: { ...spec?.desiredState },
    ...(spec?.capture === undefined ? {} : { capture: spec.capture }),
    ...(desired.notes === undefined || desired.notes.length === 0 ? {} : { translated: [...desired.notes] }),
    origin: desired.origin,
  }
}

/** Names of the interfaces that a desired network state brings up, that is, does not remove. */
export function createdInterfaces(desiredState: unknown): string[] {
  return interfacesOf(desiredState).flatMap(({ name, state }) => (state === 'absent' ? [] : [name]))
}

/** Names of the interfaces that a desired network state removes. */
export function removedInterfaces(desiredState: unknown): string[] {
  return interfacesOf(desiredState).flatMap(({ name, state }) => (state === 'absent' ? [name] : []))
}

function interfacesOf(desiredState: unknown): { readonly name: string; readonly state: unknown }[] {
  const interfaces = field(desiredState, 'interfaces')
  if (!Array.isArray(interfaces)) return []
  return (interfaces as unknown[]).flatMap((one) => {
    const name = field(one, 'name')
    return typeof name === 'string' ? [{ name, state: field(one, 'state') }] : []
  })
}

function field(value: unknown, name: string): unknown {
  return value !== null && typeof value === 'object' && Object.hasOwn(value, name) ? (value as Record<string, unknown>)[name] : undefined
}
