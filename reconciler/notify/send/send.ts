import type { Destination } from '../destinations.ts'
import type { Message } from '../types.ts'
import { sendSlack } from './slack.ts'
import { sendWebhook } from './webhook.ts'

/**
 * Sends a message to a destination of any type, and returns what the server answered.
 * @throws GitvirtError `NotifyAddressRefused`, `NotifyFailed`
 */
export async function send(to: Destination, message: Message, signal: AbortSignal): Promise<string> {
  if (to.type === 'webhook') return await sendWebhook(to, message, signal)
  if (to.type === 'slack') return await sendSlack(to, message, signal)
  // Its library is loaded when the first mail is written.
  const { sendEmail } = await import('./email.ts')
  return await sendEmail(to, message, signal)
}
