import type { Change, Step } from '../../schemas/generated/plan.ts'
import type { Bag } from '../../schemas/generated/session.ts'
import { objectKey, parseKey, type ObjectKey } from '../lib/object-key.ts'

/** Gives the data of one Secret or ConfigMap: data key -> base64. Values stay in memory. */
export type InputSource = (key: ObjectKey) => Readonly<Record<string, string>> | undefined

export type Inputs = { readonly secrets: Bag; readonly configMaps: Bag }

/** The values that the steps of these changes refer to, and no others: a host sees only its own guests' secrets. */
export function inputsOf(changes: readonly Change[], source: InputSource): Inputs {
  const inputs = { secrets: {} as Bag, configMaps: {} as Bag }
  const keys = new Set(changes.flatMap((change) => change.steps.flatMap(inputKeys)))
  for (const key of keys) {
    const data = source(key)
    if (data !== undefined) (parseKey(key).kind === 'Secret' ? inputs.secrets : inputs.configMaps)[key] = { ...data }
  }
  return inputs
}

function inputKeys(step: Step): readonly ObjectKey[] {
  return [...Object.keys(step.machine?.inputs ?? {}), ...(step.volume === undefined ? [] : volumeInputs(step.volume))]
}

/** Secrets and certificates of a DataVolume's source, whichever source it is. Source: CDI's v1beta1 DataVolumeSource. */
function volumeInputs({ namespace, spec }: NonNullable<Step['volume']>): readonly ObjectKey[] {
  const sources = Object.values(spec.source ?? {}) as unknown[]
  return sources.flatMap((source) => {
    if (source === null || typeof source !== 'object') return []
    const { secretRef, certConfigMap, secretExtraHeaders } = source as Record<string, unknown>
    const secrets = [secretRef, ...(Array.isArray(secretExtraHeaders) ? (secretExtraHeaders as unknown[]) : [])]
    return [
      ...secrets.filter((name) => typeof name === 'string').map((name) => objectKey('Secret', namespace, name)),
      ...(typeof certConfigMap === 'string' ? [objectKey('ConfigMap', namespace, certConfigMap)] : []),
    ]
  })
}
