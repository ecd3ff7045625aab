import { NOT_RESOLVED, Schema, defineMappingTag, defineScalarTag, mapTag, mergeTag, seqTag, strTag } from 'js-yaml'
import {
  booleanFirstChars,
  floatFirstChars,
  isNullScalar,
  nullFirstChars,
  numberFirstChars,
  resolveBoolean,
  resolveFloat,
  resolveInteger,
} from './scalars.ts'

const never = (): boolean => false

const nullTag = defineScalarTag<null>('tag:yaml.org,2002:null', {
  implicit: true,
  implicitFirstChars: nullFirstChars,
  resolve: (text) => (isNullScalar(text) ? null : NOT_RESOLVED),
  identify: never,
})

const boolTag = defineScalarTag<boolean>('tag:yaml.org,2002:bool', {
  implicit: true,
  implicitFirstChars: booleanFirstChars,
  resolve: (text) => resolveBoolean(text) ?? NOT_RESOLVED,
  identify: never,
})

const intTag = defineScalarTag<number>('tag:yaml.org,2002:int', {
  implicit: true,
  implicitFirstChars: numberFirstChars,
  resolve: (text) => resolveInteger(text) ?? NOT_RESOLVED,
  identify: never,
})

const floatTag = defineScalarTag<number>('tag:yaml.org,2002:float', {
  implicit: true,
  implicitFirstChars: floatFirstChars,
  resolve: (text) => resolveFloat(text) ?? NOT_RESOLVED,
  identify: never,
})

/** Objects with own text keys only: `__proto__` would set the prototype, and other keys would silently turn into text. */
const strictMapTag = defineMappingTag<Record<string, unknown>>('tag:yaml.org,2002:map', {
  create: () => ({}),
  addPair(carrier, key, value) {
    if (typeof key === 'string') {
      if (key === '__proto__') return 'the key __proto__ is refused'
      carrier[key] = value
      return ''
    }
    if (typeof key !== 'number') return keyFault(key)
    carrier[String(key)] = value
    return ''
  },
  // No value is undefined, so most new keys are told without the search of hasOwn.
  has: (carrier, key) => carrier[String(key)] !== undefined && Object.hasOwn(carrier, String(key)),
  keys: mapTag.keys,
  get: mapTag.get,
  identify: never,
})

function keyFault(key: unknown): string {
  if (key === null || typeof key === 'boolean') return `this key is the value ${String(key)}, not text: put it in quotes`
  return 'a key must be text'
}

/** The tags that manifests may use; any other tag is an error. */
export const manifestSchema = new Schema([strTag, seqTag, strictMapTag, nullTag, boolTag, intTag, floatTag, mergeTag])
