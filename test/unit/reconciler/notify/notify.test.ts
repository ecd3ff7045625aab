import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { until } from '../../../../lab/wait.ts'
import { messageClass } from '../../../../reconciler/notify/message-class.ts'
import { notifyRules, speaksOf } from '../../../../reconciler/notify/rules.ts'
import { minute, openWorld, pass, warning } from './world.ts'

const noLabels = (): Readonly<Record<string, string>> => ({})

test('one piece of news is sent as it is, once', async (t) => {
  const world = openWorld(t, [{ name: 'all', to: 'ops' }])
  world.intake.take({ ...warning('web'), plan: 'p'.repeat(64) }, noLabels)
  await pass(world, 5 * minute)
  assert.equal(world.sent.length, 1)
  const { id, ...message } = world.sent[0]?.message ?? ({ id: '' } as const)
  assert.match(id, /^[0-9a-f-]{36}$/)
  assert.deepEqual(message, {
    version: 1,
    environment: 'prod',
    rule: 'all',
    count: 1,
    type: 'warning',
    reason: 'ErrNoSpace',
    time: '2026-03-01T00:00:00.000Z',
    object: { kind: 'VirtualMachine', namespace: 'default', name: 'web' },
    message: 'The pool of web is full.',
    host: 'kvm1',
    plan: 'p'.repeat(64),
  })
})

test('a thousand machines that fail for one reason are one message with their number and the first names', async (t) => {
  const world = openWorld(t, [{ name: 'all', to: 'ops' }])
  for (let index = 0; index < 1000; index += 1) world.intake.take(warning(`vm${index}`), noLabels)
  await pass(world, 10 * minute)
  assert.equal(world.sent.length, 1)
  const message = world.sent[0]?.message
  assert.equal(message?.type, 'digest')
  assert.equal(message.count, 1000)
  assert.deepEqual(
    message.groups?.map(({ reason, count, items }) => [reason, count, items.map(({ object }) => object.name)]),
    [['ErrNoSpace', 1000, ['vm0', 'vm1', 'vm2', 'vm3', 'vm4', 'vm5', 'vm6', 'vm7', 'vm8', 'vm9']]],
  )
})

test('the same news of the same object is not told again within the time of the rule, over a restart as well', async (t) => {
  const world = openWorld(t, [{ name: 'all', to: 'ops', repeat: '1h' }])
  world.intake.take(warning('web', 'Timeout', 'No answer after 12 s.'), noLabels)
  await pass(world, 10 * minute, minute)
  world.restart()
  world.intake.take(warning('web', 'Timeout', 'No answer after 30 s.'), noLabels)
  world.intake.take(warning('db', 'Timeout', 'No answer after 30 s.'), noLabels)
  await pass(world, 10 * minute, minute)
  assert.deepEqual(
    world.sent.map(({ message }) => message.object?.name),
    ['web', 'db'],
  )
  assert.equal(world.repeated, 1)
  world.now += 60 * minute
  world.intake.take(warning('web', 'Timeout', 'No answer after 30 s.'), noLabels)
  await pass(world, 2 * minute)
  assert.equal(world.sent.length, 3)
})

test('the end of a trouble is told once, and the trouble anew when it comes again', async (t) => {
  const world = openWorld(t, [{ name: 'all', to: 'ops', interval: '1s' }])
  world.intake.take(warning('web'), noLabels)
  await pass(world, minute)
  assert.equal(world.intake.over('VirtualMachine/default/web', { message: 'It is well.' }), true)
  assert.equal(world.intake.over('VirtualMachine/default/web', { message: 'It is well.' }), false)
  await pass(world, minute)
  world.intake.take(warning('web'), noLabels)
  await pass(world, minute)
  assert.deepEqual(
    world.sent.map(({ message }) => [message.type, message.reason]),
    [
      ['warning', 'ErrNoSpace'],
      ['recovery', 'ErrNoSpace'],
      ['warning', 'ErrNoSpace'],
    ],
  )
})

