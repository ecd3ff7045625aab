import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { array, assert as check, constantFrom, option, property, record, uniqueArray } from 'fast-check'
import { exitCodeOf, withoutAllowed } from '../../../../reconciler/compare/outcome.ts'
import type { Comparison } from '../../../../reconciler/compare/types.ts'
import { compareFiles, fleet, machine, type Files } from './support.ts'

function pathsOf(comparison: Comparison): string[] {
  return comparison.objects.flatMap(({ key, fields }) => fields.map(({ path }) => `${key} ${path}`))
}

const environment = uniqueArray(
  record({
    name: constantFrom('web', 'db', 'cache', 'mail'),
    memory: constantFrom('1Gi', '1024Mi', '2Gi', '4Gi'),
    cores: option(constantFrom(1, 2, 4), { nil: undefined }),
    disk: option(constantFrom('1Gi', '10Gi', '10240Mi'), { nil: undefined }),
    labels: option(record({ tier: constantFrom('a', 'b') }), { nil: undefined }),
  }),
  { selector: ({ name }) => name, maxLength: 4 },
).map((machines): Files =>
  Object.fromEntries(
    machines.map(({ name, memory, cores, disk, labels }) => [
      `${name}.yaml`,
      machine(name, {
        memory,
        ...(cores === undefined ? {} : { cores }),
        ...(disk === undefined ? {} : { disk }),
        ...(labels === undefined ? {} : { labels }),
      }),
    ]),
  ),
)

describe('a comparison', () => {
  it('of an environment with itself is empty', () => {
    check(
      property(environment, (files) => {
        const comparison = compareFiles(files, files)
        assert.deepEqual([comparison.objects, exitCodeOf(comparison)], [[], 0])
      }),
    )
  })

  it('the other way round is its mirror', () => {
    const mirrored = { added: 'removed', removed: 'added', changed: 'changed', unknown: 'unknown' } as const
    check(
      property(environment, environment, (a, b) => {
        const there = compareFiles(a, b)
        const back = compareFiles(b, a)
        const turned = back.objects.map(({ key, change, fields }) => ({
          key,
          change: mirrored[change],
          fields: fields.map(({ path, before, after }) => ({ path, before: after, after: before })),
        }))
        const plain = there.objects.map(({ key, change, fields }) => ({
          key,
          change,
          fields: fields.map(({ path, before, after }) => ({ path, before, after })),
        }))
        assert.deepEqual(turned, plain)
        assert.equal(exitCodeOf(there), exitCodeOf(back))
      }),
    )
  })

  it('is about objects, not about files, order and spelling', () => {
    const spread = { 'a.yaml': machine('web', { memory: '2Gi', disk: '10Gi' }), 'b.yaml': machine('db') }
    const gathered = {
      'all.yaml': `${machine('db', { namespace: 'default' })}\n---\n# moved\n${machine('web', { memory: '2048Mi', disk: '10240Mi' })}`,
    }
    assert.deepEqual(compareFiles(spread, gathered).objects, [])
  })

  it('takes a default that is written for the same as one that is not', () => {
    const silent = { 'a.yaml': machine('web') }
    const spoken = { 'a.yaml': machine('web', { spec: { runStrategy: undefined, running: true } }) }
    assert.deepEqual(compareFiles(silent, spoken).objects, [])
  })

  it('tells a text that looks like a quantity where the schema has none', () => {
    const labels = (cache: string): Files => ({ 'a.yaml': machine('web', { labels: { cache } }) })
    assert.deepEqual(pathsOf(compareFiles(labels('1Gi'), labels('1024Mi'))), ['VirtualMachine/default/web metadata.labels.cache'])
  })

  it('tells a template’s disk as the volume that it makes', () => {
    const comparison = compareFiles({ 'a.yaml': machine('web', { disk: '10Gi' }) }, { 'a.yaml': machine('web', { disk: '20Gi' }) })
    assert.deepEqual(pathsOf(comparison), ['DataVolume/default/web-root spec.storage.resources.requests.storage'])
  })

  it('does not count what an API server or a client wrote into the metadata', () => {
    const plain = { 'a.yaml': machine('web') }
    const object = JSON.parse(machine('web')) as { metadata: object }
    const dumped = {
      ...object,
      metadata: {
        ...object.metadata,
        uid: 'u',
        resourceVersion: '7',
        generation: 3,
        annotations: { 'kubectl.kubernetes.io/last-applied-configuration': '{}' },
      },
    }
    assert.deepEqual(compareFiles(plain, { 'a.yaml': JSON.stringify(dumped) }).objects, [])
  })

  it('takes stringData and data of a Secret for the same, and tells another value', () => {
    const secret = (fields: object): Files => ({
      's.yaml': JSON.stringify({ apiVersion: 'v1', kind: 'Secret', metadata: { name: 's' }, ...fields }),
    })
    const plain = secret({ stringData: { key: 'value' } })
    assert.deepEqual(compareFiles(plain, secret({ data: { key: Buffer.from('value').toString('base64') } })).objects, [])
    assert.deepEqual(pathsOf(compareFiles(plain, secret({ stringData: { key: 'other' } }))), ['Secret/default/s data.key'])
  })
})

