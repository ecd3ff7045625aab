import type { Report } from './report.ts'

/**
 * Runs a check, unless it found nothing before in the very same frozen values: objects of a fleet share them. The check must depend on
 * these values alone.
 */
export type CheckOnce = (report: Report, values: readonly [unknown, unknown?], check: () => void) => void

/** A memory of its own for one check. */
export function checkOnce(): CheckOnce {
  const clean = new WeakMap<object, { readonly other: unknown }>()
  return (report, [value, other], check) => {
    if (value === null || typeof value !== 'object') return check()
    const known = clean.get(value)
    if (known !== undefined && known.other === other) return
    const before = report.findings.length
    check()
    if (report.findings.length === before && Object.isFrozen(value) && Object.isFrozen(other)) clean.set(value, { other })
  }
}
