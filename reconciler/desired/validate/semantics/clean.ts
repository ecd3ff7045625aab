import type { Report } from './report.ts'

/**
 * Runs a check, unless it found nothing before in the very same frozen values: objects of a fleet share them. The check must depend on
 * these values alone.
 */
export type CheckOnce = (report: Report, values: readonly [unknown, unknown?], check: () => void) => void

/** A memory of its own for one check. */
export function checkOnce(): CheckOnce {
  const clean = new WeakMap<object, unknown>()
  return (report, [value, other], check) => {
    const isKept = value !== null && typeof value === 'object' && Object.isFrozen(value) && Object.isFrozen(other)
    if (isKept && clean.has(value) && clean.get(value) === other) return
    const before = report.findings.length
    check()
    if (isKept && report.findings.length === before) clean.set(value, other)
  }
}
