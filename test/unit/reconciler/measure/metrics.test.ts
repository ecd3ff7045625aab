import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { Registry } from 'prom-client'
import { createMetrics } from '../../../../reconciler/api/metrics.ts'
import { boundedLabel } from '../../../../reconciler/measure/bounded-label.ts'
import { createPipelineMetrics, type Measured, type PipelineMetrics } from '../../../../reconciler/measure/pipeline-metrics.ts'
import { holdMetrics } from '../../../../reconciler/hold-metrics.ts'
import { createCollection } from '../../../../reconciler/status/collection.ts'

const at = '2026-03-01T00:00:00Z'
const suspension = { key: 'VirtualMachine/default/a', by: 'operator', reason: 'test', at }
const lease = { ...suspension, id: 'l', until: '2026-03-01T02:00:00Z', ending: 'revert' as const }

function open(measured: Partial<Measured> = {}): { readonly registry: Registry; readonly metrics: PipelineMetrics } {
  const registry = new Registry()
  holdMetrics(registry, { suspensions: { list: () => [suspension] }, leases: { list: () => [lease] } })
  const metrics = createPipelineMetrics(registry, {
    progress: { underWay: () => 2, waiting: () => new Map([['Window', 3]]) },
    drifted: () => ['VirtualMachine/default/a', 'VirtualMachine/default/gone'],
    isServed: (key) => !key.endsWith('/gone'),
    manifestErrors: () => 4,
    queued: () => ({ plan: 5, status: 6 }),
    unpushedReceipts: () => 7,
    waitingNotifications: () => new Map([['ops', 8]]),
    fetchedAt: () => '2026-03-01T00:00:00Z',
    ...measured,
  })
  return { registry, metrics }
}

/** Names in the table of the operator's page. */
function documented(): string[] {
  const text = readFileSync(join(import.meta.dirname, '../../../../docs/operator.md'), 'utf8')
  return [...text.matchAll(/^\| `(gitvirt_[a-z_]+)(?:\{[a-z, ]+\})?`/gm)].map(([, name = '']) => name)
}

test('every metric is documented, and every documented one is there', async () => {
  const { registry } = open()
  createMetrics(createCollection({ version: 0 }), registry)
  const names = (await registry.getMetricsAsJSON()).map(({ name }) => name).filter((name) => !/^gitvirt_(?:process|nodejs)_/.test(name))
  assert.deepEqual(documented().toSorted(), names.toSorted())
})

test('documented labels are those that the metrics have', async () => {
  const { registry, metrics } = open()
  createMetrics(createCollection({ version: 0 }), registry).answered('GET', 200)
  metrics.heard({ key: 'Node//kvm1', type: 'Warning', reason: 'NodeNotReady' })
  metrics.notified('ops', 'sent')
  metrics.reached({ commit: 'c', stage: 'planned', sinceSeen: 1 })
  const text = readFileSync(join(import.meta.dirname, '../../../../docs/operator.md'), 'utf8')
  for (const { name, values } of await registry.getMetricsAsJSON()) {
    if (/^gitvirt_(?:process|nodejs)_/.test(name)) continue
    const stated = new RegExp(`^\\| \`${name}(?:\\{([a-z, ]+)\\})?\``, 'm').exec(text)?.[1]?.split(', ') ?? []
    const found = new Set(values.flatMap(({ labels }) => Object.keys(labels)).filter((label) => label !== 'le'))
    assert.deepEqual(
      [...found].filter((label) => !stated.includes(label)),
      [],
      name,
    )
  }
})

test('stages are measured from the commit and from the first sight', async () => {
  const { registry, metrics } = open()
  metrics.reached({ commit: 'c', stage: 'applied', sinceSeen: 3, sinceCommit: 70 })
  metrics.reached({ commit: 'd', stage: 'applied', sinceSeen: 3 })
  const text = await registry.getSingleMetricAsString('gitvirt_commit_applied_seconds')
  assert.match(text, /_bucket\{le="2",from="seen"\} 0/)
  assert.match(text, /_bucket\{le="5",from="seen"\} 2/)
  assert.match(text, /_count\{from="commit"\} 1/)
})

test('drift is found in the store and followed by events; objects that are gone do not count', async () => {
  const { registry, metrics } = open()
  const value = async (): Promise<string> => await registry.getSingleMetricAsString('gitvirt_drift_objects')
  assert.match(await value(), /\{kind="VirtualMachine"\} 1/)
  metrics.heard({ key: 'VirtualMachine/default/b', type: 'Warning', reason: 'DriftDetected' })
  assert.match(await value(), /\{kind="VirtualMachine"\} 2/)
  for (const name of ['a', 'b']) metrics.heard({ key: `VirtualMachine/default/${name}`, type: 'Normal', reason: 'DriftMended' })
  assert.doesNotMatch(await value(), /VirtualMachine/)
})

test('drift of what is not served yet is told once it is, and that of what went is not, even where it comes again', async () => {
  let served = false
  const key = 'NodeNetworkConfigurationEnactment//h1.br'
  const { registry, metrics } = open({ drifted: () => [key], isServed: () => served })
  const value = async (): Promise<string> => await registry.getSingleMetricAsString('gitvirt_drift_objects')
  assert.doesNotMatch(await value(), /Enactment/)
  served = true
  assert.match(await value(), /\{kind="NodeNetworkConfigurationEnactment"\} 1/)
  metrics.gone(key)
  assert.doesNotMatch(await value(), /Enactment/)
})

test('reasons that nobody knows grow no metric beyond its bound', async () => {
  const { registry, metrics } = open()
  for (let index = 0; index < 1000; index += 1)
    metrics.heard({ key: 'Node//a', type: 'Warning', reason: index % 2 === 0 ? `Reason${index}` : 'a "b"\n' })
  const { values } = (await registry.getMetricsAsJSON()).find(({ name }) => name === 'gitvirt_failures_total') ?? { values: [] }
  assert.equal(values.length, 101)
  const label = boundedLabel(1)
  assert.deepEqual([label('a'), label('b'), label('a')], ['a', 'Other', 'a'])
})