test('no end is told of what was never told', async (t) => {
  const world = openWorld(t, [{ name: 'all', to: 'ops' }])
  assert.equal(world.intake.over('VirtualMachine/default/web', { message: 'It is well.' }), false)
  await pass(world, minute)
  assert.equal(world.sent.length, 0)
})

test('while the server is down nothing is lost, and afterwards each message comes once with the id that it had', async (t) => {
  const world = openWorld(t, [{ name: 'all', to: 'ops', interval: '1m' }])
  world.down = new Error('connection refused')
  world.intake.take(warning('a'), noLabels)
  await pass(world, minute)
  const id = world.store.news.outbox()[0]?.id
  for (const name of ['b', 'c', 'd']) world.intake.take(warning(name), noLabels)
  await pass(world, 30 * minute, minute)
  world.restart()
  world.down = undefined
  await pass(world, 30 * minute, minute)
  assert.deepEqual(
    world.sent.map(({ message }) => [message.count, message.groups?.[0]?.items.map(({ object }) => object.name) ?? message.object?.name]),
    [
      [1, 'a'],
      [3, ['b', 'c', 'd']],
    ],
  )
  assert.equal(world.sent[0]?.message.id, id)
  assert.ok(world.outcomes.filter((outcome) => outcome === 'failed').length < 15, 'tries grow rare')
})

test('what cannot be delivered for a day is given up, and what came meanwhile goes on', async (t) => {
  const world = openWorld(t, [{ name: 'all', to: 'ops' }])
  world.down = new Error('connection refused')
  world.intake.take(warning('a'), noLabels)
  await pass(world, 24 * 60 * minute + 20 * minute, 5 * minute)
  assert.equal(world.outcomes.at(-1), 'given up')
  world.down = undefined
  world.intake.take(warning('b'), noLabels)
  await pass(world, 5 * minute)
  assert.deepEqual(
    world.sent.map(({ message }) => message.object?.name),
    ['b'],
  )
})

test('a destination that hangs holds up no other', async (t) => {
  const world = openWorld(t, [
    { name: 'slow', to: 'slow', interval: '0s' },
    { name: 'all', to: 'ops', interval: '0s' },
  ])
  const { promise: hanging, resolve: go } = Promise.withResolvers<undefined>()
  world.taking = async (to) => await ('url' in to && to.url.includes('slow') ? hanging : undefined)
  const names = (): unknown[] => world.sent.map(({ message }) => `${message.rule} ${message.object?.name ?? ''}`)
  for (const [index, name] of ['a', 'b'].entries()) {
    world.intake.take(warning(name), noLabels)
    world.now += minute
    world.courier.round()
    await until(name, () => world.sent.length === index + 1)
  }
  assert.deepEqual(names(), ['all a', 'all b'])
  assert.equal(world.courier.dueAt(), undefined)
  go(undefined)
  await world.courier.delivered()
  await pass(world, minute)
  assert.deepEqual(names(), ['all a', 'all b', 'slow a', 'slow b'])
})

test('a destination that fails is tried with one message, and one that it never takes keeps back no other', async (t) => {
  const world = openWorld(
    t,
    ['a', 'b', 'c'].map((name) => ({ name, to: 'ops' })),
  )
  world.down = new Error('connection refused')
  world.intake.take(warning('web'), noLabels)
  await pass(world, 2000)
  assert.deepEqual(world.outcomes, ['failed'])
  world.down = undefined
  const [first] = world.store.news.outbox().filter(({ tries }) => tries > 0)
  world.taking = async (_to, { rule }) => {
    if (rule === first?.rule) throw new Error('it is not taken')
  }
  await pass(world, minute)
  assert.equal(world.sent.length, 2)
  assert.ok(world.sent.every(({ message }) => message.rule !== first?.rule))
})

