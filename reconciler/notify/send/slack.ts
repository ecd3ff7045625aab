import type { SlackDestination } from '../../../schemas/generated/destinations.ts'
import { brokenLinks, lines, oneLine, type Medium } from '../text.ts'
import type { Message } from '../types.ts'
import { postJson } from './post.ts'

/** Slack cuts longer texts. Source: its "Formatting message text". */
const longest = 8000

/**
 * What others said is written as code, without what mentions somebody or makes a link: Slack reads <…>, servers like it read @name and
 * Markdown, and all make a link of a bare address. Sources: Slack's "Formatting message text", Mattermost's "Incoming webhooks".
 */
const slackMedium: Medium = {
  untrusted: (text) => {
    const plain = brokenLinks(oneLine(text))
      .replaceAll('`', "'")
      .replaceAll('@', '@\u200B')
      .replaceAll('&', '&amp;')
      .replaceAll('<', '&lt;')
      .replaceAll('>', '&gt;')
    return `\`${plain === '' ? '-' : plain}\``
  },
  link: (url) => `<${url}>`,
}

/** The text of a message for Slack. Pure. */
export function slackText(message: Message): string {
  const all = lines(message, slackMedium)
  let text = ''
  for (const [index, line] of all.entries()) {
    // Cut between lines only: half a code span would let the rest be read as markup.
    if (text.length + line.length > longest) return `${text}\nand ${all.length - index} lines more`
    text += `${text === '' ? '' : '\n'}${line}`
  }
  return text
}

/** Posts the message as an incoming webhook takes it. @throws GitvirtError as `postJson` */
export async function sendSlack(to: SlackDestination, message: Message, signal: AbortSignal): Promise<string> {
  return await postJson({
    url: to.url,
    allowPrivate: to.allowPrivate === true,
    ...(to.caFile === undefined ? {} : { caFile: to.caFile }),
    headers: {},
    body: JSON.stringify({ text: slackText(message), unfurl_links: false, unfurl_media: false }),
    signal,
  })
}
