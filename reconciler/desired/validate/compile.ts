import { Ajv, type ValidateFunction } from 'ajv'
import { kindSchemas, sharedSchemas } from '../../../schemas/documents.ts'

/** Keywords for editors and for the type generator; they check nothing. */
const annotations = ['tsType', 'patternErrorMessage']

function newAjv(allErrors: boolean): Ajv {
  const ajv = new Ajv({
    allErrors,
    verbose: allErrors,
    strict: true,
    strictTypes: false,
    strictRequired: false,
    inlineRefs: false,
    // Compiling is most of the time of a short command. A test checks the schemas themselves, and V8 optimises as well as Ajv.
    validateSchema: false,
    code: { optimize: false },
  })
  ajv.addVocabulary(annotations)
  for (const schema of [...Object.values(kindSchemas), ...sharedSchemas]) ajv.addSchema(schema)
  return ajv
}

/** One set of compiled validators, each compiled at its first use. */
class Validators {
  readonly #allErrors: boolean
  #ajv: Ajv | undefined
  readonly #compiled = new Map<string, ValidateFunction | undefined>()

  constructor(allErrors: boolean) {
    this.#allErrors = allErrors
  }

  of(kind: string): ValidateFunction | undefined {
    if (!this.#compiled.has(kind)) this.#compiled.set(kind, this.#compile(kind))
    return this.#compiled.get(kind)
  }

  #compile(kind: string): ValidateFunction | undefined {
    const id = kindSchemas[kind]?.$id
    if (id === undefined) return undefined
    this.#ajv ??= newAjv(this.#allErrors)
    return this.#ajv.getSchema(id)
  }
}

/** Stops at the first fault: for the many objects that have none. */
export const fastValidators = new Validators(false)

/** Collects every fault with its schema and data: for the few that have some. */
export const thoroughValidators = new Validators(true)
