import { findingOf } from './finding.ts'
import { dropNulls } from './nulls.ts'
import { mostFindings, semanticFindings } from './semantics.ts'
import type { SchemaFinding } from './types.ts'
import { fastValidator, thoroughValidator } from './validators.ts'

/**
 * Checks one parsed object of a kind that gitvirt runs: first against the kind's JSON Schema, then against the rules
 * that a schema cannot say. Takes the object as it stands in the file, of any served version, nulls included.
 *
 * @returns every fault at once, in no particular order; empty for a valid object. A kind without a schema has none.
 */
export function validateObject(kind: string, object: object): readonly SchemaFinding[] {
  const fast = fastValidator(kind)
  if (fast === undefined) return []
  if (fast(object)) return semanticFindings(kind, object)
  const given = dropNulls(kind, object)
  if (given !== object && fast(given)) return semanticFindings(kind, given, object)
  return [...schemaFindings(kind, given), ...semanticFindings(kind, given, object)].slice(0, mostFindings)
}

function schemaFindings(kind: string, object: object): SchemaFinding[] {
  const thorough = thoroughValidator(kind)
  if (thorough === undefined || thorough(object)) return []
  const findings: SchemaFinding[] = []
  for (const error of (thorough.errors ?? []).slice(0, mostFindings)) {
    const finding = findingOf(kind, object, error)
    if (finding !== undefined) findings.push(finding)
  }
  return findings
}