describe('what the Fleet of the first side allows', () => {
  const staging = { 'web.yaml': machine('web', { memory: '1Gi', cores: 2 }), 'play.yaml': machine('play', { disk: '1Gi' }) }
  const prod = { 'web.yaml': machine('web', { memory: '4Gi', cores: 4 }) }
  const reason = 'meant'

  it('is a field with all below it, and is marked', () => {
    const policy = { allowedDifferences: [{ kind: 'VirtualMachine', fields: ['spec.template.spec.domain.memory'] as [string], reason }] }
    const comparison = compareFiles(staging, prod, policy)
    const web = comparison.objects.find(({ key }) => key.endsWith('/web'))
    assert.deepEqual(
      web?.fields.map(({ path, allowed }) => [path.split('.').at(-1), allowed]),
      [
        ['cores', undefined],
        ['guest', reason],
      ],
    )
    assert.equal(withoutAllowed(comparison).objects.find(({ key }) => key.endsWith('/web'))?.fields.length, 1)
    assert.equal(exitCodeOf(comparison), 1)
  })

  it('is an object that is on one side only, with the volumes that it makes', () => {
    const policy = {
      allowedDifferences: [
        { name: 'play', reason },
        { name: 'web', fields: ['spec.*'] as [string], reason },
      ],
    }
    const comparison = compareFiles(staging, prod, policy)
    assert.deepEqual(comparison.summary, { equal: 0, added: 0, removed: 0, changed: 0, unknown: 0, allowed: 3 })
    assert.deepEqual(withoutAllowed(comparison).objects, [])
    assert.equal(exitCodeOf(comparison), 0)
  })

  it('is no more than it names', () => {
    for (const rule of [{ kind: 'DataVolume' }, { namespace: 'team-*' }, { name: 'w' }, { name: 'web-*' }]) {
      const comparison = compareFiles({ 'w.yaml': staging['web.yaml'] }, prod, { allowedDifferences: [{ ...rule, reason }] })
      assert.equal(comparison.summary.changed, 1, JSON.stringify(rule))
    }
  })

  it('finds an object under another name', () => {
    const here = { 'a.yaml': machine('web-1', { namespace: 'staging', memory: '1Gi' }), 'b.yaml': machine('db', { namespace: 'staging' }) }
    const there = { 'a.yaml': machine('www-1', { namespace: 'prod', memory: '2Gi' }), 'b.yaml': machine('db', { namespace: 'prod' }) }
    const renames = [
      { here: 'staging/web-*', there: 'prod/www-*' },
      { here: 'staging/*', there: 'prod/*' },
    ]
    const comparison = compareFiles(here, there, { renames })
    assert.deepEqual(
      comparison.objects.map(({ key, otherKey, change }) => [key, otherKey, change]),
      [['VirtualMachine/staging/web-1', 'VirtualMachine/prod/www-1', 'changed']],
    )
    assert.equal(comparison.summary.equal, 1)
  })

  it('is never itself a difference, and the two Fleets are one object', () => {
    const a = { 'gitvirt.yaml': fleet('staging', { suspend: true, environments: { allowedDifferences: [{ name: 'x', reason }] } }) }
    const b = { 'gitvirt.yaml': fleet('prod', { suspend: false }) }
    const comparison = compareFiles(a, b)
    assert.deepEqual(pathsOf(comparison), ['Fleet//staging spec.suspend'])
    assert.deepEqual(compareFiles(a, { 'gitvirt.yaml': fleet('prod', { suspend: true }) }).objects, [])
  })
})

