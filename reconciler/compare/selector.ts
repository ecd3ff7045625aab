import { kinds, resolveKind } from '../../schemas/kinds.ts'
import { GitvirtError } from '../lib/errors.ts'
import { parseKey, type ObjectKey } from '../lib/object-key.ts'
import { globTest } from '../lib/glob.ts'

/**
 * A test for objects by what people write: `vm`, `vm/web-*`, `vm/team-a/web`, several with commas; `*` stands for any text and for any
 * kind. Without a namespace, all namespaces.
 * @throws GitvirtError `InvalidSelector`
 */
export function parseSelector(text: string): (key: ObjectKey) => boolean {
  const tests = text.split(',').map(parseOne)
  return (key) => tests.some((test) => test(key))
}

function parseOne(text: string): (key: ObjectKey) => boolean {
  const [kind = '', ...rest] = text.trim().split('/')
  const info = kind === '*' ? undefined : resolveKind(kind)
  if (rest.length > 2 || rest.includes('') || (kind !== '*' && !kinds.some((one) => one.kind === info?.kind))) throw invalid(text)
  const name = globTest(rest.at(-1))
  const namespace = globTest(rest.length === 2 ? rest[0] : undefined)
  return (key) => {
    const parts = parseKey(key)
    return (info === undefined || parts.kind === info.kind) && namespace(parts.namespace) && name(parts.name)
  }
}

function invalid(text: string): GitvirtError {
  return new GitvirtError({
    code: 'InvalidSelector',
    message: `"${text}" selects no objects.`,
    action: `Write KIND, KIND/NAME or KIND/NAMESPACE/NAME; kinds are ${kinds.map(({ kind }) => kind).join(', ')} and their short names.`,
  })
}
