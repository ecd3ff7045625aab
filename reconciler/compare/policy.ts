import { objectKey, parseKey, type ObjectKey } from '../lib/object-key.ts'
import { parsePath, segmentName } from '../plan/diff/path.ts'
import { covers, pathTests } from '../plan/diff/patterns.ts'
import { globCapture, globTest } from '../lib/glob.ts'
import type { ComparisonPolicy } from './types.ts'

/** The Fleet's words on differences, ready to be asked. */
export type Allowance = {
  /** Why this field of the object may differ; undefined where it may not. */
  field(key: ObjectKey, path: string): string | undefined
  /** Why the object may be on one side only. */
  presence(key: ObjectKey): string | undefined
}

type Test = (text: string) => boolean
type Rule = {
  readonly kind: string | undefined
  readonly namespace: Test
  readonly name: Test
  readonly fields: readonly (readonly Test[])[] | undefined
  readonly reason: string
}

export function createAllowance(policies: readonly (ComparisonPolicy | undefined)[]): Allowance {
  const rules = policies
    .flatMap((policy) => policy?.allowedDifferences ?? [])
    .map((entry): Rule => {
      const { kind, namespace, name, fields, reason } = entry
      return { kind, namespace: globTest(namespace), name: globTest(name), fields: fields?.map(pathTests), reason }
    })
  const rulesOf = (key: ObjectKey): Rule[] => {
    const { kind, namespace, name } = parseKey(key)
    return rules.filter((rule) => (rule.kind ?? kind) === kind && rule.namespace(namespace) && rule.name(name))
  }
  return {
    field: (key, path) => {
      const names = parsePath(path).map(segmentName)
      return rulesOf(key).find(({ fields }) => fields === undefined || fields.some((tests) => covers(tests, names)))?.reason
    },
    presence: (key) => rulesOf(key).find(({ fields }) => fields === undefined)?.reason,
  }
}

/** Where the object of the first side is to be found on the second; the same key where no rename fits. */
export function createRenames(policy: ComparisonPolicy | undefined): (key: ObjectKey) => ObjectKey {
  const renames = policy?.renames ?? []
  if (renames.length === 0) return (key) => key
  return (key) => {
    const { kind } = parseKey(key)
    for (const rename of renames) {
      const renamed = rename.kind === undefined || rename.kind === kind ? renameKey(key, rename) : undefined
      if (renamed !== undefined) return renamed
    }
    return key
  }
}

function renameKey(key: ObjectKey, { here, there }: { readonly here: string; readonly there: string }): ObjectKey | undefined {
  const { kind, namespace, name } = parseKey(key)
  const from = splitName(here)
  const to = splitName(there)
  const space = globCapture(from.namespace, namespace)
  const own = globCapture(from.name, name)
  if (space === undefined || own === undefined) return undefined
  return objectKey(
    kind,
    to.namespace.replace('*', () => space),
    to.name.replace('*', () => own),
  )
}

function splitName(text: string): { readonly namespace: string; readonly name: string } {
  const slash = text.indexOf('/')
  return { namespace: text.slice(0, Math.max(slash, 0)), name: text.slice(slash + 1) }
}
