import type { Duplex } from 'node:stream'
import type { WebSocket } from 'ws'
import type { Observation } from '../../schemas/generated/observation.ts'
import type {
  CommandAnswer,
  Hello,
  PlanAnswer,
  SessionMessage,
  StepReport,
  StreamClose,
  StreamOpen,
} from '../../schemas/generated/session.ts'
import { parseMessage, protocolVersion } from '../../schemas/wire/message.ts'
import { describeError, errorCode, GitvirtError } from '../lib/errors.ts'
import { closeCodes, createLink, type Link, type LinkEnd } from '../lib/link.ts'

/** Milliseconds; all have defaults. */
export type SessionTimes = {
  readonly pingMs?: number
  readonly deadMs?: number
  /** For the agent's first message; default 10,000. */
  readonly helloMs?: number
  /** For a stream's opening; default 15,000. */
  readonly streamMs?: number
}

/** What arrives from an agent after its greeting. */
export type AgentMessages = {
  /** @throws GitvirtError `OutOfSequence`, which ends the session */
  readonly observed: (observation: Observation, more: boolean) => void
  readonly answered: (answer: PlanAnswer) => void
  readonly stepped: (report: StepReport) => void
  readonly commandAnswered: (answer: CommandAnswer) => void
}

/** The live session of one agent. */
export type AgentSession = {
  readonly node: string
  readonly version: string
  send(message: SessionMessage): Promise<void>
  /** Opens a console or screen on the agent's host. @throws GitvirtError with the agent's own code */
  openStream(target: Omit<StreamOpen, 'type' | 'stream'>): Promise<Duplex>
  probe(milliseconds: number): Promise<boolean>
  close(code: number, reason: string): void
  readonly ended: Promise<LinkEnd>
}

export type SessionOptions = {
  /** The node that the client certificate names. */
  readonly node: string
  readonly times?: SessionTimes
  /** Called once with the greeted session; resolves false where another session of the node goes on. */
  readonly admit: (session: AgentSession) => Promise<boolean>
  /** Called where the agent speaks another protocol: it tries again and again, and is refused each time. */
  readonly refused?: (reason: string) => void
  readonly messages: AgentMessages
}

/** Serves one WebSocket whose client certificate has been checked: greeting, then messages. */
export function serveSession(socket: WebSocket, options: SessionOptions): void {
  const state: { session?: AgentSession; admitted: boolean; nextStream: number } = { admitted: false, nextStream: 0 }
  const link = createLink<SessionMessage>(socket, {
    ...options.times,
    parse: parseMessage,
    received: (message) => {
      if (message.type === 'hello') void greet(message)
      else if (state.admitted) handle(message, link, options.messages)
      else throw new GitvirtError({ code: 'ProtocolViolation', message: 'a message before the greeting' })
    },
    abandoned: (number, error) => void link.send(streamClose(number, error)).catch(() => undefined),
  })
  const helloTimer = setTimeout(() => link.close(closeCodes.timedOut, 'no greeting in time'), options.times?.helloMs ?? 10_000)
  void link.ended.then(() => clearTimeout(helloTimer))

  const greet = async (hello: Hello): Promise<void> => {
    clearTimeout(helloTimer)
    const problem =
      state.session === undefined ? greetingProblem(hello, options.node) : { code: closeCodes.violation, reason: 'a second greeting' }
    if (problem?.code === closeCodes.protocolVersion) options.refused?.(problem.reason)
    if (problem !== undefined) return link.close(problem.code, problem.reason)
    const session = sessionOf(link, hello, { next: () => (state.nextStream = (state.nextStream % 0xffffffff) + 1), ...options.times })
    state.session = session
    if (!(await options.admit(session))) return link.close(closeCodes.duplicate, `another agent of node ${hello.node} is connected`)
    state.admitted = true
    await link.send({ type: 'welcome', protocol: protocolVersion }).catch(() => undefined)
  }
}

function greetingProblem(hello: Hello, node: string): LinkEnd | undefined {
  if (hello.protocol !== protocolVersion) {
    const reason = `the reconciler speaks protocol ${protocolVersion}, the agent ${hello.protocol}; use the same release`
    return { code: closeCodes.protocolVersion, reason }
  }
  if (hello.node !== node) return { code: closeCodes.wrongNode, reason: `the certificate is for node ${node}` }
  return undefined
}

function handle(message: SessionMessage, link: Link<SessionMessage>, messages: AgentMessages): void {
  switch (message.type) {
    case 'observe':
      return messages.observed(message.observation, message.more ?? false)
    case 'plan-answer':
      return messages.answered(message)
    case 'step':
      return messages.stepped(message)
    case 'command-answer':
      return messages.commandAnswered(message)
    case 'stream-close':
      return link.streams.closed(message.stream, closeError(message))
    default:
      throw new GitvirtError({ code: 'ProtocolViolation', message: `an agent does not send ${message.type}` })
  }
}

function sessionOf(
  link: Link<SessionMessage>,
  hello: Hello,
  streams: { readonly next: () => number; readonly streamMs?: number },
): AgentSession {
  return {
    node: hello.node,
    version: hello.version,
    send: (message) => link.send(message),
    probe: (milliseconds) => link.probe(milliseconds),
    close: (code, reason) => link.close(code, reason),
    ended: link.ended,
    async openStream(target) {
      const stream = streams.next()
      const { duplex, opened } = link.streams.open(stream)
      const timer = setTimeout(() => duplex.destroy(openTimedOut(hello.node, target.key)), streams.streamMs ?? 15_000)
      try {
        await link.send({ type: 'stream-open', stream, ...target })
        await opened
        return duplex
      } catch (error) {
        duplex.destroy()
        throw error
      } finally {
        clearTimeout(timer)
      }
    },
  }
}

function openTimedOut(host: string, object: string): GitvirtError {
  return new GitvirtError({ code: 'StreamTimedOut', message: 'The host did not open the stream in time.', object, host })
}

/** The message that gives a stream up. */
export function streamClose(stream: number, error: Error | undefined): StreamClose {
  return error === undefined
    ? { type: 'stream-close', stream }
    : { type: 'stream-close', stream, code: errorCode(error), message: describeError(error) }
}

function closeError(message: StreamClose): GitvirtError | undefined {
  if (message.code === undefined) return undefined
  return new GitvirtError({ code: message.code, message: message.message ?? 'The host closed the stream.' })
}
