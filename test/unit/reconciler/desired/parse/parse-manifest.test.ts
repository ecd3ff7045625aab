import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import * as fc from 'fast-check'
import { LineCounter, isMap, parseAllDocuments, stringify } from 'yaml'
import { defaultLimits } from '../../../../../reconciler/desired/parse/limits.ts'
import { parseManifest } from '../../../../../reconciler/desired/parse/parse-manifest.ts'

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text)
const parse = (text: string) => parseManifest(bytesOf(text))
const valuesOf = (text: string): unknown[] => parse(text).documents.map((document) => document.value)
const codesOf = (text: string): string[] => parse(text).problems.map((problem) => problem.code)

describe('parseManifest', () => {
  it('reads several documents and tells where each begins', () => {
    const { documents, problems } = parse('# note\n---\na: 1\n---\n\n  b: 2\n...\n---\n')
    assert.deepEqual(problems, [])
    assert.deepEqual(
      documents.map(({ value, locate }) => [value, locate([])]),
      [
        [{ a: 1 }, { line: 3, column: 1 }],
        [{ b: 2 }, { line: 6, column: 3 }],
      ],
    )
  })

  it('takes an indented document marker in a block scalar for text', () => {
    assert.deepEqual(valuesOf('a: |\n  ---\n  b\n---\nc: 1\n'), [{ a: '---\nb\n' }, { c: 1 }])
  })

  it('finds the place of keys, items and what is not there', () => {
    const { documents } = parse('a:\n  - x: 1\n    "y z": {k: [1, two]}\n')
    const place = (...pointer: (string | number)[]) => documents[0]?.locate(pointer)
    assert.deepEqual(place('a', 0, 'y z'), { line: 3, column: 5 })
    assert.deepEqual(place('a', 0, 'y z', 'k', 1), { line: 3, column: 20 })
    assert.deepEqual(place('a', 0, 'missing'), { line: 2, column: 5 })
    assert.deepEqual(place('a', 7), { line: 1, column: 1 })
  })

  it('counts CRLF and lone CR as one line each', () => {
    assert.deepEqual(parse('a: 1\r\nb: 2\rc: 3\n').documents[0]?.locate(['c']), { line: 3, column: 1 })
  })

  it('reads scalars as Kubernetes does', () => {
    const cases: [string, unknown][] = [
      ['yes', true],
      ['On', true],
      ['y', true],
      ['no', false],
      ['OFF', false],
      ['n', false],
      ['0644', 420],
      ['0o644', 420],
      ['0x1F', 31],
      ['0b101', 5],
      ['-0b11', -3],
      ['1_000', 1000],
      ['089', 89],
      ['1e3', 1000],
      ['.5', 0.5],
      ['-0', 0],
      ['12:30:45', '12:30:45'],
      ['2020-01-02', '2020-01-02'],
      ['~', null],
      ['Null', null],
      ['.nan', '.nan'],
      ['.inf', '.inf'],
      ['9007199254740993', '9007199254740993'],
      ["'yes'", 'yes'],
      ['"0644"', '0644'],
      ['yess', 'yess'],
      ['02:00:00:00:00:01', '02:00:00:00:00:01'],
      ['512Mi', '512Mi'],
    ]
    for (const [text, value] of cases) assert.deepEqual(valuesOf(`k: ${text}\n`), [{ k: value }], text)
  })

  it('reads JSON', () => {
    assert.deepEqual(valuesOf('{\n\t"a": [1, "x", null, true],\n\t"b": {}\n}'), [{ a: [1, 'x', null, true], b: {} }])
  })

  it('merges keys of an anchor without sharing objects', () => {
    const [value] = valuesOf('a: &a {q: {r: 1}}\nb: {<<: *a, z: 2}\n') as [{ a: { q: object }; b: { q: object } }]
    assert.deepEqual(value, { a: { q: { r: 1 } }, b: { q: { r: 1 }, z: 2 } })
    assert.notEqual(value.a.q, value.b.q)
  })

  it('keeps the good documents beside a broken one, and guesses what that one is', () => {
    const { documents, broken, guesses, problems } = parse(
      'a: 1\n---\nkind: VirtualMachine\nmetadata:\n  name: web # old\n  namespace: "shop"\n bad: x\n---\nb: 2\n',
    )
    assert.deepEqual(
      documents.map(({ value, locate }) => [value, locate([]).line]),
      [
        [{ a: 1 }, 1],
        [{ b: 2 }, 9],
      ],
    )
    assert.equal(broken, true)
    assert.deepEqual(guesses, [{ kind: 'VirtualMachine', name: 'web', namespace: 'shop' }])
    assert.ok(problems.length > 0 && problems.every(({ line }) => line >= 3 && line <= 7), JSON.stringify(problems))
  })

  it('tells every duplicate key, in every document', () => {
    const { problems } = parse('a: 1\na: 2\nb: 1\nb: 2\n---\nc: 1\nc: 2\n')
    assert.deepEqual(
      problems.map(({ code, line }) => `${code}:${line}`),
      ['DuplicateKey:2', 'DuplicateKey:4', 'DuplicateKey:7'],
    )
  })

  it('refuses keys that set prototypes, and pollutes none', () => {
    assert.deepEqual(codesOf('__proto__: {polluted: 1}\n'), ['YamlSyntax'])
    assert.deepEqual(codesOf('a: {"__proto__": {polluted: 1}}\n'), ['YamlSyntax'])
    valuesOf('constructor: {prototype: {polluted: 1}}\n')
    assert.equal(({} as Record<string, unknown>)['polluted'], undefined)
  })

  it('refuses custom tags, boolean keys and values within their own anchor', () => {
    for (const text of ['a: !!js/function x', 'a: !custom x', 'a: !!binary aGk=', 'on: 1', '? [x]\n: 1', 'a: &a [*a]', 'a: *b']) {
      assert.equal(parse(text).broken, true, text)
      assert.deepEqual(parse(text).documents, [], text)
    }
  })

  it('refuses alias bombs in bounded time and memory', () => {
    let bomb = 'a0: &a0 [x, x, x, x, x, x, x, x, x]\n'
    for (let level = 1; level < 30; level += 1)
      bomb += `a${level}: &a${level} [${Array(6)
        .fill(`*a${level - 1}`)
        .join(', ')}]\n`
    assert.deepEqual(codesOf(bomb), ['TooLarge'])
    const merges = `a: &a {${Array.from({ length: 100 }, (_, key) => `k${key}: 1`).join(', ')}}\nb: {<<: [${Array(100).fill('*a').join(', ')}]}\n`
    assert.equal(parse(merges).broken, true)
  })

  it('refuses what is too deep, too large, too many, or no UTF-8', () => {
    assert.equal(parse(`a: ${'['.repeat(500)}${']'.repeat(500)}`).broken, true)
    assert.equal(parse('- '.repeat(300_000)).broken, true)
    assert.deepEqual(codesOf('---\na: 1\n'.repeat(defaultLimits.maxObjects + 1)), ['TooLarge'])
    const huge = new Uint8Array(100 * 1024 * 1024)
    assert.deepEqual(
      parseManifest(huge).problems.map(({ code }) => code),
      ['TooLarge'],
    )
    assert.deepEqual(
      parseManifest(new Uint8Array([0x61, 0x3a, 0xff])).problems.map(({ code }) => code),
      ['YamlSyntax'],
    )
  })

  it('never throws, whatever the bytes', () => {
    const yamlish = fc.array(
      fc.constantFrom(
        'a',
        ':',
        ' ',
        '\n',
        '-',
        '---\n',
        '{',
        '}',
        '[',
        ']',
        '&x',
        '*x',
        '!',
        '|',
        '>',
        '"',
        "'",
        '#',
        '%',
        '\t',
        '?',
        '<<',
      ),
      {
        maxLength: 80,
      },
    )
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => void parseManifest(bytes).documents.map(({ locate }) => locate(['a', 0]))),
    )
    fc.assert(
      fc.property(yamlish, (parts) => {
        const { problems, broken, documents } = parse(parts.join(''))
        assert.equal(
          broken,
          problems.some(({ severity }) => severity === 'error'),
        )
        for (const { locate } of documents) assert.ok(locate(['a', 0, 'b']).line >= 1)
      }),
      { numRuns: 500 },
    )
  })
})

