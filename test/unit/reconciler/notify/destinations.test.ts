import assert from 'node:assert/strict'
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { openDestinations } from '../../../../reconciler/notify/destinations.ts'
import { atEnd } from '../../../at-end.ts'

function write(t: TestContext, text: string, mode = 0o600): string {
  const dir = mkdtempSync(join(tmpdir(), 'gitvirt-destinations-'))
  atEnd(t, () => rmSync(dir, { recursive: true, force: true }))
  const file = join(dir, 'destinations.yaml')
  writeFileSync(file, text)
  chmodSync(file, mode)
  return file
}

const slack = 'destinations:\n  ops:\n    type: slack\n    url: https://hooks.example.org/services/SECRET\n'

test('a destination is read anew each time, so that it can be changed in place', async (t) => {
  const file = write(t, slack)
  const destinations = openDestinations(file)
  assert.deepEqual(await destinations.get('ops'), { type: 'slack', url: 'https://hooks.example.org/services/SECRET' })
  writeFileSync(file, slack.replace('SECRET', 'OTHER'))
  assert.deepEqual(await destinations.get('ops'), { type: 'slack', url: 'https://hooks.example.org/services/OTHER' })
  assert.deepEqual(await destinations.list(), [{ name: 'ops', type: 'slack' }])
})

test('a file that others can read or write is refused', async (t) => {
  for (const mode of [0o640, 0o604, 0o620, 0o666]) {
    await assert.rejects(openDestinations(write(t, slack, mode)).get('ops'), { code: 'DestinationsNotPrivate' })
  }
})

test('a fault is told by its place, without what the file holds', async (t) => {
  for (const [text, place] of [
    [slack.replace('url:', 'urI:'), /ops must have required property/],
    [slack.replace('https://', 'SECRET://'), /ops\/url must match pattern/],
    [slack.replace('slack', 'SECRET'), /type is webhook, slack or email/],
    [`${slack}  mail:\n    type: email\n    host: mail\n    from: "a@b\\nBcc: SECRET@x"\n    to: [a@b]\n`, /mail\/from must match pattern/],
    ['destinations: [SECRET', /it is no YAML/],
    [`${slack}more: SECRET\n`, /it has one field/],
    [
      'destinations:\n  m: { type: email, host: m, from: a@b, to: [a@b], tls: none, password: SECRET }\n',
      /a password is not sent without TLS/,
    ],
  ] as const) {
    const file = write(t, text)
    await assert.rejects(
      openDestinations(file).get(text.includes('mail:') ? 'mail' : text.includes('  m:') ? 'm' : 'ops'),
      (error: Error) => {
        assert.match(error.message, place)
        assert.doesNotMatch(error.message, /SECRET/)
        return true
      },
    )
  }
})

test('a name that is not there, and no file at all, are told apart', async (t) => {
  await assert.rejects(openDestinations(write(t, slack)).get('other'), /has no destination other/)
  await assert.rejects(openDestinations(undefined).get('other'), /has no --notify-file/)
})
