import type { Block, Step } from '../../schemas/generated/plan.ts'
import { closesAt, isOpen, nextStart } from '../lib/schedule.ts'
import { disruptionClasses, exceeds } from './disruption/classes.ts'
import type { Draft } from './draft.ts'
import type { ResolvedPolicy, Window } from './resolve/policy.ts'

/**
 * Holds back what the time does not allow: a freeze, a deny window that is open, allow windows that are all closed. Deny wins over allow,
 * and a freeze over both; a change that no window speaks of goes on at any time. Deletions count as the highest class.
 */
export function limitTime(policy: ResolvedPolicy, drafts: readonly Draft[], now: Date): void {
  if (policy.windows.length === 0 && policy.freeze === undefined) return
  const states = policy.windows.map((window) => ({ window, open: isOpen(window.schedule, now) }))
  for (const draft of drafts) {
    const frozen = freezeBlock(policy, draft, now)
    const block = frozen ?? windowBlock(states, draft, now)
    if (block !== undefined) draft.blocked.push(block)
  }
}

function freezeBlock({ freeze }: ResolvedPolicy, draft: Draft, now: Date): Block | undefined {
  if (freeze === undefined || (freeze.until !== undefined && freeze.until <= now.toISOString())) return undefined
  const steps = heldSteps(draft, freeze.from)
  if (steps === undefined) return undefined
  const { until } = freeze
  return {
    reason: 'Frozen',
    message: `gitvirt.yaml freezes changes${until === undefined ? '' : ` until ${until}`}: ${freeze.reason}`,
    unblock: `${until === undefined ? 'Take' : 'Wait, or take'} spec.freeze out of gitvirt.yaml.`,
    ...(until === undefined ? {} : { until }),
    ...steps,
  }
}

type WindowState = { readonly window: Window; readonly open: boolean }

function windowBlock(states: readonly WindowState[], draft: Draft, now: Date): Block | undefined {
  const about = states.filter(({ window }) => speaksOf(window, draft))
  const denying = about.find(({ window, open }) => window.type === 'deny' && open)
  if (denying !== undefined) return closedBlock(denying.window, draft, closesAt(denying.window.schedule, now))
  const allowing = about.filter(({ window }) => window.type === 'allow')
  if (allowing.length === 0 || allowing.some(({ open }) => open)) return undefined
  const next = allowing
    .flatMap(({ window }) => {
      const opens = nextStart(window.schedule, now)
      return opens === undefined ? [] : [{ window, opens }]
    })
    .toSorted((one, other) => one.opens.getTime() - other.opens.getTime())[0]
  const window = next?.window ?? allowing[0]?.window
  return window === undefined ? undefined : closedBlock(window, draft, next?.opens)
}

function speaksOf({ matchLabels, from }: Window, draft: Draft): boolean {
  return Object.entries(matchLabels).every(([name, value]) => draft.labels[name] === value) && heldSteps(draft, from) !== undefined
}

function closedBlock(window: Window, draft: Draft, opens: Date | undefined): Block {
  const { type, text, from, reason } = window
  const what = from === 'none' ? 'Changes' : `Changes of class ${from} and above`
  const when = type === 'deny' ? `do not go on in the window ${text}` : `go on in the window ${text} only`
  const until = opens?.toISOString()
  return {
    reason: 'Window',
    message: `${what} ${when}${reason === undefined ? '.' : `: ${reason}`}`,
    unblock: `${until === undefined ? 'Change' : `Wait until ${until}, or change`} spec.windows in gitvirt.yaml.`,
    ...(until === undefined ? {} : { until }),
    ...heldSteps(draft, from),
  }
}

/** The steps of at least a class, as a block names them; undefined where there is none. A restart alone is held back without the rest. */
export function heldSteps({ change }: Draft, from: Window['from']): Pick<Block, 'steps'> | undefined {
  const atLeast = (step: Step): boolean => !exceeds(from, step.disruption)
  if (change.action === 'delete' || from === disruptionClasses[0]) return {}
  const held = change.steps.filter(atLeast)
  if (held.length === 0) return undefined
  return held.every(({ verb }) => verb === 'RestartDomain') ? { steps: held.map(({ id }) => id) } : {}
}
