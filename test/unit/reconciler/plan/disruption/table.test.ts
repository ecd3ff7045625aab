import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { describe, it } from 'node:test'
import { disruptionTable, rowOf, type TableKind } from '../../../../../reconciler/plan/disruption/table.ts'

type Schema = {
  readonly $ref?: string
  readonly properties?: Record<string, Schema>
  readonly additionalProperties?: boolean | Schema
  readonly items?: Schema
  readonly anyOf?: readonly Schema[]
  readonly oneOf?: readonly Schema[]
  readonly allOf?: readonly Schema[]
}
type Documents = Map<string, { readonly definitions?: Record<string, Schema> } & Schema>

const schemas = new URL('../../../../../schemas/', import.meta.url)
const documents: Documents = new Map()

async function load(file: string): Promise<Schema> {
  const known = documents.get(file)
  if (known !== undefined) return known
  const schema = JSON.parse(await readFile(new URL(file, schemas), 'utf8')) as Schema
  documents.set(file, schema)
  return schema
}

/** Every leaf of a schema, as segments: `[*]` for list entries, `*` for map keys. */
async function leaves(schema: Schema, file: string, path: readonly string[]): Promise<string[][]> {
  if (schema.$ref !== undefined) {
    const [other = '', pointer = ''] = schema.$ref.split('#')
    const target = other === '' ? file : other
    const root = (await load(target)) as { definitions?: Record<string, Schema> } & Schema
    const found = pointer === '' ? root : root.definitions?.[pointer.split('/').at(-1) ?? '']
    assert.ok(found, `${schema.$ref} leads somewhere`)
    return leaves(found, target, path)
  }
  const all: string[][] = []
  for (const part of [...(schema.allOf ?? []), ...(schema.anyOf ?? []), ...(schema.oneOf ?? [])]) {
    if (part.properties !== undefined || part.$ref !== undefined || part.items !== undefined) all.push(...(await leaves(part, file, path)))
  }
  for (const [name, field] of Object.entries(schema.properties ?? {})) all.push(...(await leaves(field, file, [...path, name])))
  if (schema.items !== undefined) {
    const entry = await leaves(schema.items, file, [...path, '[*]'])
    // A list of plain values is one value.
    all.push(...(entry.length === 1 && entry[0]?.length === path.length + 1 ? [[...path]] : [[...path, '[*]'], ...entry]))
  }
  if (typeof schema.additionalProperties === 'object') all.push([...path, '*'])
  return all.length === 0 ? [[...path]] : all
}

const files: Record<TableKind, string> = {
  VirtualMachine: 'virtual-machine.json',
  DataVolume: 'data-volume.json',
  NodeNetworkConfigurationPolicy: 'node-network-configuration-policy.json',
}

describe('disruption table', () => {
  for (const [kind, file] of Object.entries(files) as [TableKind, string][]) {
    it(`has a row for every field of ${kind}`, async () => {
      const all = await leaves(await load(file), file, [])
      assert.ok(all.length > (kind === 'VirtualMachine' ? 400 : 4), `${all.length} fields were walked`)
      const known = new Set(all.map((path) => path.join('.')))
      const missing = all.filter((path) => !hasRow(kind, path, known)).map((path) => path.join('.'))
      assert.deepEqual([...new Set(missing)], [])
    })
  }

  it('names each pattern once', () => {
    for (const rows of Object.values(disruptionTable)) {
      const patterns = rows.map(({ pattern }) => pattern)
      assert.deepEqual(
        patterns.filter((pattern, index) => patterns.indexOf(pattern) !== index),
        [],
      )
    }
  })
})

/** Entries with a name are compared by it and need rows of their own; any other list is one value with one row. */
function hasRow(kind: TableKind, path: readonly string[], all: ReadonlySet<string>): boolean {
  if (rowOf(kind, path) !== undefined) return true
  return path.some((segment, index) => {
    if (segment !== '[*]' || all.has([...path.slice(0, index + 1), 'name'].join('.'))) return false
    return rowOf(kind, path.slice(0, index)) !== undefined
  })
}
