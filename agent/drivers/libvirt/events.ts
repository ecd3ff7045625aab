import { spawn, type ChildProcess } from 'node:child_process'
import { createInterface } from 'node:readline'
import type { Logger } from '../../../reconciler/lib/log.ts'

/** One event of libvirt: `lifecycle`, `agent-lifecycle`, `device-removed` …; the detail is virsh's own words. */
export type DomainEvent = { readonly event: string; readonly domain: string; readonly detail: string }

export type DomainEvents = {
  /** Calls back for each event until the returned function is called. */
  listen(listener: (event: DomainEvent) => void): () => void
  /** Resolves when `virsh event` has ended. */
  close(): Promise<void>
}

export type DomainEventsOptions = {
  readonly uri: string
  readonly log: Logger
  /** Called after each reconnection: events may have been missed. */
  readonly resync: () => void
}

/** Milliseconds before a `virsh event` that ended is started again; doubled up to the most. */
const firstDelay = 200
const mostDelay = 10_000

/** Keeps one `virsh event --loop` running, because polling each domain costs a process each time. */
export function watchDomains(options: DomainEventsOptions): DomainEvents {
  const listeners = new Set<(event: DomainEvent) => void>()
  let current: ChildProcess | undefined
  let timer: NodeJS.Timeout | undefined
  let closed = false
  let delay = firstDelay
  let starts = 0

  const start = (): void => {
    starts += 1
    const child = spawn('virsh', ['-q', '-c', options.uri, 'event', '--loop', '--all', '--timestamp'], {
      stdio: ['ignore', 'pipe', 'ignore'],
      env: { ...process.env, LC_ALL: 'C' },
    })
    current = child
    createInterface({ input: child.stdout }).on('line', (line) => {
      delay = firstDelay
      const event = parseEvent(line)
      if (event !== undefined) for (const listener of listeners) listener(event)
    })
    child.once('error', (error) => options.log.error({ error: error.message }, 'virsh event cannot be started.'))
    child.once('close', () => {
      if (closed) return
      timer = setTimeout(start, delay)
      delay = Math.min(delay * 2, mostDelay)
    })
    if (starts > 1) options.resync()
  }
  start()
  return {
    listen(listener) {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
    async close() {
      closed = true
      clearTimeout(timer)
      listeners.clear()
      const child = current
      if (child === undefined || child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return
      const ended = new Promise<void>((resolve) => child.once('close', () => resolve()))
      child.kill('SIGTERM')
      await ended
    },
  }
}

/** `2026-01-01 00:00:00.000+0000: event 'lifecycle' for domain 'a_b': Stopped Shutdown`. Source: virsh's output. */
export function parseEvent(line: string): DomainEvent | undefined {
  const match = /event '([^']{1,60})' for domain '([^']{1,256})':? ?(.{0,500})/.exec(line)
  if (match === null) return undefined
  return { event: match[1] ?? '', domain: match[2] ?? '', detail: match[3] ?? '' }
}
