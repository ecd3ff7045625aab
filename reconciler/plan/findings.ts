import type { Finding } from '../../schemas/generated/plan.ts'
import type { DesiredObject } from '../desired/types.ts'
import { objectKey, type ObjectKey } from '../lib/object-key.ts'
import { builtInPool } from './resolve/pool.ts'
import type { PlanContext } from './context.ts'

const builtInClass = objectKey('StorageClass', '', builtInPool.name)

/** What to tell about an object that Git has but nobody can read. */
export function unknownFinding(context: PlanContext, key: ObjectKey): Finding {
  const origin = context.sightings(key).find(({ object }) => object.applied !== undefined)?.object.applied?.origin
  const error = context.input.desired.errors().find(({ object, path }) => object === key || path === origin?.path)
  const why = error === undefined ? '' : ` ${error.path}:${error.line}:${error.column}: ${error.message}`
  return {
    severity: 'warning',
    code: 'ObjectUnknown',
    key,
    message: `Its manifest cannot be read, so it is left as it is.${why}`,
    ...(origin === undefined ? {} : { origin }),
  }
}

/** References that lead nowhere. */
export function objectFindings(context: PlanContext, desired: DesiredObject): Finding[] {
  return desired.references
    .filter((key) => key !== builtInClass && context.desired(key) === undefined && !context.isUnknown(key))
    .map((key) => ({
      severity: 'warning',
      code: 'MissingReference',
      key: desired.key,
      message: `It refers to ${key}, which Git does not have.`,
      origin: desired.origin,
    }))
}
