import type { Block } from '../../schemas/generated/plan.ts'
import { keyText, parseKey, type ObjectKey } from '../lib/object-key.ts'
import type { PlanContext } from './context.ts'

const mostPaths = 3

/** Why nothing is sent that needs this Secret or ConfigMap: Git has it, and it cannot be read. */
export function unreadableInput(context: PlanContext, key: ObjectKey): Block {
  const fault = context.input.desired.errors().find(({ object, severity }) => object === key && severity === 'error')
  const why = fault === undefined ? '' : ` (${fault.path}:${fault.line}:${fault.column}): ${fault.message}`
  return {
    reason: 'WaitingForDependency',
    message: `${keyText(key)} is in Git and cannot be read${why === '' ? '.' : why}`,
    unblock: fault?.action ?? `Mend ${keyText(key)} in Git.`,
  }
}

/** Something that this object needs and that is nowhere to be found; files that cannot be read may hold it. */
export function missingDependency(context: PlanContext, key: ObjectKey): Block {
  const { kind, namespace, name } = parseKey(key)
  const paths = [...context.input.desired.unknownPaths()].sort()
  const shown = paths.slice(0, mostPaths).join(', ')
  const more = paths.length > mostPaths ? ` and ${paths.length - mostPaths} more files` : ''
  const perhaps = paths.length === 0 ? '' : `, unless it is in ${shown}${more}, which cannot be read`
  return {
    reason: 'WaitingForDependency',
    message: `${kind} ${namespace}/${name} is not there${perhaps}.`,
    unblock: `Add ${kind} ${name} to Git in namespace ${namespace}, or mend the name${paths.length === 0 ? '' : ' or those files'}.`,
  }
}
