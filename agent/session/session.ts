import { setTimeout as delay } from 'node:timers/promises'
import type { Duplex } from 'node:stream'
import type { ApplyPlan, Command, CommandAnswer, SessionMessage, StreamOpen } from '../../schemas/generated/session.ts'
import { describeError, errorCode, GitvirtError } from '../../reconciler/lib/errors.ts'
import { joinStreams, type Link } from '../../reconciler/lib/link.ts'
import type { Logger } from '../../reconciler/lib/log.ts'
import { connect, type Endpoint } from './connect.ts'

/** What the agent does with what comes down the session. */
export type SessionHandlers = {
  /** A session began; the signal ends with it. */
  readonly connected: (send: (message: SessionMessage) => Promise<void>, signal: AbortSignal) => void
  readonly apply: (message: ApplyPlan) => void
  readonly command: (command: Command) => Promise<Record<string, unknown>>
  readonly openStream: (target: StreamOpen) => Promise<Duplex>
}

export type SessionOptions = {
  readonly node: string
  readonly version: string
  /** Asked before each dial, so that a renewed certificate is used; told why the last dial failed. */
  readonly endpoint: (failure?: unknown) => Promise<Endpoint>
  readonly handlers: SessionHandlers
  readonly log: Logger
  /** Milliseconds; defaults 500 and 30,000, and the link's own. */
  readonly times?: { readonly firstRetryMs?: number; readonly mostRetryMs?: number; readonly pingMs?: number; readonly deadMs?: number }
}

/** The agent's end of the session: it dials, and dials again, until it is closed. */
export type Session = {
  /** Sends over the session that is there now. @throws GitvirtError `LinkClosed` */
  send(message: SessionMessage): Promise<void>
  close(): Promise<void>
}

/** Keeps one session with the reconciler. Between tries it waits ever longer, with jitter, so that many agents do not come back at once. */
export function keepSession(options: SessionOptions): Session {
  const closing = new AbortController()
  let current: Link<SessionMessage> | undefined
  const loop = async (): Promise<void> => {
    let failures = 0
    let failure: unknown
    while (!closing.signal.aborted) {
      try {
        const link = await open(options, failure)
        current = link
        failures = 0
        failure = undefined
        await serve(link, options, closing.signal)
      } catch (error) {
        failures += 1
        failure = error
        logFailure(options, error, failures)
      }
      current = undefined
      await delay(retryDelay(options, failures), undefined, { signal: closing.signal }).catch(() => undefined)
    }
  }
  const ended = loop()
  return {
    async send(message) {
      if (current === undefined) throw new GitvirtError({ code: 'LinkClosed', message: 'The reconciler is not connected.' })
      await current.send(message)
    },
    async close() {
      closing.abort()
      current?.close(1001, 'the agent stops')
      await ended
    },
  }
}

function retryDelay({ times }: SessionOptions, failures: number): number {
  const base = Math.min(times?.mostRetryMs ?? 30_000, (times?.firstRetryMs ?? 500) * 2 ** Math.max(0, failures - 1))
  return base * (0.5 + Math.random() / 2)
}

function logFailure({ log }: SessionOptions, error: unknown, failures: number): void {
  const level = failures === 1 || failures % 20 === 0 ? 'warn' : 'debug'
  log[level]({ code: errorCode(error), error: describeError(error), failures }, 'no session with the reconciler')
}

async function open(options: SessionOptions, failure: unknown): Promise<Link<SessionMessage>> {
  const link: Promise<Link<SessionMessage>> = connect({
    endpoint: await options.endpoint(failure),
    node: options.node,
    version: options.version,
    ...options.times,
    received: (message, channel) => receive(message, channel, options.handlers),
    abandoned: (stream, error) => void link.then((channel) => channel.send(streamClose(stream, error))).catch(() => undefined),
  })
  return await link
}

async function serve(link: Link<SessionMessage>, options: SessionOptions, closing: AbortSignal): Promise<void> {
  const session = new AbortController()
  if (closing.aborted) link.close(1001, 'the agent stops')
  options.log.info('connected to the reconciler')
  options.handlers.connected((message) => link.send(message), session.signal)
  const end = await link.ended
  session.abort()
  options.log.info(end, 'session ended')
}

function receive(message: SessionMessage, link: Link<SessionMessage>, handlers: SessionHandlers): void {
  switch (message.type) {
    case 'apply':
      return handlers.apply(message)
    case 'command':
      return void answerCommand(message, link, handlers)
    case 'stream-open':
      return void openStream(message, link, handlers)
    case 'stream-close':
      return link.streams.closed(
        message.stream,
        message.code === undefined ? undefined : new GitvirtError({ code: message.code, message: message.message ?? '' }),
      )
    default:
      throw new GitvirtError({ code: 'ProtocolViolation', message: `a reconciler does not send ${message.type}` })
  }
}

async function answerCommand(command: Command, link: Link<SessionMessage>, handlers: SessionHandlers): Promise<void> {
  const answer = await handlers.command(command).then(
    (data): CommandAnswer => ({ type: 'command-answer', id: command.id, ok: true, data }),
    (error: unknown): CommandAnswer => ({
      type: 'command-answer',
      id: command.id,
      ok: false,
      code: errorCode(error),
      message: describeError(error),
    }),
  )
  await link.send(answer).catch(() => undefined)
}

/** Opens the host's end first: the grant that accepting sends says that the stream is open. */
async function openStream(target: StreamOpen, link: Link<SessionMessage>, handlers: SessionHandlers): Promise<void> {
  try {
    const host = await handlers.openStream(target)
    try {
      joinStreams(link.streams.accept(target.stream), host)
    } catch (error) {
      host.destroy()
      throw error
    }
  } catch (error) {
    await link.send(streamClose(target.stream, error)).catch(() => undefined)
  }
}

function streamClose(stream: number, error: unknown): SessionMessage {
  if (error === undefined) return { type: 'stream-close', stream }
  return { type: 'stream-close', stream, code: errorCode(error), message: describeError(error) }
}
