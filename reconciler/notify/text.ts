import type { NewsGroup, NewsItem } from '../../schemas/generated/notification.ts'
import type { Message } from './types.ts'

/** How one medium writes what others said (names, messages, authors) and links, so that they steer nothing there. */
export type Medium = {
  readonly untrusted: (text: string) => string
  readonly link: (url: string) => string
}

/** One line without anything that steers a terminal or a mail: control characters, line breaks, marks of direction. Pure. */
export function oneLine(text: string): string {
  return text.replaceAll(/[\p{Cc}\p{Zl}\p{Zp}\u061C\u200E\u200F\u202A-\u202E\u2066-\u2069\s]+/gu, ' ').trim()
}

/** The same text without a link that somebody could follow: a mark that nobody sees stands in each. Pure. */
export function brokenLinks(text: string): string {
  return text.replaceAll('://', ':\u200B//')
}

/** What a message says in one line: `prod: DriftDetected VirtualMachine/default/web`. Pure. */
export function subject(message: Message): string {
  const what = message.type === 'digest' ? `${message.count} news: ${message.message}` : newsHead(message)
  return oneLine(`${message.environment}: ${what}`).slice(0, 180)
}

function newsHead({ type, reason, object, message }: Message): string {
  if (type === 'test') return message
  const over = type === 'recovery' ? ' is over' : ''
  return `${reason}${over}${object === undefined ? '' : ` ${objectText(object)}`}`
}

/** The whole message as lines. Pure. */
export function lines(message: Message, medium: Medium): string[] {
  const { untrusted, link } = medium
  const head = [untrusted(subject(message))]
  const foot = [
    ...(message.revision === undefined ? [] : [`revision ${untrusted(message.revision.slice(0, 12))}${authorText(message, medium)}`]),
    ...(message.plan === undefined ? [] : [`plan ${untrusted(message.plan.slice(0, 12))}`]),
    ...(message.link === undefined ? [] : [link(message.link)]),
  ]
  if (message.groups !== undefined) return [...head, ...message.groups.flatMap((group) => groupLines(group, medium)), ...foot]
  const place = message.host === undefined ? [] : [`host ${untrusted(message.host)}`]
  return [...head, ...(message.type === 'test' ? [] : [untrusted(message.message)]), ...place, ...foot]
}

function authorText({ author }: Message, { untrusted }: Medium): string {
  return author === undefined ? '' : ` by ${untrusted(author.name)}`
}

function groupLines(group: NewsGroup, medium: Medium): string[] {
  const over = group.type === 'recovery' ? ' over' : ''
  const more = group.count - group.items.length
  return [
    `${group.count} × ${medium.untrusted(group.reason)}${over}:`,
    ...group.items.map((item) => `- ${itemText(item, medium)}`),
    ...(more > 0 ? [`- and ${more} more`] : []),
  ]
}

function itemText({ object, host, message }: NewsItem, { untrusted }: Medium): string {
  const where = host === undefined ? '' : ` on ${untrusted(host)}`
  return `${untrusted(objectText(object))}${where}: ${untrusted(message)}`
}

function objectText({ kind, namespace, name }: NewsItem['object']): string {
  if (name === '*') return 'the environment'
  return namespace === '' ? `${kind}/${name}` : `${kind}/${namespace}/${name}`
}