describe('the fast and the slow parser', () => {
  const word = fc.oneof(
    fc.stringMatching(/^[a-z][a-z0-9-]{0,8}$/),
    fc.constantFrom('---', 'multi\nline\ntext\n', '---\nx', 'a: b', '# c', '- d', "it's"),
  )
  const key = fc.stringMatching(/^k[a-z0-9]{0,6}$/)
  const json = fc.letrec((tie) => ({
    value: fc.oneof({ depthSize: 'small' }, word, fc.integer(), fc.boolean(), fc.constant(null), tie('list'), tie('map')),
    list: fc.array(tie('value'), { maxLength: 4 }),
    map: fc.dictionary(key, tie('value'), { maxKeys: 4, noNullPrototype: true }),
  })).map
  const style = fc.record({
    indentSeq: fc.boolean(),
    defaultStringType: fc.constantFrom('PLAIN' as const, 'QUOTE_DOUBLE' as const),
    flow: fc.boolean(),
  })

  it('agree on values, on document starts and on the place of every top-level key', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(json, style), { minLength: 1, maxLength: 4 }), (documents) => {
        const texts = documents.map(([value, { flow, ...options }]) =>
          stringify(value, { ...options, version: '1.1', ...(flow ? { collectionStyle: 'flow' as const } : {}) }),
        )
        const text = `# start\n---\n${texts.join('---\n')}`
        const counter = new LineCounter()
        const slow = [...parseAllDocuments(text, { lineCounter: counter, version: '1.1' })]
        const fast = parse(text)
        assert.deepEqual(fast.problems, [])
        assert.deepEqual(
          fast.documents.map(({ value }) => value),
          slow.map((document) => document.toJS() as unknown),
        )
        for (const [index, document] of slow.entries()) {
          if (!isMap(document.contents) || document.contents.items.length === 0) continue
          for (const pair of document.contents.items) {
            const node = pair.key as { value: string; range: [number, number, number] }
            const { line, col } = counter.linePos(node.range[0])
            assert.deepEqual(fast.documents[index]?.locate([node.value]), { line, column: col })
          }
        }
      }),
      { numRuns: 300 },
    )
  })
})
