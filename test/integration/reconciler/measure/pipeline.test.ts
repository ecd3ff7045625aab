import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { until } from '../../../../lab/wait.ts'
import type { Message } from '../../../../reconciler/notify/types.ts'
import { startHttp } from '../notify/servers.ts'
import { makePlace, startWhole } from '../whole.ts'

const manifest = (memory: string): string => `apiVersion: kubevirt.io/v1
kind: VirtualMachine
metadata: { name: web, namespace: default }
spec:
  runStrategy: Always
  template: { spec: { domain: { devices: {}, memory: { guest: ${memory} } } } }
`
const fleet = `apiVersion: gitvirt.io/v1alpha1
kind: Fleet
metadata: { name: prod }
spec:
  notifications:
    - { name: done, to: ops, severities: [info], reasons: [Converged], interval: 0s }
    - { name: wrong, to: ops, interval: 0s }
`

test('a commit is measured until its machine runs, people are told, and metrics and notifications show it', async (t) => {
  const place = await makePlace(t)
  const { git, dir } = place
  const site = await startHttp(t)
  const ops = { type: 'webhook', url: `http://127.0.0.1:${site.port}/`, allowPrivate: true }
  await writeFile(join(dir, 'notify.yaml'), JSON.stringify({ destinations: { ops } }), { mode: 0o600 })
  const told = (): Message[] => site.taken.map(({ body }) => JSON.parse(body) as Message)
  const first = git.commit({ 'gitvirt.yaml': fleet })
  const whole = await startWhole(t, place, { notifyFile: join(dir, 'notify.yaml'), environment: 'prod' })
  await until('the first revision', () => told().some(({ revision }) => revision === first))

  const second = git.commit({ 'web.yaml': manifest('64Mi') })
  await until('a machine without a host', () => told().find(({ reason }) => reason === 'Unschedulable'))
  await whole.join('h1')
  await until('the second revision', () => told().find(({ reason, revision }) => reason === 'Converged' && revision === second))
  const { client } = whole
  const metrics = await client.call<string>('/metrics', { accept: 'text/plain' })
  for (const stage of ['planned', 'applied', 'converged'])
    assert.match(metrics, new RegExp(`^gitvirt_commit_${stage}_seconds_count\\{from="seen"\\} 2$`, 'm'))
  assert.match(metrics, /^gitvirt_commit_converged_seconds_count\{from="commit"\} 1$/m)
  assert.match(metrics, /^gitvirt_failures_total\{reason="Unschedulable"\} \d/m)
  assert.match(metrics, /^gitvirt_notifications_total\{destination="ops",outcome="sent"\} \d/m)
  const status = await client.call<{ rules: { name: string; to: string }[]; destinations: unknown[] }>('/gitvirt/v1/notifications')
  assert.deepEqual(
    status.rules.map(({ name, to }) => `${name} ${to}`),
    ['done ops', 'wrong ops'],
  )
  assert.deepEqual(status.destinations, [{ name: 'ops', type: 'webhook', undelivered: 0 }])
  const { answer } = await client.call<{ answer: string }>('/gitvirt/v1/notifications/test', {
    method: 'POST',
    body: { destination: 'ops' },
  })
  assert.equal(answer, '200 ok')
  assert.equal(told().at(-1)?.type, 'test')
})
