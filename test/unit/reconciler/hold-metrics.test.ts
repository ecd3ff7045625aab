import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Registry } from 'prom-client'
import { holdMetrics } from '../../../reconciler/hold-metrics.ts'
import type { LeaseRecord } from '../../../reconciler/store/leases.ts'

const lease: LeaseRecord = { key: 'VirtualMachine/default/a', id: 'a', by: 'operator', reason: 'r', at: 't', until: 't', ending: 'adopt' }

test('what is held back is counted by kind and state, without names', async () => {
  const registry = new Registry()
  const suspension = { by: 'operator', reason: 'r', at: 't' }
  holdMetrics(registry, {
    suspensions: {
      list: () => [
        { key: 'Node//h1', ...suspension },
        { key: 'Node//h2', ...suspension },
      ],
    },
    leases: { list: () => [lease, { ...lease, kept: { wish: 'w', until: 't' } }, { ...lease, endedAt: 't' }] },
  })
  const text = await registry.metrics()
  for (const line of ['gitvirt_suspensions{kind="Node"} 2', 'gitvirt_leases{state="in force"} 1', 'gitvirt_leases{state="adopted"} 1'])
    assert.ok(text.includes(line), line)
})
