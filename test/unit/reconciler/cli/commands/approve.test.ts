import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Plan } from '../../../../../schemas/generated/plan.ts'
import { approveObject } from '../../../../../reconciler/cli/commands/approve.ts'
import type { CallOptions, Client } from '../../../../../reconciler/cli/client.ts'
import { createMachine, sealed } from '../../../../integration/session/lab.ts'

/** Approves with a server that has this plan; gives what was shown and what was sent. */
async function approve(plan: Plan, key: string): Promise<{ readonly shown: string; readonly bodies: unknown[] }> {
  const bodies: unknown[] = []
  let shown = ''
  const call = async (path: string, options?: CallOptions): Promise<unknown> => {
    await Promise.resolve()
    if (path === '/gitvirt/v1/plan') return plan
    return bodies.push(options?.body)
  }
  const client = { call } as Pick<Client, 'call'> as Client
  await approveObject({ client: () => client, print: (text) => (shown += text), color: false }, key)
  return { shown, bodies }
}

const web = createMachine('web', { approval: 'of-web' })
const other = createMachine('other', { approval: 'of-other' })

test('approves the change that it shows, by its digest, and no other', async () => {
  const { shown, bodies } = await approve(sealed([web, other]), web.key)
  assert.match(shown, /VirtualMachine default\/web/)
  assert.doesNotMatch(shown, /default\/other/)
  assert.deepEqual(bodies, [{ key: web.key, plan: 'of-web' }])
})

test('binds the request to the plan that was read where nothing in it waits for approval', async () => {
  const plan = sealed([other])
  assert.deepEqual(await approve(plan, web.key), { shown: '', bodies: [{ key: web.key, plan: plan.id }] })
})
