import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { slackText } from '../../../../reconciler/notify/send/slack.ts'
import { mailMedium } from '../../../../reconciler/notify/send/email.ts'
import { lines, subject } from '../../../../reconciler/notify/text.ts'
import type { NewsGroup } from '../../../../schemas/generated/notification.ts'
import type { Message } from '../../../../reconciler/notify/types.ts'

const nasty = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc.constant('see https://evil.example.org/ now'),
  fc.string({
    unit: fc.constantFrom(
      '`',
      '<',
      '>',
      '!',
      '@',
      '|',
      '*',
      '_',
      '[',
      ']',
      '(',
      ')',
      ':',
      '/',
      '\n',
      '\r',
      '\u2028',
      '\u202E',
      '\u061C',
      'a',
      '&',
    ),
    maxLength: 40,
  }),
)

/** A message all of whose texts somebody else wrote. */
const message: fc.Arbitrary<Message> = fc
  .record({ environment: nasty, reason: nasty, message: nasty, host: nasty, name: nasty, author: nasty, digest: fc.boolean() })
  .map(({ environment, reason, message, host, name, author, digest }) => {
    const object = { kind: 'VirtualMachine', namespace: 'default', name }
    const time = '2026-03-01T00:00:00Z'
    const group: NewsGroup = { type: 'warning', reason, count: 3, first: time, last: time, items: [{ time, object, message, host }] }
    const common = {
      version: 1,
      id: 'id',
      time,
      environment,
      rule: 'all',
      message,
      revision: 'a'.repeat(40),
      author: { name: author, email: '' },
    } as const
    return digest
      ? { ...common, type: 'digest', reason: 'Digest', count: 3, groups: [group] }
      : { ...common, type: 'warning', reason, count: 1, object, host }
  })

test('a subject is one line without marks that steer, whatever commits say', () => {
  fc.assert(
    fc.property(message, (one) => {
      assert.doesNotMatch(subject(one), /[\p{Cc}\u061C\u2028\u2029\u202A-\u202E\u2066-\u2069]/u)
    }),
  )
})

test('in Slack all that others said is code, which mentions nobody and links nowhere', () => {
  fc.assert(
    fc.property(message, (one) => {
      const text = slackText(one)
      assert.doesNotMatch(text, /[<>]|@[a-z]|:\/\//)
      for (const line of text.split('\n')) {
        const own = line.replaceAll(/`[^`]*`/g, '…')
        assert.match(own, /^(?:…|host …|revision … by …|3 × …:|- … on …: …|- and 2 more)$/)
      }
    }),
  )
})

test('in a mail nothing that others said makes a link, while the link of the operator is one', () => {
  fc.assert(
    fc.property(message, (one) => {
      const [link, ...others] = lines({ ...one, link: 'https://git.example.org/' }, mailMedium).toReversed()
      assert.equal(link, 'https://git.example.org/')
      for (const line of others) assert.doesNotMatch(line, /:\/\/|[\p{Cc}\u061C\u202E]/u)
    }),
  )
})

test('a text that is too long ends between two lines', () => {
  const items = Array.from({ length: 50 }, (_, index) => ({
    time: '',
    object: { kind: 'VirtualMachine', namespace: 'default', name: `vm${index}` },
    message: 'x'.repeat(1000),
  }))
  const group: NewsGroup = { type: 'warning', reason: 'Full', count: 50, first: '', last: '', items }
  const text = slackText({
    version: 1,
    id: '',
    type: 'digest',
    time: '',
    environment: 'prod',
    rule: '',
    reason: 'Digest',
    message: '',
    count: 50,
    groups: [group],
  })
  assert.ok(text.length < 8100)
  assert.match(text, /`\nand \d+ lines more$/)
})
