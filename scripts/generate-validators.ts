/** Writes schemas/generated/validators/: Ajv's code for each kind and each message, so that no program compiles schemas; with --check it only compares and exits 1 on drift. */
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { Ajv, type Options, type SchemaObject } from 'ajv'
import standalone from 'ajv/dist/standalone/index.js'
import { kindSchemas, sharedSchemas } from '../schemas/documents.ts'
import destinations from '../schemas/wire/destinations.json' with { type: 'json' }
import observation from '../schemas/wire/observation.json' with { type: 'json' }
import plan from '../schemas/wire/plan.json' with { type: 'json' }
import receipt from '../schemas/wire/receipt.json' with { type: 'json' }
import session from '../schemas/wire/session.json' with { type: 'json' }

const root = join(import.meta.dirname, '..')
const target = join(root, 'schemas/generated/validators')
const header = '/* Generated from schemas/ by `npm run generate`. Do not edit. */\n'

/** Keywords for editors and for the type generator: they check nothing, so the code need not carry them. */
const annotations: ReadonlySet<string> = new Set(['$schema', 'title', 'description', 'tsType'])

type Variant = {
  readonly options: Options
  readonly schemas: readonly SchemaObject[]
  readonly exports: Readonly<Record<string, string>>
  /** True: a frozen value that was found valid is not looked at again. */
  readonly remembers?: boolean
}

const manifests = {
  schemas: [...Object.values(kindSchemas()), ...sharedSchemas()],
  exports: Object.fromEntries(Object.entries(kindSchemas()).map(([kind, schema]) => [kind, String(schema.$id)])),
}
const strict: Options = { strict: true, strictTypes: false, strictRequired: false, inlineRefs: false }

const variants: Readonly<Record<string, Variant>> = {
  /** Stops at the first fault: for the many objects that have none. */
  fast: { ...manifests, options: strict, remembers: true },
  /** Collects every fault with its schema and data: for the few that have some. */
  thorough: { ...manifests, options: { ...strict, allErrors: true, verbose: true } },
  /** Each message of the session. */
  wire: {
    schemas: [plan, observation, session],
    exports: Object.fromEntries(Object.keys(session.definitions).map((name) => [name, `${session.$id}#/definitions/${name}`])),
    options: { strict: false },
  },
  /** The operator's file of notification destinations. */
  destinations: {
    schemas: [destinations],
    exports: Object.fromEntries(
      ['WebhookDestination', 'SlackDestination', 'EmailDestination'].map((name) => [name, `${destinations.$id}#/definitions/${name}`]),
    ),
    options: strict,
  },
  /** Lines of Git notes. */
  receipt: { schemas: [receipt], exports: { Receipt: receipt.$id }, options: strict },
}

function code({ options, schemas, exports, remembers }: Variant): string {
  const ajv = new Ajv({ ...options, code: { source: true, esm: true } })
  // A finding quotes it; it checks nothing.
  ajv.addVocabulary(['patternErrorMessage'])
  for (const schema of schemas) ajv.addSchema(withoutAnnotations(schema))
  const plain = withImports(standalone.default(ajv, exports))
  const text = remembers === true ? remembering(countingLess(plain)) : plain
  // One function or schema a line, so that a change of a schema is a change of few lines.
  return text.replaceAll(/(?<=[;}])(?=(?:function validate|const schema|const known_validate)\d+)/g, '\n')
}

/** Counts the characters of a text only where it has more code units than it may have characters: never for an object without a fault. */
function countingLess(text: string): string {
  return text.replaceAll(/if\((func\d+)\((data\d*)\) > (\d+)\)/g, 'if($2.length > $3 && $1($2) > $3)')
}

/**
 * Lets each function remember the frozen values that it found valid: many objects of a fleet share them. This code is for objects without
 * a fault.
 */
function remembering(text: string): string {
  const begin = /function (validate\d+)\(data, \{[^}]*\}=\{\}\)\{/g
  const end = 'return errors === 0;}'
  const parts = text.split(begin)
  const functions = (parts.length - 1) / 2
  if (functions === 0 || text.split(end).length - 1 !== functions)
    throw new Error('Ajv writes its functions in a form that the generator does not know.')
  // Which place a fault is in does not matter here, and to write it down for each call takes longer than to check it.
  const bare = text.replaceAll(/(validate\d+\([^,()]+), \{instancePath:[^{}]*\}\)/g, '$1)')
  const remembered = bare.replaceAll(begin, (head, name: string) => {
    return `const known_${name} = new WeakSet();${head}if(known_${name}.has(data)){${name}.errors = null;return true;}`
  })
  const named = remembered.replaceAll(
    /(validate\d+)\.errors = vErrors;return errors === 0;\}/g,
    '$1.errors = vErrors;return remember(known_$1, data, errors === 0);}',
  )
  return `const remember = (known, data, valid) => {if(valid && data !== null && typeof data === "object" && Object.isFrozen(data)){known.add(data);}return valid;};\n${named}`
}

function declarations({ exports }: Variant): string {
  const lines = Object.keys(exports).map((name) => `export declare const ${name}: ValidateFunction\n`)
  return `import type { ValidateFunction } from 'ajv'\n\n${lines.join('')}`
}

/** A copy without annotations; below `properties` and `definitions` keys are names, not keywords. */
function withoutAnnotations<T>(schema: T, named = false): T {
  if (schema === null || typeof schema !== 'object') return schema
  if (Array.isArray(schema)) return schema.map((item: unknown) => withoutAnnotations(item)) as T
  const kept = Object.entries(schema).filter(([key]) => named || !annotations.has(key))
  const nested = kept.map(([key, value]) => [
    key,
    withoutAnnotations(value as unknown, !named && (key === 'properties' || key === 'definitions')),
  ])
  return Object.fromEntries(nested) as T
}

/** Ajv writes its helpers as require() calls, which an ES module does not have. */
function withImports(text: string): string {
  const imports = new Map<string, string>()
  const body = text.replaceAll(/require\("(ajv\/dist\/runtime\/([a-z0-9]+))"\)/g, (_, path: string, name: string) => {
    imports.set(path, name)
    return name
  })
  if (body.includes('require(')) throw new Error('Ajv wrote a helper that the generator does not know.')
  return `${[...imports].map(([path, name]) => `import ${name} from '${path}.js'\n`).join('')}${body}`
}

async function main(): Promise<void> {
  await mkdir(target, { recursive: true })
  const drifted: string[] = []
  const files = Object.entries(variants).flatMap(([name, variant]): [string, string][] => [
    [join(target, `${name}.js`), `${header}${code(variant)}\n`],
    [join(target, `${name}.d.ts`), `${header}${declarations(variant)}`],
  ])
  for (const [file, text] of files) {
    if ((await readFile(file, 'utf8').catch(() => '')) === text) continue
    if (process.argv.includes('--check')) drifted.push(relative(root, file))
    else await writeFile(file, text)
  }
  if (drifted.length > 0) {
    console.error(`Generated validators differ from the schemas: ${drifted.join(', ')}. Run "npm run generate" and commit the result.`)
    process.exitCode = 1
  }
}

await main()
