import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import type { Registry } from 'prom-client'
import type { Command } from '../../schemas/generated/session.ts'
import type { Clock } from '../lib/clock.ts'
import type { Logger } from '../lib/log.ts'
import type { ObjectKey } from '../lib/object-key.ts'
import type { Collection } from '../status/collection.ts'
import type { IdentityPorts } from './identity.ts'

export type CommandOptions = { readonly by: string; readonly graceSeconds?: number; readonly paused?: boolean }

/** An agent's answer; `code` is Conflict, NotFound, Unavailable, TimedOut … */
export type CommandResult = {
  readonly ok: boolean
  readonly code?: string
  readonly message?: string
  readonly data?: Readonly<Record<string, unknown>>
}

/** Imperative requests of people, carried to the agent that has the machine. */
export type Commands = { send(key: ObjectKey, verb: Command['verb'], options: CommandOptions): Promise<CommandResult> }

/** Byte streams to a guest. @throws GitvirtError; code NotFound, Conflict, Unavailable … */
export type Streams = { open(key: ObjectKey, target: 'console' | 'vnc', force: boolean): Promise<Duplex> }

export type Target = { readonly key?: ObjectKey }

/** The pipeline's own controls; bodies are plain JSON. Every call may throw a GitvirtError. */
export type Control = {
  /** The current plan, with sensitive values masked. */
  plan(): Promise<unknown>
  /** What merging a branch or request would do, masked likewise. */
  preview(ref: string): Promise<unknown>
  /** Fetches now; resolves with the status after the fetch. */
  reconcile(by: string): Promise<unknown>
  /** Until the time or for the duration, where either is given; else until somebody resumes it. */
  suspend(
    target: Target & { readonly by: string; readonly reason: string; readonly for?: string; readonly until?: string },
  ): Promise<unknown>
  resume(target: Target & { readonly by: string; readonly reason?: string }): Promise<unknown>
  /** What is changed by hand on a machine stands for a time. */
  lease(request: {
    readonly key: ObjectKey
    readonly by: string
    readonly reason: string
    readonly for: string
    readonly ending: 'revert' | 'adopt'
  }): Promise<unknown>
  endLease(request: { readonly key: ObjectKey; readonly by: string; readonly reason?: string }): Promise<unknown>
  /** Leases that are not over. */
  leases(): Promise<unknown>
  approve(approval: Target & { readonly plan?: string; readonly by: string }): Promise<unknown>
  /** Lets one revision in that does not descend from the one in force. */
  allowRevision(request: { readonly commit: string; readonly by: string }): Promise<unknown>
  /** Repository, revision, errors with their places, agents. */
  status(): Promise<unknown>
  /** What was in force and what ran at a time, in milliseconds since 1970. */
  history(query: Target & { readonly time: number }): Promise<unknown>
  /** Rules, destinations by name, and what waits to be told. */
  notifications(): Promise<unknown>
  /** Sends a test message to a destination; resolves with the server's answer. */
  testNotification(request: { readonly destination: string; readonly by: string }): Promise<unknown>
  /** All that agents reported, for offline plans. */
  state(): Promise<unknown>
}

/** Takes a webhook's raw body; it only triggers a fetch. Resolves with the HTTP status to answer. */
export type Webhook = (body: Buffer, headers: IncomingHttpHeaders) => Promise<number>

/** Where desired state is changed. */
export type Repository = {
  readonly url: string
  readonly branch: string
  /** Other sources of the same environment; their files are told as NAME//path. */
  readonly others?: readonly { readonly name: string; readonly url: string; readonly branch: string }[]
}

export type ApiOptions = {
  readonly objects: Collection
  readonly commands: Commands
  readonly streams: Streams
  readonly control: Control
  readonly webhook: Webhook
  readonly repository: Repository
  readonly identity: IdentityPorts
  readonly clock: Clock
  readonly log: Logger
  readonly version: string
  /** Where other rooms put their metrics; /metrics serves it with the API's own. Default: a new one. */
  readonly metrics?: Registry
  /** Why it is not ready to serve; undefined where it is. */
  readonly notReady?: () => string | undefined
  /** Other protocols on the same port: true where the request was taken. */
  readonly upgrade?: (request: IncomingMessage, socket: Duplex, head: Buffer) => boolean
  readonly intercept?: (request: IncomingMessage, response: ServerResponse) => boolean
}
