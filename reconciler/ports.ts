import type { IncomingHttpHeaders } from 'node:http'
import type { Commands, Streams, Webhook } from './api/ports.ts'
import type { DesiredView } from './desired/types.ts'
import type { Dispatcher, DispatcherOptions } from './dispatch/dispatcher.ts'
import type { InputSource } from './dispatch/inputs.ts'
import type { Clock } from './lib/clock.ts'
import { describeError, errorCode, GitvirtError } from './lib/errors.ts'
import { inputValues } from './lib/input-values.ts'
import type { ObjectKey } from './lib/object-key.ts'
import type { Ledger } from './ledger.ts'
import type { Loop } from './loop.ts'
import type { ObservedView } from './observed/types.ts'
import type { EventDraft } from './status/events/rules.ts'
import type { Status } from './status/status.ts'
import type { Receipt } from './store/history.ts'
import { createWebhook } from './source/webhook.ts'

/** What dispatch asks of the rooms behind it. */
export function dispatchPorts(parts: {
  readonly observed: ObservedView
  readonly status: Status
  readonly ledger: Ledger
  readonly loop: () => Loop
}): Pick<DispatcherOptions, 'inputs' | 'locate' | 'replan' | 'stepped' | 'answered' | 'sending'> {
  return {
    inputs: inputSource(() => parts.loop().view()),
    locate: (key) => parts.observed.get(key)[0]?.node,
    replan: (keys) => parts.loop().enqueue(keys),
    sending: (node, plan) => parts.ledger.sending(node, plan),
    answered: (node, { results }) => {
      parts.status.answered(node, results)
      parts.loop().refresh(results.map(({ key }) => key))
    },
    stepped: (node, report) => {
      const { plan, step, key, state, at, code, message } = report
      const receipt: Receipt = {
        plan,
        step,
        key,
        node,
        state,
        at,
        ...(code === undefined ? {} : { code }),
        ...(message === undefined ? {} : { message }),
      }
      parts.status.receipt(receipt)
      parts.ledger.step(receipt)
    },
  }
}

/** What is told of an agent that speaks another protocol; it ends when an agent of its host connects. */
export function agentRefused(node: string, reason: string): EventDraft {
  return { key: `Node//${node}`, type: 'Warning', reason: 'AgentRefused', message: `The agent cannot connect: ${reason}.`, host: node }
}

/** Data of Secrets and ConfigMaps, for the hosts that need them. Here, and only here, encrypted values leave the object that keeps them. */
function inputSource(view: () => DesiredView | undefined): InputSource {
  return (key: ObjectKey) => {
    const desired = view()?.get(key)
    if (desired?.kind !== 'Secret' && desired?.kind !== 'ConfigMap') return undefined
    return desired.sealed === undefined ? inputValues(desired.object) : desired.sealed.values()
  }
}

/** What the API asks of dispatch. */
export function requestPorts(dispatcher: Dispatcher): { readonly commands: Commands; readonly streams: Streams } {
  return {
    commands: {
      send: async (key, verb, options) => {
        try {
          return { ok: true, data: await dispatcher.command({ key, verb, ...options }) }
        } catch (error) {
          if (!(error instanceof GitvirtError)) throw error
          return { ok: false, code: errorCode(error), message: describeError(error) }
        }
      },
    },
    streams: { open: async (key, target, force) => await dispatcher.openStream(key, target, { force }) },
  }
}

/** The forge's hook: it only triggers a fetch. */
export function webhookPort(options: { readonly webhookSecret?: string; readonly clock: Clock }, trigger: () => void): Webhook {
  const secret = options.webhookSecret === undefined ? {} : { secret: options.webhookSecret }
  const hook = createWebhook({ trigger, clock: options.clock, ...secret })
  return async (body: Buffer, headers: IncomingHttpHeaders) => hook({ headers, body }).status
}
