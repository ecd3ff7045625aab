import type { DisruptionClass } from '../../../schemas/generated/plan.ts'

/** All classes in rising order. */
export const disruptionClasses: readonly DisruptionClass[] = ['none', 'live', 'hotplug', 'migrate', 'restart', 'recreate', 'data-loss']

const ranks: Readonly<Record<DisruptionClass, number>> = {
  none: 0,
  live: 1,
  hotplug: 2,
  migrate: 3,
  restart: 4,
  recreate: 5,
  'data-loss': 6,
}

/** True where `one` disturbs more than `other`. */
export function exceeds(one: DisruptionClass, other: DisruptionClass): boolean {
  return ranks[one] > ranks[other]
}

/** The most disturbing of the classes; `none` for an empty list. */
export function highest(classes: Iterable<DisruptionClass>): DisruptionClass {
  let top: DisruptionClass = 'none'
  for (const one of classes) if (exceeds(one, top)) top = one
  return top
}
