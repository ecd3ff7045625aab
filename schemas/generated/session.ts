/* Generated from schemas/ by `npm run generate`. Do not edit. */
import type { Observation } from './observation.ts'
import type { Plan } from './plan.ts'
/**
 * One text frame of the WebSocket session between agent and reconciler. Streams (console, vnc) use binary frames: a 4-byte big-endian stream number, then the bytes; an empty rest half-closes. Stream number 0 carries flow control: two 4-byte big-endian numbers, a stream and how many more bytes its receiver takes; the first such grant also says that the stream is open.
 */
export type SessionMessage =
  Hello | Welcome | Observe | ApplyPlan | PlanAnswer | StepReport | Command | CommandAnswer | StreamOpen | StreamClose

/**
 * Agent's first message.
 */
export interface Hello {
  type: 'hello'
  node: string
  version: string
  protocol: number
}
export interface Welcome {
  type: 'welcome'
  protocol: number
}
export interface Observe {
  type: 'observe'
  /**
   * True: the rest of this observation follows in the next message, and all takes effect with the last.
   */
  more?: boolean
  observation: Observation
}
/**
 * A sealed plan for this agent: only its changes, and the secret values that the steps refer to.
 */
export interface ApplyPlan {
  type: 'apply'
  plan: Plan
  secrets: Bag
  configMaps: Bag
}
/**
 * Object key -> data key -> base64. Never logged, never journaled.
 */
export interface Bag {
  [k: string]: {
    [k: string]: string
  }
}
/**
 * What became of a plan. accepted: also once for each change that ended, with its result, while others go on. done: all results, also when single changes failed.
 */
export interface PlanAnswer {
  type: 'plan-answer'
  plan: string
  outcome: 'accepted' | 'refused' | 'done'
  message?: string
  results: {
    key: string
    result: 'done' | 'failed' | 'stale'
    code?: string
    message?: string
  }[]
}
export interface StepReport {
  type: 'step'
  plan: string
  step: string
  key: string
  state: 'started' | 'done' | 'failed'
  at: string
  code?: string
  message?: string
}
/**
 * A person's imperative request; it never changes the spec.
 */
export interface Command {
  type: 'command'
  id: string
  verb: 'start' | 'stop' | 'restart' | 'pause' | 'unpause' | 'reset' | 'soft-reboot' | 'guestosinfo' | 'lease' | 'end-lease'
  key: string
  by?: string
  graceSeconds?: number
  paused?: boolean
  /**
   * Of the verbs lease and end-lease.
   */
  lease?: {
    id: string
    /**
     * How long it is; the host adds it to its own clock.
     */
    seconds?: number
  }
}
export interface CommandAnswer {
  type: 'command-answer'
  id: string
  ok: boolean
  code?: string
  message?: string
  data?: {
    [k: string]: unknown
  }
}
export interface StreamOpen {
  type: 'stream-open'
  stream: number
  key: string
  target: 'console' | 'vnc'
  force?: boolean
}
export interface StreamClose {
  type: 'stream-close'
  stream: number
  code?: string
  message?: string
}
