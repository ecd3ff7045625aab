import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { assert as check, constantFrom, dictionary, option, property, record, uniqueArray } from 'fast-check'
import { stringify } from 'yaml'
import { differingFields } from '../../../../../reconciler/compare/fields.ts'
import { addTemplate, documentText, isPromotable, promoteFields } from '../../../../../reconciler/compare/promote/promote.ts'
import { judgeBlob } from '../../../../../reconciler/desired/judge/judge-blob.ts'
import { GitvirtError } from '../../../../../reconciler/lib/errors.ts'
import { machine } from '../support.ts'

const key = 'VirtualMachine/default/web'

function bodyOf(text: string, of = key): { key: string; object: Record<string, unknown> } {
  const object = judgeBlob(Buffer.from(text)).objects.find((one) => one.key === of)?.object
  assert.ok(object, text)
  return { key: of, object }
}

function promote(fromText: string, text: string, only?: RegExp): string {
  const from = bodyOf(fromText)
  const fields = differingFields(from, bodyOf(text)).filter((field) => isPromotable(field) && (only?.test(field.path) ?? true))
  return promoteFields(text, { from, fromText, target: { key }, path: 'web.yaml', fields })
}

const written = `# The shop's front.
apiVersion: kubevirt.io/v1
kind: VirtualMachine
metadata:
  name: web
  labels:
    tier: "front"   # quoted on purpose

spec:
  runStrategy: Always
  template:
    spec:
      domain:
        memory:
          guest: 1Gi # enough
        cpu: { cores: 2 }
        devices:
          disks:
          # the system
          - name: root
            disk:
              bus: virtio
      volumes:
      - name: root
        containerDisk:
          image: 'example.org/debian:12'
`