test('a rule never sends two messages within its interval, no destination more than its limit, and no news is lost', async (t) => {
  const action = fc.record({ wait: fc.integer({ min: 0, max: 300 }), name: fc.integer({ min: 0, max: 8 }), fails: fc.boolean() })
  await fc.assert(
    fc.asyncProperty(fc.array(action, { minLength: 1, maxLength: 40 }), async (actions) => {
      const world = openWorld(
        t,
        [
          { name: 'all', to: 'ops', interval: '2m', repeat: '0s' },
          { name: 'more', to: 'ops', interval: '30s', repeat: '0s' },
        ],
        {
          mostPerHour: 7,
        },
      )
      let told = 0
      for (const { wait, name, fails } of actions) {
        world.down = fails ? new Error('down') : undefined
        world.intake.take(warning(`vm${name}`), noLabels)
        told += 1
        await pass(world, wait * 1000, 10_000)
      }
      world.down = undefined
      await pass(world, 26 * 60 * minute, minute)
      for (const [rule, interval] of [
        ['all', 2 * minute],
        ['more', 30_000],
      ] as const) {
        const mine = world.sent.filter(({ message }) => message.rule === rule)
        assert.equal(
          mine.reduce((sum, { message }) => sum + message.count, 0),
          told,
        )
        for (const [index, { at }] of mine.entries()) if (index > 0) assert.ok(at - (mine[index - 1]?.at ?? 0) >= interval)
      }
      for (const { at } of world.sent) {
        const hour = world.sent.filter((one) => one.at > at - 60 * minute && one.at <= at)
        assert.ok(hour.length <= 7, `${hour.length} in an hour`)
      }
    }),
    { numRuns: 15 },
  )
})

test('what went well is told again for each revision, a trouble is not', async (t) => {
  const world = openWorld(t, [{ name: 'all', to: 'ops', severities: ['warning', 'info'], interval: '0s' }])
  for (const revision of ['a', 'a', 'b']) {
    world.revision = revision
    world.intake.take({ ...warning('web'), severity: 'info', reason: 'Converged', message: 'Done.' }, noLabels)
    world.intake.take(warning('web'), noLabels)
  }
  await pass(world, minute)
  assert.deepEqual(
    world.sent[0]?.message.groups?.map(({ reason, count }) => [reason, count]),
    [
      ['Converged', 2],
      ['ErrNoSpace', 1],
    ],
  )
})

test('what a transaction rolls back is not told', async (t) => {
  const world = openWorld(t, [{ name: 'all', to: 'ops' }])
  assert.throws(() =>
    world.store.transaction(() => {
      world.intake.take(warning('web'), noLabels)
      throw new Error('disk full')
    }),
  )
  await pass(world, minute)
  assert.equal(world.sent.length, 0)
})

test('news of more reasons than anybody reads is counted together', async (t) => {
  const world = openWorld(t, [{ name: 'all', to: 'ops' }])
  for (let index = 0; index < 200; index += 1) world.intake.take(warning('web', `Reason${index}`), noLabels)
  await pass(world, minute)
  const message = world.sent[0]?.message
  assert.equal(message?.count, 200)
  assert.equal(message.groups?.length, 51)
  assert.equal(message.groups.find(({ reason }) => reason === 'Other')?.count, 150)
})

test('a rule speaks of the severities, kinds, reasons and labels that it names', () => {
  const [rule] = notifyRules({
    notifications: [
      {
        name: 'some',
        to: 'ops',
        severities: ['warning'],
        kinds: ['VirtualMachine'],
        exceptReasons: ['Window'],
        matchLabels: { tier: 'prod' },
      },
    ],
  })
  assert.ok(rule)
  const labels = (): Readonly<Record<string, string>> => ({ tier: 'prod', app: 'web' })
  assert.equal(speaksOf(rule, warning('web'), labels), true)
  assert.equal(speaksOf(rule, warning('web'), noLabels), false)
  assert.equal(speaksOf(rule, warning('web', 'Window'), labels), false)
  assert.equal(speaksOf(rule, { ...warning('web'), severity: 'info' }, labels), false)
  assert.equal(speaksOf(rule, { ...warning('web'), key: 'Node//kvm1' }, labels), false)
})

test('numbers and ids make no other class of a message, words do', () => {
  assert.equal(messageClass('On kvm1: 12.5 GiB missing in 3f2a9c1d0b7e'), messageClass('On kvm2: 7 GiB missing in aaaaaaaaaaaa'))
  assert.notEqual(messageClass('The disk "a" is gone.'), messageClass('The disk "b" is gone.'))
})
