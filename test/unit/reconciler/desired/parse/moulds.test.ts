import { deepEqual, equal, notEqual, ok } from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import * as fc from 'fast-check'
import { judgeBlob } from '../../../../../reconciler/desired/judge/judge-blob.ts'
import { defaultLimits, type ParseLimits } from '../../../../../reconciler/desired/parse/limits.ts'
import { parseManifest, type ParsedManifest } from '../../../../../reconciler/desired/parse/parse-manifest.ts'

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text)
/** Limits of their own have moulds of their own. */
const freshLimits = (): ParseLimits => ({ ...defaultLimits })

const pattern = `# A machine of the fleet
apiVersion: kubevirt.io/v1
kind: VirtualMachine
metadata:
  name: one
  labels: { tier: web, "a/b": "x" }
  annotations:
    note: 'single'
    flow: [{ name: x, disk: {} }]
    open: { key: a,
      other: b }
    plain: text # with a comment
spec:
  runStrategy: Always
  template:
    spec:
      domain:
        cpu:
          cores: 2
        memory:
          guest: 2Gi
        devices:
          disks:
            - name: init
              disk:
                bus: virtio
          interfaces: []
      nodeSelector:
        zone: "a"
      volumes:
        - name: init
          cloudInitNoCloud:
            userData: |
              #cloud-config
              hostname: one

              runcmd:
                - echo ready
            networkData: >-
              folded text
              goes on
---
apiVersion: v1
kind: Namespace
metadata:
  name: shop
`

/** All pointers into a value, and some that lead nowhere. */
function pointersOf(value: unknown, above: readonly (string | number)[] = []): (readonly (string | number)[])[] {
  if (value === null || typeof value !== 'object') return [above, [...above, 'nothing']]
  const parts = Array.isArray(value) ? [...value.keys()] : Object.keys(value)
  return [above, ...parts.flatMap((part) => pointersOf((value as Record<string | number, unknown>)[part], [...above, part]))]
}

/** All that a parse tells, places included. */
function told({ documents, ...rest }: ParsedManifest): unknown {
  return {
    ...rest,
    documents: documents.map(({ value, mayHoldNull, locate }) => ({
      value,
      mayHoldNull,
      places: pointersOf(value).map((pointer) => [pointer, locate(pointer)]),
    })),
  }
}

const scalar = fc.oneof(
  fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9._/@+:-]{0,12}$/),
  fc.constantFrom(
    'null',
    '~',
    'yes',
    'No',
    '0644',
    '1e3',
    '12:30',
    '-1',
    '.5',
    '0x1f',
    '',
    '|',
    '>',
    '&a',
    '*a',
    '!x',
    '- x',
    '# c',
    '"',
    "'",
    '\\',
  ),
  fc.constantFrom(
    'a: b',
    'a #b',
    'a:',
    '[',
    '{',
    'x, y',
    'é',
    '\t',
    '---',
    '...',
    '%YAML 1.2',
    '__proto__',
    '<<',
    'x'.repeat(300),
    ' lead',
    'trail ',
  ),
  fc.string({ maxLength: 6 }),
)
const lines = pattern.split('\n')

