import { digestOf } from './digest.ts'

/**
 * The seal of a plan: sha256, in hex, of its canonical JSON without the seal itself and the time it was made.
 * The planner writes it into `id`; the agent computes it again and refuses a plan whose `id` differs.
 */
export function planSeal(plan: { readonly id: string; readonly createdAt: string }): string {
  return digestOf({ ...plan, id: '', createdAt: '' })
}
