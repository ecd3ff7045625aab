import { ignoreAnnotation } from '../../lib/ignored-fields.ts'
import { driftAnnotation } from '../drift-gate.ts'
import { suspendAnnotation } from '../suspended.ts'

/** Annotations that tell the reconciler what to do; hosts never hear of them, so that setting one changes nothing there. */
const reconcilers: readonly string[] = [suspendAnnotation, driftAnnotation, ignoreAnnotation]

/** The annotations that hosts get. The object itself where it has none of the reconciler's own. */
export function hostAnnotations(annotations: Record<string, string>): Record<string, string> {
  if (!reconcilers.some((name) => Object.hasOwn(annotations, name))) return annotations
  return Object.fromEntries(Object.entries(annotations).filter(([name]) => !reconcilers.includes(name)))
}
