import { deepEqual, equal, notEqual } from 'node:assert/strict'
import { describe, it } from 'node:test'
import { assert, constantFrom, dictionary, letrec, oneof, property, string, array, double, integer } from 'fast-check'
import { constructFromEvents, parseEvents } from 'js-yaml'
import { stringify } from 'yaml'
import { nodeEnds, survey } from '../../../../../reconciler/desired/parse/events.ts'
import { manifestSchema } from '../../../../../reconciler/desired/parse/fast-schema.ts'
import { plainValues } from '../../../../../reconciler/desired/parse/plain-values.ts'

const words = [
  'yes',
  'No',
  'on',
  'n',
  'null',
  '~',
  'Null',
  'true',
  '0644',
  '0o17',
  '0x1F',
  '1_000',
  '-1.5e3',
  '.5',
  '.inf',
  '<<',
  '=',
  '2024-01-02',
  'name',
]

/** Trees with the scalars that YAML reads in more than one way. */
const { tree } = letrec((tie) => ({
  tree: oneof(
    { maxDepth: 4 },
    constantFrom<unknown>(null, true, false, '', ...words),
    string(),
    integer(),
    double({ noNaN: true, noDefaultInfinity: true }),
    array(tie('tree'), { maxLength: 4 }),
    dictionary(oneof(constantFrom(...words), string()), tie('tree'), { maxKeys: 4 }),
  ),
}))

const scalarTexts = constantFrom(
  ...words,
  'plain text',
  '"quoted"',
  "'it''s'",
  '""',
  '!!str 1',
  '&a x',
  '{}',
  '[]',
  '{a: 1, b: [yes, 0x1]}',
)

/** What the parser's own constructor makes of a text. */
function constructed(text: string): readonly unknown[] {
  const events = parseEvents(text, {})
  return constructFromEvents(events, { source: text, schema: manifestSchema })
}

function plain(text: string): ReturnType<typeof plainValues> {
  return plainValues({ text, events: parseEvents(text, {}) })
}

describe('plainValues', () => {
  it('gives what the constructor gives, wherever it gives anything', () => {
    assert(
      property(
        array(tree, { minLength: 1, maxLength: 3 }),
        constantFrom('PLAIN', 'QUOTE_DOUBLE', 'BLOCK_LITERAL'),
        (documents, scalars) => {
          const text = documents.map((document) => `---\n${stringify(document, { defaultStringType: scalars as 'PLAIN' })}`).join('')
          const found = plain(text)
          if (found !== undefined) deepEqual(found.values, constructed(text))
        },
      ),
    )
  })

  it('reads every scalar as the constructor does', () => {
    assert(
      property(array(scalarTexts, { minLength: 1, maxLength: 6 }), (scalars) => {
        const text = scalars.map((scalar, index) => `k${index}: ${scalar}\n`).join('')
        const found = plain(text)
        if (found === undefined) equal(/<<|!!str|&a/.test(text), true)
        else deepEqual(found.values, constructed(text))
      }),
    )
  })

  it('tells where nodes end and documents start', () => {
    const text = 'a:\n  - {b: 1, c: [x, "y"]}\n  - |\n    text\n---\nd: ~\n'
    const events = parseEvents(text, {})
    const found = plainValues({ text, events })
    deepEqual(found?.ends, nodeEnds(events))
    deepEqual(found?.starts, survey({ text, events }).starts)
    equal(found?.mayHoldNull, true)
    equal(plain('a: "~"\nb: text\n')?.mayHoldNull, false)
  })

  for (const [what, text] of [
    ['a tag', 'a: !!str 1\n'],
    ['an anchor', 'a: &x {b: 1}\n'],
    ['an alias', 'a: &x 1\nb: *x\n'],
    ['a merge', '<<: {a: 1}\n'],
    ['a key that is a number', '1: a\n'],
    ['a key that is a boolean', 'yes: a\n'],
    ['a key that is nothing', '? \n: a\n'],
    ['a key that is a list', '[a]: b\n'],
    ['a key that stands twice', 'a: 1\n"a": 2\n'],
    ['the key __proto__', '__proto__: {a: 1}\n'],
  ] as const) {
    it(`leaves ${what} to the constructor`, () => equal(plain(text), undefined))
  }

  it('takes keys that every object inherits', () => {
    const [value] = plain('constructor: 1\ntoString: {}\n')?.values ?? []
    deepEqual(value, { constructor: 1, toString: {} })
    notEqual(value, undefined)
  })
})
