import assert from 'node:assert/strict'
import { it } from 'node:test'
import { createDependencies } from '../../../../agent/runner/dependencies.ts'
import type { ObservedObject } from '../../../../schemas/generated/observation.ts'

it('waits for a machine that goes until nobody works on it any more, and for none that nobody works on', async () => {
  const key = 'VirtualMachine/default/old'
  const active = new Set([key])
  const there = { kind: 'VirtualMachine', key, applied: {} } as unknown as ObservedObject
  let seen: ObservedObject | undefined = there
  const dependencies = createDependencies({ observe: async () => await Promise.resolve(seen), active: (one) => active.has(one), pollMs: 5 })
  let waited = false
  const waiting = dependencies.wait([key], new AbortController().signal).then(() => (waited = true))
  for (let turn = 0; turn < 5; turn += 1) await new Promise((resolve) => setTimeout(resolve, 5))
  assert.equal(waited, false)
  seen = undefined
  active.clear()
  dependencies.changed(key)
  await waiting
  await dependencies.wait([key], new AbortController().signal)
  seen = there
  await dependencies.wait([key], new AbortController().signal)
})
