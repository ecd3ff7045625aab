import { lookup } from 'node:dns/promises'
import { readFile } from 'node:fs/promises'
import { rootCertificates } from 'node:tls'
import { createTransport } from 'nodemailer'
import type { EmailDestination } from '../../../schemas/generated/destinations.ts'
import { describeError, GitvirtError } from '../../lib/errors.ts'
import { isInternalAddress } from '../../lib/internal-address.ts'
import { brokenLinks, lines, oneLine, subject, type Medium } from '../text.ts'
import type { Message } from '../types.ts'
import { refused } from './post.ts'

const timeoutMs = 20_000

/** What others said makes no link: readers of mail make one of whatever has a scheme. */
export const mailMedium: Medium = { untrusted: (text) => brokenLinks(oneLine(text)), link: (url) => url }

/**
 * Writes a mail in plain text. Sender and receivers are the operator's; of what others said only the subject is a header, and that is one
 * line. The address that was checked is the one that is connected to, and the certificate must be of the name.
 * @throws GitvirtError `NotifyAddressRefused`, `NotifyFailed`
 */
export async function sendEmail(to: EmailDestination, message: Message, signal: AbortSignal): Promise<string> {
  const { tls = 'starttls' } = to
  try {
    const { address } = await lookup(to.host)
    if (to.allowPrivate !== true && isInternalAddress(address)) throw refused(to.host, address)
    const ca = to.caFile === undefined ? {} : { ca: [...rootCertificates, await readFile(to.caFile, 'utf8')] }
    const transport = createTransport({
      host: address,
      port: to.port ?? (tls === 'implicit' ? 465 : 587),
      secure: tls === 'implicit',
      requireTLS: tls === 'starttls',
      ignoreTLS: tls === 'none',
      tls: { servername: to.host, minVersion: 'TLSv1.2', ...ca },
      ...(to.password === undefined ? {} : { auth: { user: to.username ?? '', pass: to.password } }),
      connectionTimeout: timeoutMs,
      greetingTimeout: timeoutMs,
      socketTimeout: timeoutMs,
      disableFileAccess: true,
      disableUrlAccess: true,
    })
    const within = AbortSignal.any([signal, AbortSignal.timeout(3 * timeoutMs)])
    const sent = await transport.sendMail({ ...mailOf(to, message), signal: within })
    return oneLine(sent.response).slice(0, 200)
  } catch (error) {
    if (error instanceof GitvirtError) throw error
    throw new GitvirtError({
      code: 'NotifyFailed',
      message: `The mail server ${to.host} did not take it: ${describeError(error)}`,
      cause: error,
    })
  }
}

function mailOf(to: EmailDestination, message: Message) {
  return {
    from: to.from,
    to: [...to.to],
    subject: brokenLinks(subject(message)),
    text: `${lines(message, mailMedium).join('\n')}\n`,
    messageId: `<${message.id}@gitvirt.invalid>`,
    // RFC 3834: no vacation notices back, please.
    headers: { 'Auto-Submitted': 'auto-generated', 'X-Gitvirt-Delivery': message.id },
  }
}
