/** Freezes plain data, all the way down. Returns it. */
export function deepFreeze<T>(value: T): T {
  if (value === null || typeof value !== 'object' || Object.isFrozen(value)) return value
  Object.freeze(value)
  for (const child of Object.values(value)) deepFreeze(child)
  return value
}

/**
 * A pure function that remembers what it made of frozen objects: these cannot change, and many objects of a fleet share them. What it
 * made goes when the object goes. Nothing is remembered of others, which as a rule are seen once.
 */
export function ofFrozen<T extends object, R>(compute: (value: T) => R): (value: T) => R {
  const known = new WeakMap<T, { readonly result: R }>()
  return (value) => {
    const entry = known.get(value)
    if (entry !== undefined) return entry.result
    const result = compute(value)
    if (Object.isFrozen(value)) known.set(value, { result })
    return result
  }
}
