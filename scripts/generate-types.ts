/** Writes schemas/generated/*.ts from the JSON Schemas; with --check it only compares and exits 1 on drift. */
import { readFile, writeFile, readdir, mkdir } from 'node:fs/promises'
import { basename, join, relative } from 'node:path'
import { compile, type JSONSchema } from 'json-schema-to-typescript'
import { format, resolveConfig } from 'prettier'

const root = join(import.meta.dirname, '..')
const schemas = join(root, 'schemas')
const target = join(schemas, 'generated')
const header = '/* Generated from schemas/ by `npm run generate`. Do not edit. */\n'
/** Types that a schema borrows from another one through `tsType`. */
const borrowed: Record<string, string> = {
  VirtualMachineInstanceTemplateSpec: './virtual-machine.ts',
  DataVolumeSpec: './data-volume.ts',
}

type Json = { [key: string]: Json } | Json[] | string | number | boolean | null

/** Generated itself: it chooses among the others. */
const editorSchema = 'all.json'

async function schemaFiles(): Promise<string[]> {
  const entries = await readdir(schemas, { recursive: true })
  return entries.filter((name) => name.endsWith('.json') && !name.startsWith('generated') && name !== editorSchema).toSorted()
}

/** Names every definition by its key, so that types carry the schema's own names instead of invented ones. */
function nameDefinitions(schema: Json): Json {
  if (schema === null || typeof schema !== 'object' || Array.isArray(schema)) return schema
  const definitions = schema['definitions']
  if (definitions !== undefined && definitions !== null && typeof definitions === 'object' && !Array.isArray(definitions)) {
    for (const [name, definition] of Object.entries(definitions)) {
      if (definition !== null && typeof definition === 'object' && !Array.isArray(definition)) definition['title'] = name
    }
  }
  return schema
}

/** A field's own title is for editors; left in, it would become a type name. */
function dropFieldTitles(node: Json): void {
  if (Array.isArray(node)) {
    node.forEach(dropFieldTitles)
    return
  }
  if (node === null || typeof node !== 'object') return
  for (const [key, value] of Object.entries(node)) {
    if (key === 'properties' && value !== null && typeof value === 'object' && !Array.isArray(value)) {
      for (const field of Object.values(value)) {
        if (field !== null && typeof field === 'object' && !Array.isArray(field) && typeof field['title'] === 'string')
          delete field['title']
      }
    }
    dropFieldTitles(value)
  }
}

/** What stands beside a reference is for editors; left in, the generator would make a second type of each use. */
function dropTextBesideReferences(node: Json): void {
  if (node === null || typeof node !== 'object') return
  for (const value of Object.values(node)) dropTextBesideReferences(value)
  if (Array.isArray(node) || typeof node['$ref'] !== 'string') return
  delete node['title']
  delete node['description']
}

/** Turns references to other files into imports, so that each type is declared once. */
async function importReferences(node: Json, imports: Map<string, string>): Promise<void> {
  if (node === null || typeof node !== 'object') return
  for (const value of Object.values(node)) await importReferences(value, imports)
  if (Array.isArray(node)) return
  const reference = node['$ref']
  if (typeof reference === 'string' && !reference.startsWith('#')) {
    const [file = '', pointer] = reference.split('#')
    const name = pointer === undefined ? await titleOf(file) : basename(pointer)
    imports.set(name, `./${basename(file, '.json')}.ts`)
    delete node['$ref']
    node['tsType'] = name
  }
  const borrowedType = node['tsType']
  if (typeof borrowedType === 'string' && borrowed[borrowedType] !== undefined) imports.set(borrowedType, borrowed[borrowedType])
}

async function titleOf(file: string): Promise<string> {
  const found = (await schemaFiles()).find((name) => basename(name) === basename(file))
  const schema = JSON.parse(await readFile(join(schemas, found ?? file), 'utf8')) as { title: string }
  return schema.title
}

async function render(file: string): Promise<string> {
  const schema = nameDefinitions(JSON.parse(await readFile(join(schemas, file), 'utf8')) as Json)
  dropFieldTitles(schema)
  dropTextBesideReferences(schema)
  const imports = new Map<string, string>()
  await importReferences(schema, imports)
  const body = await compile(schema as JSONSchema, basename(file, '.json'), {
    bannerComment: '',
    unreachableDefinitions: true,
    additionalProperties: false,
    format: false,
  })
  const lines = [...imports].map(([name, from]) => `import type { ${name} } from '${from}'\n`).toSorted()
  return await format(`${header}${lines.join('')}${body}`, { ...(await resolveConfig(join(root, 'package.json'))), parser: 'typescript' })
}

async function main(): Promise<void> {
  await mkdir(target, { recursive: true })
  const check = process.argv.includes('--check')
  const drifted: string[] = []
  for (const file of await schemaFiles()) {
    const output = join(target, `${basename(file, '.json')}.ts`)
    const text = await render(file)
    const before = await readFile(output, 'utf8').catch(() => '')
    if (before === text) continue
    if (check) drifted.push(relative(root, output))
    else await writeFile(output, text)
  }
  if (drifted.length > 0) {
    console.error(`Generated types differ from the schemas: ${drifted.join(', ')}. Run "npm run generate" and commit the result.`)
    process.exitCode = 1
  }
}

await main()
