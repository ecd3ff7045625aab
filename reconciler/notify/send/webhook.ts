import { createHmac } from 'node:crypto'
import type { WebhookDestination } from '../../../schemas/generated/destinations.ts'
import type { Message } from '../types.ts'
import { postJson } from './post.ts'

/**
 * The signature of a webhook's body: HMAC-SHA256 with the destination's secret over the time, a dot and the body, so that an old message
 * cannot be sent again as a new one. Pure.
 * @param time seconds since 1970, as the header X-Gitvirt-Timestamp has them
 */
export function signature(secret: string, time: number, body: string): string {
  return `sha256=${createHmac('sha256', secret).update(`${time}.${body}`).digest('hex')}`
}

/** Posts the message as JSON. @throws GitvirtError as `postJson` */
export async function sendWebhook(to: WebhookDestination, message: Message, signal: AbortSignal): Promise<string> {
  const body = JSON.stringify(message)
  const time = Math.floor(Date.now() / 1000)
  return await postJson({
    url: to.url,
    allowPrivate: to.allowPrivate === true,
    ...(to.caFile === undefined ? {} : { caFile: to.caFile }),
    headers: {
      'x-gitvirt-delivery': message.id,
      'x-gitvirt-timestamp': String(time),
      ...(to.secret === undefined ? {} : { 'x-gitvirt-signature-256': signature(to.secret, time, body) }),
      ...(to.token === undefined ? {} : { authorization: `Bearer ${to.token}` }),
    },
    body,
    signal,
  })
}
