import type { Comparison } from '../types.ts'

/** A comparison for programs. */
export function renderJson(comparison: Comparison): string {
  return `${JSON.stringify({ apiVersion: 'gitvirt.io/v1alpha1', kind: 'Comparison', ...comparison }, null, 2)}\n`
}