describe('a broken file', () => {
  const whole = { 'web.yaml': machine('web'), 'db.yaml': machine('db') }

  it('makes an object that it names unknown, with its place, and no other', () => {
    const invalid = { ...whole, 'web.yaml': machine('web', { memory: 'much' }) }
    for (const [a, b, unknownOn] of [
      [whole, invalid, 'other'],
      [invalid, whole, 'base'],
    ] as const) {
      const comparison = compareFiles(a, b)
      assert.deepEqual(
        comparison.objects.map(({ key, change, unknownOn: on }) => [key, change, on]),
        [['VirtualMachine/default/web', 'unknown', unknownOn]],
      )
      assert.equal(comparison.errors[0]?.error.path, 'web.yaml')
      assert.equal(comparison.errors[0]?.side, unknownOn)
      assert.equal(exitCodeOf(comparison), 2)
    }
  })

  it('that does not parse makes all that is not told elsewhere unknown, never missing', () => {
    const comparison = compareFiles(whole, { 'db.yaml': machine('db'), 'odd.yaml': '{[' })
    assert.deepEqual(
      comparison.objects.map(({ key, change }) => [key, change]),
      [['VirtualMachine/default/web', 'unknown']],
    )
    assert.equal(exitCodeOf(comparison), 2)
  })

  it('is an error even where no object is concerned', () => {
    const broken = { ...whole, 'odd.yaml': '{[' }
    assert.equal(exitCodeOf(compareFiles(broken, broken)), 2)
  })

  it('that names its objects does not concern a comparison of others', () => {
    const invalid = { ...whole, 'web.yaml': machine('web', { memory: 'much' }) }
    const comparison = compareFiles(whole, invalid, undefined, (key) => key.endsWith('/db'))
    assert.deepEqual([comparison.objects, comparison.errors, exitCodeOf(comparison)], [[], [], 0])
    const untold = { ...whole, 'odd.yaml': '{[' }
    assert.equal(exitCodeOf(compareFiles(whole, untold, undefined, (key) => key.endsWith('/db'))), 2)
  })

  it('of two that declare one object makes it unknown', () => {
    const comparison = compareFiles(whole, { ...whole, 'again.yaml': machine('web') })
    assert.deepEqual(
      comparison.objects.map(({ change }) => change),
      ['unknown'],
    )
    assert.deepEqual(
      comparison.errors.map(({ error }) => error.code),
      ['DuplicateObject', 'DuplicateObject'],
    )
  })
})

describe('globs in a policy', () => {
  it('match as a whole, and never take long', () => {
    const policy = (name: string): Parameters<typeof compareFiles>[2] => ({ allowedDifferences: [{ name, reason: 'r' }] })
    const name = `a${'b'.repeat(200)}`
    const allowed = (pattern: string): boolean => compareFiles({ 'a.yaml': machine(name) }, {}, policy(pattern)).summary.allowed === 1
    for (const pattern of ['*', 'a*', '*b', 'a*b*b', name]) assert.equal(allowed(pattern), true, pattern)
    for (const pattern of ['', 'b*', '*a', 'a*a*b', `${name}*b`, '.*']) assert.equal(allowed(pattern), false, pattern)
    check(
      property(array(constantFrom('b*', '*', 'a'), { maxLength: 50 }), (parts) => void allowed(`${parts.join('')}c`)),
      { numRuns: 20 },
    )
  })
})
