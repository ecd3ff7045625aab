import { createRequire } from 'node:module'
import type { ValidateFunction } from 'ajv'
import * as fast from '../../../schemas/generated/validators/fast.js'

const fastValidators: ReadonlyMap<string, ValidateFunction> = new Map(Object.entries(fast))
let thoroughValidators: ReadonlyMap<string, ValidateFunction> | undefined

/** A kind's validator that stops at the first fault: for the many objects that have none. */
export function fastValidator(kind: string): ValidateFunction | undefined {
  return fastValidators.get(kind)
}

/** A kind's validator that collects every fault with its schema and data: for the few objects that have some, and loaded for them. */
export function thoroughValidator(kind: string): ValidateFunction | undefined {
  thoroughValidators ??= new Map(Object.entries(loadThorough()))
  return thoroughValidators.get(kind)
}

function loadThorough(): Readonly<Record<string, ValidateFunction>> {
  const load = createRequire(import.meta.url)
  return load('../../../schemas/generated/validators/thorough.js') as Readonly<Record<string, ValidateFunction>>
}