/** The pattern with parts of some lines exchanged, or whole lines in or out. */
const variant = fc
  .array(
    fc.record({
      line: fc.nat(lines.length - 1),
      how: fc.constantFrom('value', 'value', 'value', 'value', 'inside', 'indent', 'whole', 'drop', 'double'),
      text: scalar,
      at: fc.nat(60),
    }),
    { minLength: 1, maxLength: 4 },
  )
  .map((edits) => {
    const edited = [...lines]
    for (const { line, how, text, at } of edits) {
      const old = edited[line] ?? ''
      if (how === 'value') edited[line] = old.replace(/(?<=^\s*(?:- )?(?:[\w/"]+: )?["']?)[^\s:"']+(?=["']?(?: #.*)?$)/, () => text)
      else if (how === 'inside') edited[line] = `${old.slice(0, at)}${text}${old.slice(at)}`
      else if (how === 'indent') edited[line] = ` ${old}`
      else if (how === 'whole') edited[line] = text
      else if (how === 'drop') edited[line] = '\n'
      else edited[line] = `${old}\n${old}`
    }
    return edited.filter((line) => line !== '\n').join('\n')
  })

describe('texts of one pattern', () => {
  it('mean what they mean when each is parsed by itself', () => {
    fc.assert(
      fc.property(fc.array(variant, { minLength: 1, maxLength: 6 }), (texts) => {
        const limits = freshLimits()
        parseManifest(bytesOf(pattern), limits)
        for (const text of texts) {
          const bytes = bytesOf(text)
          deepEqual(told(parseManifest(bytes, limits)), told(parseManifest(bytes, freshLimits())))
        }
      }),
      { numRuns: 300 },
    )
  })

  it('mean the same in block scalars of every style', () => {
    const headers = ['|', '|-', '|+', '|1', '>', '>-', '>+', '>1-'].flatMap((header) => [header, `${header} # with a comment`])
    const line = fc.constantFrom('', ' ', 'word', 'two words', ' deeper', '  - deepest', 'end\t')
    const contents = fc.array(line, { minLength: 1, maxLength: 6 })
    const text = (header: string, lines: readonly string[]): Uint8Array =>
      bytesOf(`a: ${header}\n${lines.map((entry) => ` ${entry}\n`).join('')}b: 1\nc: 2\nd: 3\n`)
    fc.assert(
      fc.property(fc.constantFrom(...headers), contents, fc.array(fc.tuple(fc.nat(5), line)), (header, lines, edits) => {
        const limits = freshLimits()
        parseManifest(text(header, lines), limits)
        for (const [at, other] of edits) {
          const bytes = text(
            header,
            lines.map((entry, index) => (index === at ? other : entry)),
          )
          deepEqual(told(parseManifest(bytes, limits)), told(parseManifest(bytes, freshLimits())))
        }
      }),
      { numRuns: 300 },
    )
  })

  it('hold a null where one of them does, and only there', () => {
    const limits = freshLimits()
    for (const text of ['a: null\nb: 1\n', 'a: x\nb: 1\n', 'a: x\nb: 2\n', 'a: null\nb: 3\n'])
      deepEqual(told(parseManifest(bytesOf(text), limits)), told(parseManifest(bytesOf(text), freshLimits())))
  })

  it('are judged as each is by itself', () => {
    const manifest = readFileSync(join(import.meta.dirname, '../../../../../examples/quickstart/vms/demo.yaml'), 'utf8')
    const places = [...manifest.matchAll(/(?<=: )[A-Za-z0-9][^\s]*$/gm)].map(({ index, 0: value }) => ({ index, value }))
    ok(places.length > 5)
    const edit = fc.record({ place: fc.constantFrom(...places), text: scalar })
    fc.assert(
      fc.property(fc.array(fc.array(edit, { minLength: 1, maxLength: 3 }), { minLength: 1, maxLength: 5 }), (variants) => {
        const limits = freshLimits()
        judgeBlob(bytesOf(manifest), limits)
        for (const edits of variants) {
          const sorted = [...edits].sort((a, b) => b.place.index - a.place.index)
          let text = manifest
          for (const { place, text: other } of sorted) {
            text = `${text.slice(0, place.index)}${other}${text.slice(place.index + place.value.length)}`
          }
          deepEqual(judgeBlob(bytesOf(text), limits), judgeBlob(bytesOf(text), freshLimits()))
        }
      }),
      { numRuns: 100 },
    )
  })

  it('share what is equal in them, frozen, and nothing else', () => {
    const limits = freshLimits()
    const [first] = parseManifest(bytesOf(pattern), limits).documents
    const [second] = parseManifest(
      bytesOf(pattern.replace('name: one', 'name: two').replace('hostname: one', 'hostname: two')),
      limits,
    ).documents
    type Machine = {
      metadata: { name: string; labels: object }
      spec: { template: { spec: { domain: object; volumes: { cloudInitNoCloud: { userData: string } }[] } } }
    }
    const [one, two] = [first?.value as Machine, second?.value as Machine]
    equal(two.metadata.name, 'two')
    equal(two.spec.template.spec.volumes[0]?.cloudInitNoCloud.userData, '#cloud-config\nhostname: two\n\nruncmd:\n  - echo ready\n')
    equal(two.spec.template.spec.domain, one.spec.template.spec.domain)
    equal(two.metadata.labels, one.metadata.labels)
    ok(Object.isFrozen(two.spec.template.spec.domain))
    notEqual(two.metadata, one.metadata)
    equal(one.metadata.name, 'one')
  })

  it('go on sharing when a third one differs in other lines', () => {
    const limits = freshLimits()
    type Machine = { spec: { template: { spec: { domain: { devices: object } } } } }
    const domainOf = (text: string): unknown => {
      const { documents } = parseManifest(bytesOf(text), limits)
      return (documents[0]?.value as Machine | undefined)?.spec.template.spec.domain.devices
    }
    const shared = domainOf(pattern)
    ok(shared !== undefined)
    for (const text of [
      pattern.replace('cores: 2', 'cores: 4'),
      pattern.replace('zone: "a"', 'zone: "b c"'),
      pattern.replace('name: one', 'name: x').replace('cores: 2', 'cores: 8'),
    ])
      equal(domainOf(text), shared)
  })
})
