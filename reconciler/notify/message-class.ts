import { createHash } from 'node:crypto'

/**
 * What a message says, without what differs from one time to the next: numbers and ids. Two messages of one class are the same news of the
 * same object. Pure.
 */
export function messageClass(message: string): string {
  const plain = message
    .toLowerCase()
    .replaceAll(/\b[0-9a-f]{8,}\b/g, '#')
    .replaceAll(/\d+(?:[.:,-]\d+)*/g, '#')
    .replaceAll(/\s+/g, ' ')
  return createHash('sha256').update(plain).digest('base64url').slice(0, 16)
}
