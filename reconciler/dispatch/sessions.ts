import type { WebSocket } from 'ws'
import type { Observation } from '../../schemas/generated/observation.ts'
import type { CommandAnswer, PlanAnswer, StepReport } from '../../schemas/generated/session.ts'
import { describeError } from '../lib/errors.ts'
import { closeCodes } from '../lib/link.ts'
import type { Logger } from '../lib/log.ts'
import type { Pki } from '../lib/pki.ts'
import type { Peer } from './peer.ts'
import { serveSession, type AgentSession, type SessionTimes } from './session.ts'

/** Where observations go. reconciler/observed implements it. */
export type ObservationSink = {
  connected(node: string): void
  /** @throws GitvirtError `OutOfSequence`, which ends the session */
  receive(observation: Observation, more: boolean): void
  disconnected(node: string): void
}

/** One who follows the sessions. */
export type SessionListener = {
  readonly connected?: (session: AgentSession) => void
  readonly disconnected?: (session: AgentSession) => void
  /** The agent speaks another protocol; told once until it is of another reason or the agent connects. */
  readonly refused?: (node: string, reason: string) => void
  /** The agent's first full observation of this session is in the cache. */
  readonly observed?: (node: string) => void
  readonly answered?: (node: string, answer: PlanAnswer) => void
  readonly stepped?: (node: string, report: StepReport) => void
  readonly commandAnswered?: (node: string, answer: CommandAnswer) => void
}

/** The sessions of all agents: at most one for each node. */
export type Sessions = {
  get(node: string): AgentSession | undefined
  nodes(): readonly string[]
  listen(listener: SessionListener): void
  /** Takes over a WebSocket whose client certificate has been checked. */
  serve(socket: WebSocket, peer: Peer): void
  close(): Promise<void>
}

export type SessionsOptions = {
  readonly observations: ObservationSink
  readonly pki: Pick<Pki, 'isRevoked' | 'onRevoked'>
  readonly log: Logger
  readonly times?: SessionTimes & {
    /** How long an older session of the same node may take to prove that it lives; default 2,000. */
    readonly probeMs?: number
  }
}

type Entry = { readonly session: AgentSession; readonly peer: Peer; observed: boolean }

/** Makes the registry of sessions. */
export function createSessions(options: SessionsOptions): Sessions {
  const entries = new Map<string, Entry>()
  const listeners: SessionListener[] = []
  const admissions = new Map<string, Promise<boolean>>()
  const refusals = new Map<string, string>()
  const tell = (call: (listener: SessionListener) => void): void => listeners.forEach(call)

  const stopRevocations = options.pki.onRevoked(() => {
    for (const { session, peer } of entries.values()) {
      if (options.pki.isRevoked(peer)) session.close(closeCodes.revoked, 'the certificate is revoked')
    }
  })

  const refuse = (node: string, reason: string): void => {
    if (refusals.get(node) === reason) return
    options.log.warn({ node, reason }, 'agent refused')
    try {
      tell((listener) => listener.refused?.(node, reason))
      refusals.set(node, reason)
    } catch (error) {
      options.log.error({ node, error: describeError(error) }, 'a refused agent could not be told; it is tried again')
    }
  }

  const enter = (session: AgentSession, peer: Peer): void => {
    refusals.delete(session.node)
    entries.set(session.node, { session, peer, observed: false })
    options.observations.connected(session.node)
    options.log.info({ node: session.node, version: session.version }, 'agent connected')
    tell((listener) => listener.connected?.(session))
    void session.ended.then((end) => {
      if (entries.get(session.node)?.session !== session) return
      entries.delete(session.node)
      options.observations.disconnected(session.node)
      options.log.info({ node: session.node, ...end }, 'agent disconnected')
      tell((listener) => listener.disconnected?.(session))
    })
  }

  const admit = async (session: AgentSession, peer: Peer): Promise<boolean> => {
    const older = entries.get(session.node)?.session
    if (older !== undefined) {
      if (await older.probe(options.times?.probeMs ?? 2000)) return false
      older.close(closeCodes.duplicate, 'replaced by a newer session')
      await older.ended
    }
    enter(session, peer)
    return true
  }

  // Two newcomers of one node are admitted one after the other.
  const admitInTurn = async (session: AgentSession, peer: Peer): Promise<boolean> => {
    const turn = (admissions.get(session.node) ?? Promise.resolve(false)).then(() => admit(session, peer))
    admissions.set(session.node, turn)
    try {
      return await turn
    } finally {
      if (admissions.get(session.node) === turn) admissions.delete(session.node)
    }
  }

  const observed = (node: string, observation: Observation, more: boolean): void => {
    options.observations.receive(observation, more)
    const entry = entries.get(node)
    if (entry === undefined || entry.observed || more) return
    entry.observed = true
    tell((listener) => listener.observed?.(node))
  }

  return {
    get: (node) => entries.get(node)?.session,
    nodes: () => [...entries.keys()],
    listen: (listener) => void listeners.push(listener),
    serve(socket, peer) {
      serveSession(socket, {
        node: peer.node,
        ...(options.times === undefined ? {} : { times: options.times }),
        admit: (session) => admitInTurn(session, peer),
        refused: (reason) => refuse(peer.node, reason),
        messages: {
          // The certificate says whose observation this is; what the message claims must agree.
          observed: (observation, more) => observed(peer.node, { ...observation, node: peer.node }, more),
          answered: (answer) => tell((listener) => listener.answered?.(peer.node, answer)),
          stepped: (report) => tell((listener) => listener.stepped?.(peer.node, report)),
          commandAnswered: (answer) => tell((listener) => listener.commandAnswered?.(peer.node, answer)),
        },
      })
    },
    async close() {
      stopRevocations()
      const all = [...entries.values()].map(({ session }) => session)
      for (const session of all) session.close(1001, 'the reconciler stops')
      await Promise.all(all.map((session) => session.ended))
    },
  }
}
