import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import { pino } from 'pino'
import type { ApplyPlan, SessionMessage } from '../../../../schemas/generated/session.ts'
import { createDispatcher, type Dispatcher, type DispatcherOptions } from '../../../../reconciler/dispatch/dispatcher.ts'
import type { AgentSession } from '../../../../reconciler/dispatch/session.ts'
import { systemClock } from '../../../../reconciler/lib/clock.ts'
import { GitvirtError } from '../../../../reconciler/lib/errors.ts'
import { atEnd } from '../../../at-end.ts'
import { createMachine, sealed } from '../../../integration/session/lab.ts'

const mebibyte = 1024 * 1024

type World = { readonly dispatcher: Dispatcher; readonly sent: ApplyPlan[]; readonly closed: string[] }

/** A dispatcher with one agent, "h1", whose link carries messages up to a size. */
function open(t: TestContext, mostBytes: number, options: Partial<DispatcherOptions> = {}): World {
  const sent: ApplyPlan[] = []
  const closed: string[] = []
  const session: Pick<AgentSession, 'node' | 'send' | 'close'> = {
    node: 'h1',
    send: async (message: SessionMessage) => {
      const bytes = Buffer.byteLength(JSON.stringify(message))
      if (bytes > mostBytes) throw new GitvirtError({ code: 'MessageTooLarge', message: `${bytes} bytes` })
      if (message.type === 'apply') sent.push(message)
      await Promise.resolve()
    },
    close: (_code, why) => closed.push(why),
  }
  const dispatcher = createDispatcher({
    sessions: { get: () => session as AgentSession, nodes: () => ['h1'], listen: () => {}, serve: () => {}, close: async () => {} },
    log: pino({ level: 'silent' }),
    clock: systemClock,
    inputs: () => ({ userdata: 'x'.repeat(3 * mebibyte) }),
    locate: () => 'h1',
    replan: () => {},
    ...options,
  })
  atEnd(t, () => dispatcher.close())
  return { dispatcher, sent, closed }
}

/** Machines that each read a Secret of their own. */
function machines(count: number) {
  return Array.from({ length: count }, (_, index) => {
    const change = createMachine(`vm${index}`, { node: 'h1' })
    const inputs = { [`Secret/default/seed${index}`]: 'digest' }
    return {
      ...change,
      steps: change.steps.map((step) => (step.machine === undefined ? step : { ...step, machine: { ...step.machine, inputs } })),
    }
  })
}

describe('createDispatcher', () => {
  it('cuts a plan by the size of its message, Secrets included', async (t) => {
    const { dispatcher, sent } = open(t, 8 * mebibyte)
    const changes = machines(5)
    const plans = await dispatcher.dispatch(sealed(changes), 'h1')
    assert.deepEqual(
      sent.map(({ plan }) => plan.id),
      plans.map(({ id }) => id),
    )
    assert.deepEqual(
      sent.flatMap(({ plan }) => plan.changes.map(({ key }) => key)),
      changes.map(({ key }) => key),
    )
    assert.equal(sent.flatMap(({ secrets }) => Object.keys(secrets)).length, 5)
  })

  it('tries a change that no frame holds again later, and leaves the session open', async (t) => {
    const again = Promise.withResolvers<readonly string[]>()
    const replan: DispatcherOptions['replan'] = (keys) => again.resolve(keys)
    const { dispatcher, sent, closed } = open(t, mebibyte, { replan, answerMs: 1 })
    const [change] = machines(1)
    assert.ok(change)
    await dispatcher.dispatch(sealed([change]), 'h1')
    assert.deepEqual(dispatcher.flights(), [])
    assert.deepEqual(await dispatcher.dispatch(sealed([change]), 'h1'), [])
    assert.deepEqual(await again.promise, [change.key])
    assert.deepEqual({ sent, closed }, { sent: [], closed: [] })
  })
})
