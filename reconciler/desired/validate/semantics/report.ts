import { fieldPath } from '../../../../schemas/field-path.ts'
import { valueAt } from '../pointer.ts'
import type { FindingCode, Pointer, SchemaFinding } from '../types.ts'

type Fault = { readonly message: string; readonly action?: string }

/** Collects the findings of one object; the rules stay short because it knows the object and how to write paths. */
export class Report {
  readonly findings: SchemaFinding[] = []
  readonly #original: object

  /** @param original the object as written, with the nulls that the rules no longer see. */
  constructor(original: object) {
    this.#original = original
  }

  add(code: FindingCode, pointer: Pointer, fault: Fault): void {
    this.findings.push({ code, field: fieldPath(pointer), pointer, ...fault })
  }

  /** A missing field: the position is its parent's; a field that is there but empty is told as such. */
  missing(parent: Pointer, name: string, action: string): void {
    const pointer = [...parent, name]
    const field = fieldPath(pointer)
    if (valueAt(this.#original, pointer) === null) {
      this.findings.push({ code: 'MissingField', field, pointer, message: `${field} is empty.`, action })
    } else {
      this.findings.push({ code: 'MissingField', field, pointer: parent, message: `${field} is missing.`, action })
    }
  }

  /** Keys of an object that are written but empty, such as `pod:` for `pod: {}`. */
  emptyKeys(pointer: Pointer, keys: readonly string[]): readonly string[] {
    const value = valueAt(this.#original, pointer)
    if (value === null || typeof value !== 'object') return []
    return keys.filter((key) => (value as Record<string, unknown>)[key] === null)
  }
}