describe('promoting fields', () => {
  it('touches the lines of the fields only', () => {
    const from = written.replace('1Gi # enough', '2Gi').replace("'example.org/debian:12'", 'example.org/debian:13')
    const promoted = promote(from, written)
    assert.equal(promoted, written.replace('1Gi # enough', '2Gi # enough').replace("'example.org/debian:12'", 'example.org/debian:13'))
  })

  it('adds and removes lines where a field comes or goes', () => {
    const from = written
      .replace('  labels:\n    tier: "front"   # quoted on purpose\n', '  labels:\n    app: shop\n    tier: "front"\n')
      .replace('          guest: 1Gi # enough\n', '          guest: 1Gi\n          maxGuest: 4Gi\n')
      .replace(
        "          image: 'example.org/debian:12'\n",
        "          image: 'example.org/debian:12'\n      - name: data\n        emptyDisk:\n          capacity: 1Gi\n",
      )
    const promoted = promote(from, written)
    assert.match(promoted, /# The shop's front\.\n[\s\S]*# quoted on purpose\n {4}app: shop\n\nspec:/)
    assert.match(promoted, /guest: 1Gi # enough\n {10}maxGuest: 4Gi\n/)
    assert.match(promoted, /debian:12'\n {6}- name: data\n {8}emptyDisk:\n {10}capacity: 1Gi\n/)
    assert.equal(promote(written, promoted).trimEnd(), written.trimEnd())
  })

  it('carries only what is chosen', () => {
    const from = written.replace('1Gi # enough', '2Gi').replace('debian:12', 'debian:13')
    assert.equal(promote(from, written, /memory/), written.replace('1Gi', '2Gi'))
  })

  it('keeps what is left to a default out of the file, and writes a field that is stated', () => {
    const silent = written.replace('  runStrategy: Always\n', '  running: true\n')
    const from = written.replace('runStrategy: Always', 'runStrategy: Halted')
    assert.match(promote(from, silent), /^ {2}runStrategy: Halted$/m)
    assert.doesNotMatch(promote(from, silent), /running/)
    assert.match(promote(silent.replace('true', 'false'), written), /^ {2}runStrategy: Halted$/m)
  })

  it('does not touch other documents of the file', () => {
    const other = `# other\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\ndata:\n  a:   'b'\n---\n`
    const from = written.replace('cores: 2', 'cores: 4').replace('1Gi # enough', '2Gi')
    const promoted = promote(from, other + written)
    assert.ok(promoted.startsWith(other))
    assert.match(promoted, /cpu: \{ cores: 4 \}/)
  })

  it('refuses what would not be equal afterwards, and says which field', () => {
    const anchored = written.replace('guest: 1Gi # enough', 'guest: &size 1Gi\n          maxGuest: *size')
    const from = anchored.replace('&size 1Gi', '&size 2Gi')
    assert.throws(
      () => promote(from, anchored, /\.guest$/),
      (error: unknown) => {
        assert.ok(error instanceof GitvirtError)
        assert.equal(error.code, 'CannotPromote')
        return true
      },
    )
  })

  const fields = record({
    memory: constantFrom('1Gi', '2Gi', '2048Mi'),
    cores: option(constantFrom(1, 2, 4), { nil: undefined }),
    labels: option(dictionary(constantFrom('a', 'b', 'example.org/x', 'yes'), constantFrom('true', 'no', '1', 'x', '')), {
      nil: undefined,
    }),
    annotations: option(dictionary(constantFrom('a', 'b'), constantFrom('one\ntwo\n', ' x: y # z', '- a', "it's", '"', '\t', 'ü')), {
      nil: undefined,
    }),
    volumes: uniqueArray(
      record({ name: constantFrom('root', 'data', 'scratch'), emptyDisk: record({ capacity: constantFrom('1Gi', '2Gi') }) }),
      { selector: ({ name }) => name },
    ),
  })

  it('makes the two sides equal, whatever differs and however it is laid out', () => {
    const text = (given: Fields, layout: Layout): string => {
      const { volumes, cores, labels, annotations, memory } = given
      const object = JSON.parse(
        machine('web', {
          memory,
          ...(cores === undefined ? {} : { cores }),
          ...(labels === undefined ? {} : { labels }),
          ...(annotations === undefined ? {} : { annotations }),
        }),
      ) as { spec: { template: { spec: Record<string, unknown> } } }
      if (volumes.length > 0) object.spec.template.spec['volumes'] = volumes
      return layout === 'json' ? JSON.stringify(object) : stringify(object, { ...layout, compat: 'yaml-1.1' })
    }
    const layouts = constantFrom<Layout[]>('json', { indentSeq: true }, { indentSeq: false }, { collectionStyle: 'flow' })
    check(
      property(fields, fields, layouts, (from, to, layout) => {
        const fromText = text(from, 'json')
        const promoted = promote(fromText, text(to, layout))
        assert.deepEqual(differingFields(bodyOf(fromText), bodyOf(promoted)).filter(isPromotable), [])
      }),
      { numRuns: 40 },
    )
  })
})

type Layout = 'json' | { readonly indentSeq: boolean } | { readonly collectionStyle: 'flow' }
type Fields = {
  readonly memory: string
  readonly cores: number | undefined
  readonly labels: Record<string, string> | undefined
  readonly annotations: Record<string, string> | undefined
  readonly volumes: readonly { readonly name: string; readonly emptyDisk: { readonly capacity: string } }[]
}

describe('adding', () => {
  it('takes the document of one object with its comments', () => {
    const two = `# one\n${stringify(JSON.parse(machine('one')))}---\n# two\n${stringify(JSON.parse(machine('two')))}`
    assert.match(documentText(two, { key: 'VirtualMachine/default/two' }) ?? '', /^# two\napiVersion/)
    assert.doesNotMatch(documentText(two, { key: 'VirtualMachine/default/one' }) ?? '', /two/)
    assert.equal(documentText(two, { key }), undefined)
  })

  it('writes a template into a machine with and without others', () => {
    const addition = {
      key: 'DataVolume/default/web-data',
      ownerKey: key,
      path: 'web.yaml',
      template: {
        metadata: { name: 'web-data' },
        spec: { storage: { resources: { requests: { storage: '1Gi' } } }, source: { blank: {} } },
      },
    }
    const volume = '      - name: data\n        dataVolume:\n          name: web-data\n'
    const other =
      'dataVolumeTemplates:\n  - metadata:\n      name: web-root\n    spec:\n      storage: {resources: {requests: {storage: 1Gi}}}\n      source: {blank: {}}\n'
    const root = "      - name: root\n        containerDisk:\n          image: 'example.org/debian:12'\n"
    const templated = written
      .replace('  template:', `  ${other}  template:`)
      .replace(root, '      - name: root\n        dataVolume: {name: web-root}\n')
    for (const text of [written + volume, templated + volume]) {
      const { objects } = judgeBlob(Buffer.from(addTemplate(text, addition)))
      assert.ok(objects.some((one) => one.key === addition.key && one.ownerKey === key))
    }
  })
})
