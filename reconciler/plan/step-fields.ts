import type { Change } from '../../schemas/generated/plan.ts'
import { exceeds } from './disruption/classes.ts'

/** Paths of the fields that each step brings to its host, by the step's id; a step that is absent brings the whole object. */
export type StepFields = ReadonlyMap<string, readonly string[]>

/** Most paths of one step: a receipt holds no more. */
const mostFields = 1000

/**
 * Which step brings which field: what a guest must restart for arrives with its restart, all else with the first step. Of an object
 * that is made or goes, no step is told apart. Pure.
 */
export function stepFields(changes: readonly Change[]): StepFields {
  const found = new Map<string, readonly string[]>()
  for (const { action, fields, steps } of changes) {
    if (action !== 'update' || fields.length === 0) continue
    const restarts = steps.some(({ verb }) => verb === 'RestartDomain')
    for (const { id, verb } of steps) {
      const brought = fields.filter(({ disruption }) => !restarts || exceeds(disruption, 'migrate') === (verb === 'RestartDomain'))
      found.set(
        id,
        brought.slice(0, mostFields).map(({ path }) => path),
      )
    }
  }
  return found
}
