import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import { it } from 'node:test'
import { createWebhook, type WebhookOptions } from '../../../../reconciler/source/webhook.ts'

const body = Buffer.from('{"ref":"refs/heads/main"}')

function hook(options: Partial<WebhookOptions> = {}) {
  const state = { fetches: 0, now: 0 }
  const clock = { now: () => new Date(0), monotonic: () => state.now }
  const handle = createWebhook({ trigger: () => (state.fetches += 1), clock, ...options })
  return { state, status: (headers: Record<string, string>, content: Uint8Array = body) => handle({ headers, body: content }).status }
}

const sign = (secret: string) => createHmac('sha256', secret).update(body).digest('hex')

it('accepts the signatures of GitHub and Gitea and the token of GitLab', () => {
  const { state, status } = hook({ secret: 's3' })
  assert.equal(status({ 'x-hub-signature-256': `sha256=${sign('s3')}` }), 202)
  assert.equal(status({ 'x-gitea-signature': sign('s3') }), 202)
  assert.equal(status({ 'x-gitlab-token': 's3' }), 202)
  assert.equal(state.fetches, 3)
})

it('refuses a missing or wrong signature without a fetch', () => {
  const { state, status } = hook({ secret: 's3' })
  for (const headers of [
    {},
    { 'x-hub-signature-256': `sha256=${sign('other')}` },
    { 'x-gitea-signature': '' },
    { 'x-gitlab-token': 'S3' },
  ]) {
    assert.equal(status(headers as Record<string, string>), 401)
  }
  assert.equal(state.fetches, 0)
})

it('refuses a large body before looking at its signature', () => {
  const { state, status } = hook({ maxBytes: 10 })
  assert.equal(status({}), 413)
  assert.equal(state.fetches, 0)
})

it('limits the rate and recovers with time', () => {
  const { state, status } = hook({ burst: 2 })
  assert.deepEqual([status({}), status({}), status({})], [202, 202, 429])
  state.now = 1000
  assert.deepEqual([status({}), status({})], [202, 429])
  assert.equal(state.fetches, 3)
})
