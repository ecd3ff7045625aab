import { createHash, createHmac, timingSafeEqual } from 'node:crypto'
import type { Clock } from '../lib/clock.ts'

export type WebhookOptions = {
  /** Called for an accepted hook; nothing of the body is used. */
  readonly trigger: () => void
  readonly clock: Clock
  /** Shared secret; without one every caller may trigger a fetch, rate limited. */
  readonly secret?: string
  /** Largest body, bytes; default 1 MiB. Give the same cap to the HTTP server. */
  readonly maxBytes?: number
  /** Hooks that may come at once; default 10. One more is allowed each second. */
  readonly burst?: number
}

export type WebhookRequest = { readonly headers: Readonly<Record<string, string | string[] | undefined>>; readonly body: Uint8Array }

export type WebhookAnswer = { readonly status: 202 | 401 | 413 | 429; readonly message: string }

/**
 * Makes the handler of a forge's push hook. It looks at the signature over the raw body and then only triggers a fetch.
 * Signatures: GitHub `X-Hub-Signature-256`, Gitea `X-Gitea-Signature` (HMAC SHA-256 in hex), GitLab `X-Gitlab-Token` (the secret).
 */
export function createWebhook(options: WebhookOptions): (request: WebhookRequest) => WebhookAnswer {
  const burst = options.burst ?? 10
  let tokens = burst
  let last = options.clock.monotonic()
  return (request) => {
    const now = options.clock.monotonic()
    tokens = Math.min(burst, tokens + (now - last) / 1000)
    last = now
    if (request.body.length > (options.maxBytes ?? 2 ** 20)) return { status: 413, message: 'The body is too large.' }
    // The signature comes first: what strangers send must not use up what the forge may send.
    if (options.secret !== undefined && !isSigned(request, options.secret)) {
      return { status: 401, message: 'The signature or token is missing or wrong.' }
    }
    if (tokens < 1) return { status: 429, message: 'Too many hooks; the poll will fetch.' }
    tokens -= 1
    options.trigger()
    return { status: 202, message: 'A fetch was triggered.' }
  }
}

function isSigned(request: WebhookRequest, secret: string): boolean {
  const token = header(request, 'x-gitlab-token')
  if (token !== undefined) return isEqual(token, secret)
  const given = header(request, 'x-hub-signature-256')?.replace(/^sha256=/, '') ?? header(request, 'x-gitea-signature')
  if (given === undefined) return false
  return isEqual(given.toLowerCase(), createHmac('sha256', secret).update(request.body).digest('hex'))
}

function header(request: WebhookRequest, name: string): string | undefined {
  const value = Object.hasOwn(request.headers, name) ? request.headers[name] : undefined
  return typeof value === 'string' ? value : undefined
}

/** Compares digests, so that neither length nor content shows in the time. */
function isEqual(a: string, b: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest()
  return timingSafeEqual(digest(a), digest(b))
}
