import type { Answer } from './virsh-answer.ts'
import { VirshSession } from './virsh-session.ts'

/** Virsh sessions that are kept between commands. */
export type VirshPool = {
  /**
   * Carries out lines, made by `commandLine`, in order in one session.
   * @throws GitvirtError `CommandTimedOut`; Error with virsh's words where it ended, has no connection, or lost it before a failure
   */
  run(lines: readonly string[], options: RunOptions): Promise<readonly Answer[]>
  close(): Promise<void>
}

export type RunOptions = {
  /** Milliseconds. */
  readonly timeout: number
  /** True where the lines change nothing: they are asked once more, in a new session, where the first was cut off. */
  readonly questions: boolean
}

/** Idle sessions kept, and milliseconds until one that nobody needs ends. */
const mostIdle = 4
const idleMs = 60_000

/** As many sessions as there are commands at one time, so that a start that takes long delays no observation. */
export function createVirshPool(uri: string): VirshPool {
  const idle = new Map<VirshSession, NodeJS.Timeout>()
  let closed = false

  const drop = async (session: VirshSession): Promise<void> => {
    clearTimeout(idle.get(session))
    idle.delete(session)
    await session.close()
  }
  const take = (): VirshSession => {
    // The one used last first, so that those in excess grow old.
    for (const session of [...idle.keys()].toReversed()) {
      clearTimeout(idle.get(session))
      idle.delete(session)
      if (session.usable) return session
      void session.close()
    }
    return new VirshSession(uri)
  }
  const giveBack = (session: VirshSession): void => {
    if (closed || !session.usable || idle.size >= mostIdle) void session.close()
    else idle.set(session, setTimeout(() => void drop(session), idleMs).unref())
  }
  const use = async (session: VirshSession, lines: readonly string[], timeout: number): ReturnType<VirshSession['run']> => {
    try {
      return await session.run(lines, timeout)
    } finally {
      giveBack(session)
    }
  }
  return {
    async run(lines, { timeout, questions }) {
      const first = await use(take(), lines, timeout)
      // One that was killed while nobody used it has done nothing, and the others may be gone with it.
      const outcome = 'ended' in first && (questions || !first.begun) ? await use(new VirshSession(uri), lines, timeout) : first
      if ('ended' in outcome) throw outcome.ended
      return outcome
    },
    async close() {
      closed = true
      await Promise.all([...idle.keys()].map(drop))
    },
  }
}
