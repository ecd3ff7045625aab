import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Ajv } from 'ajv'
import { kindSchemas, sharedSchemas } from '../../../schemas/documents.ts'

type Node = { readonly [key: string]: unknown }

/** Every property below a schema node that lacks a title or a description. */
function silent(node: unknown, path: string): string[] {
  if (node === null || typeof node !== 'object') return []
  if (Array.isArray(node)) return node.flatMap((item, index) => silent(item, `${path}[${index}]`))
  const found: string[] = []
  for (const [key, value] of Object.entries(node as Node)) {
    if (key === 'properties') {
      for (const [name, field] of Object.entries(value as Record<string, Node>)) {
        for (const text of ['title', 'description']) {
          if (typeof field[text] !== 'string' || field[text] === '') found.push(`${path}.${name} has no ${text}`)
        }
      }
    }
    found.push(...silent(value, `${path}.${key}`))
  }
  return found
}

describe('schemas of kinds', () => {
  const documents = [...Object.entries(kindSchemas()), ['Meta', sharedSchemas()[0] ?? {}] as const]
  for (const [kind, schema] of documents) {
    it(`${kind} tells title and description of every field`, () => {
      assert.deepEqual(silent(schema, kind), [])
    })

    it(`${kind} is a valid JSON Schema of draft-07`, () => {
      const ajv = new Ajv({ strict: false })
      assert.equal(ajv.validateSchema(schema), true, ajv.errorsText())
    })

    it(`${kind} ends every description with a full stop`, () => {
      const texts = [...JSON.stringify(schema).matchAll(/"description":"((?:[^"\\]|\\.)*)"/g)].map((match) => String(match[1]))
      assert.deepEqual(
        texts.filter((text) => !text.endsWith('.')),
        [],
      )
    })
  }
})
