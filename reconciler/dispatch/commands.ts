import { randomUUID } from 'node:crypto'
import type { Duplex } from 'node:stream'
import type { Command, CommandAnswer, StreamOpen } from '../../schemas/generated/session.ts'
import { GitvirtError } from '../lib/errors.ts'
import type { ObjectKey } from '../lib/object-key.ts'
import type { AgentSession } from './session.ts'
import type { Sessions } from './sessions.ts'

// Above the grace period of the command: the host has to answer too.
const commandMs = 30_000

type Waiting = { readonly node: string; readonly key: ObjectKey; readonly answer: PromiseWithResolvers<CommandAnswer> }

export type Commands = {
  /** @throws GitvirtError with the agent's code, `NotFound`, `NodeNotReady` or `CommandTimedOut` */
  command(command: Omit<Command, 'type' | 'id'>): Promise<Record<string, unknown>>
  /** @throws GitvirtError with the agent's code, `NotFound`, `NodeNotReady` or `StreamTimedOut` */
  openStream(key: ObjectKey, target: StreamOpen['target'], options?: { readonly force?: boolean }): Promise<Duplex>
}

/** Sends persons' requests to the host that has the object, and matches the answers. */
export function createCommands(sessions: Sessions, locate: (key: ObjectKey) => string | undefined): Commands {
  const waiting = new Map<string, Waiting>()
  sessions.listen({
    commandAnswered: (node, answer) => {
      const entry = waiting.get(answer.id)
      if (entry?.node === node) entry.answer.resolve(answer)
    },
    disconnected: ({ node }) => {
      for (const entry of waiting.values()) if (entry.node === node) entry.answer.reject(notReady(node, entry.key))
    },
  })
  const sessionFor = (key: ObjectKey): AgentSession => {
    const node = locate(key)
    if (node === undefined) throw new GitvirtError({ code: 'NotFound', message: 'No host runs this object.', object: key })
    const session = sessions.get(node)
    if (session === undefined) throw notReady(node, key)
    return session
  }
  return {
    async command(command) {
      const session = sessionFor(command.key)
      const id = randomUUID()
      const answer = Promise.withResolvers<CommandAnswer>()
      waiting.set(id, { node: session.node, key: command.key, answer })
      const limit = commandMs + (command.graceSeconds ?? 0) * 1000
      const timer = setTimeout(() => answer.reject(timedOut(session.node, command.key)), limit)
      try {
        await session.send({ type: 'command', id, ...command })
        return resultOf(await answer.promise, command.key)
      } finally {
        clearTimeout(timer)
        waiting.delete(id)
        // The session's end may reject it after a failed send.
        answer.promise.catch(() => undefined)
      }
    },
    openStream: async (key, target, { force } = {}) =>
      await sessionFor(key).openStream({ key, target, ...(force === undefined ? {} : { force }) }),
  }
}

function resultOf(answer: CommandAnswer, object: ObjectKey): Record<string, unknown> {
  if (answer.ok) return answer.data ?? {}
  throw new GitvirtError({ code: answer.code ?? 'CommandFailed', message: answer.message ?? 'The host refused the command.', object })
}

function notReady(host: string, object: ObjectKey): GitvirtError {
  return new GitvirtError({ code: 'NodeNotReady', message: 'The host of this object is not connected.', object, host })
}

function timedOut(host: string, object: ObjectKey): GitvirtError {
  return new GitvirtError({ code: 'CommandTimedOut', message: 'The host did not answer in time.', object, host })
}
