/** Writes schemas/all.json: one schema for editors that takes a manifest of any kind; with --check it only compares and exits 1 on drift. */
import { readFile, writeFile } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { format } from 'prettier'
import { kinds, servedApiVersions, type KindInfo } from '../schemas/kinds.ts'
import { unservedKinds } from '../schemas/unserved-kinds.ts'

const root = join(import.meta.dirname, '..')
const target = join(root, 'schemas/all.json')

type Schema = Readonly<Record<string, unknown>>

const groups = [...new Set(kinds.map(({ group }) => group))]
/** Groups of which every kind is known; Kubernetes' own groups have many more. */
const wholeGroups = groups.filter((group) => group !== '' && !group.endsWith('.k8s.io'))

const escaped = (group: string): string => group.replaceAll('.', '\\.')
/** Any version of any group that has a kind of ours, so that a wrong version is told by the kind's own schema. */
const ourGroups = `^(?:${groups
  .filter((group) => group !== '')
  .map((group) => `${escaped(group)}/`)
  .join('|')})?[^/]*$`

/** The schema holds for objects with these properties. Written with `else`, because a value with `then` looks like a promise. */
function when(properties: Schema, consequence: Schema): Schema {
  return { if: { not: { properties, required: Object.keys(properties) } }, else: consequence }
}

/** Kinds that may be encrypted; sops' own field says that one is, and its values are then none of the schema's. */
const sealed: ReadonlySet<string> = new Set(['Secret', 'ConfigMap'])
const isEncrypted: Schema = { required: ['sops'], properties: { sops: { type: 'object' } } }

function ofKind({ kind, schema }: KindInfo): Schema {
  const own = { $ref: schema }
  return when({ apiVersion: { pattern: ourGroups }, kind: { const: kind } }, sealed.has(kind) ? { if: isEncrypted, else: own } : own)
}

/** A kind that a group does not have is a slip. Lists of its kinds are opened. */
function ofGroup(group: string): Schema {
  const names = [...kinds, ...unservedKinds].filter((one) => one.group === group).map(({ kind }) => kind)
  const allowed = { enum: [...names, ...names.map((name) => `${name}List`)] }
  return when({ apiVersion: { pattern: `^${escaped(group)}/` }, kind: { type: 'string' } }, { properties: { kind: allowed } })
}

const list = when({ kind: { pattern: 'List$' }, items: { type: 'array' } }, { properties: { items: { items: { $ref: '#' } } } })

/** Offered by editors; any other text is taken too, because a repository may hold kinds of others. */
function suggested(title: string, description: string, values: readonly string[]): Schema {
  return { title, description, anyOf: [{ enum: values }, { type: 'string' }] }
}

const schema: Schema = {
  $schema: 'http://json-schema.org/draft-07/schema#',
  $id: 'https://gitvirt.io/schemas/all.json',
  $comment: 'Generated from schemas/kinds.ts by `npm run generate`. Do not edit.',
  title: 'Manifest',
  description: 'A manifest of any kind that gitvirt runs, or a List of them. Kinds of others are passed over.',
  type: 'object',
  properties: {
    apiVersion: suggested('API version', 'The version of the API that this object is written in.', [
      ...new Set(kinds.flatMap((info) => servedApiVersions(info))),
    ]),
    kind: suggested(
      'Kind',
      'What this object is.',
      kinds.map(({ kind }) => kind),
    ),
  },
  dependencies: { apiVersion: ['kind'], kind: ['apiVersion'] },
  allOf: [...kinds.map(ofKind), ...wholeGroups.map(ofGroup), list],
}

async function main(): Promise<void> {
  const text = await format(JSON.stringify(schema), { parser: 'json', printWidth: 140 })
  if ((await readFile(target, 'utf8').catch(() => '')) === text) return
  if (!process.argv.includes('--check')) return await writeFile(target, text)
  console.error(`${relative(root, target)} differs from the kinds. Run "npm run generate" and commit the result.`)
  process.exitCode = 1
}

await main()
