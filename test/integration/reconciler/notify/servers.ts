import { once } from 'node:events'
import { createServer as createHttp, type IncomingHttpHeaders, type Server } from 'node:http'
import { createServer as createHttps } from 'node:https'
import type { AddressInfo } from 'node:net'
import type { TestContext } from 'node:test'
import { SMTPServer, type SMTPServerOptions } from 'smtp-server'
import { systemClock } from '../../../../reconciler/lib/clock.ts'
import { createAuthority, issueWithNewKey, loadAuthority, type KeyedCertificate } from '../../../../reconciler/lib/pki-x509.ts'
import { atEnd } from '../../../at-end.ts'

export type Keyed = { readonly authority: string; readonly server: KeyedCertificate }

/** A certificate for a name, of an authority of its own. */
export async function certificateFor(names: readonly string[]): Promise<Keyed> {
  const now = systemClock.now()
  const keyed = await createAuthority('news', now, 1)
  const authority = await loadAuthority(keyed)
  return { authority: keyed.cert, server: await issueWithNewKey({ authority, subject: { commonName: 'news' }, now, days: 1, names }) }
}

export type Taken = { readonly path: string; readonly headers: IncomingHttpHeaders; readonly body: string }

export type Answer = { status: number; headers?: Record<string, string>; body?: string }

export type HttpSite = { readonly port: number; readonly taken: Taken[]; answer: Answer; close(): Promise<void> }

/** A server that keeps what is posted to it; with a certificate by https. Port 0 takes a free one. */
export async function startHttp(
  t: TestContext,
  options: { readonly tls?: KeyedCertificate; readonly port?: number } = {},
): Promise<HttpSite> {
  const taken: Taken[] = []
  const site = { taken, answer: { status: 200, body: 'ok' } as Answer }
  const handle: Parameters<typeof createHttp>[1] = (request, response) => {
    const parts: Buffer[] = []
    request.on('data', (part: Buffer) => parts.push(part))
    request.on('end', () => {
      taken.push({ path: request.url ?? '', headers: request.headers, body: Buffer.concat(parts).toString() })
      response.writeHead(site.answer.status, site.answer.headers).end(site.answer.body)
    })
  }
  const server: Server = options.tls === undefined ? createHttp(handle) : createHttps(options.tls, handle)
  server.listen(options.port ?? 0, '127.0.0.1')
  await once(server, 'listening')
  const close = async (): Promise<void> => {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  }
  atEnd(t, close)
  return Object.assign(site, { port: (server.address() as AddressInfo).port, close })
}

export type Mail = {
  readonly from: string
  readonly to: readonly string[]
  readonly secure: boolean
  readonly user: string
  readonly text: string
}

export type MailSite = { readonly port: number; readonly mails: Mail[] }

/** A real SMTP server that keeps its mails; it knows one user, `gitvirt` with the password `open sesame`. */
export async function startMail(t: TestContext, options: SMTPServerOptions): Promise<MailSite> {
  const mails: Mail[] = []
  const server = new SMTPServer({
    ...options,
    authOptional: true,
    disableReverseLookup: true,
    onAuth: ({ username = '', password }, _session, done) => {
      if (username === 'gitvirt' && password === 'open sesame') done(null, { user: username })
      else done(new Error('Wrong password'))
    },
    onData: (stream, session, done) => {
      const parts: Buffer[] = []
      stream.on('data', (part: Buffer) => parts.push(part))
      stream.on('end', () => {
        const { mailFrom, rcptTo } = session.envelope
        mails.push({
          from: mailFrom === false ? '' : mailFrom.address,
          to: rcptTo.map(({ address }) => address),
          secure: session.secure,
          user: String(session.user ?? ''),
          text: Buffer.concat(parts).toString(),
        })
        done(null, 'queued as 1')
      })
    },
  })
  server.on('error', () => undefined)
  const listener = server.listen(0, '127.0.0.1')
  await once(listener, 'listening')
  atEnd(t, async () => await new Promise<void>((resolve) => server.close(() => resolve())))
  return { port: (listener.address() as AddressInfo).port, mails }
}
