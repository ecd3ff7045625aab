import { objectKey } from '../../lib/object-key.ts'
import type { ObjectKey } from '../../lib/object-key.ts'
import type { Draft } from '../api-object.ts'

/** Something to tell people of an object; repeated ones are counted. */
export type EventDraft = {
  readonly key: ObjectKey
  readonly type: 'Normal' | 'Warning'
  readonly reason: string
  readonly message: string
  readonly host?: string
  /** Digest of the sealed plan that was carried out; not a part of the event itself. */
  readonly plan?: string
}

type Told = Omit<EventDraft, 'key'>
type Marks = Readonly<Record<string, string>>

const normal = (reason: string, message: string): Told => ({ type: 'Normal', reason, message })
const warning = (reason: string, message: string): Told => ({ type: 'Warning', reason, message })

type Rule = (now: string, before: string, marks: Marks) => Told | undefined

/** One rule per mark of a kind: called when the mark changed. Reasons are upstream's where upstream has the event. */
const rules: Readonly<Record<string, Readonly<Record<string, Rule>>>> = {
  VirtualMachine: {
    restart: (now) => (now === '' ? undefined : normal('RestartRequired', `A restart brings in: ${now}.`)),
    drift: (now) =>
      now === ''
        ? normal('DriftMended', 'The domain is again as Git has it.')
        : warning('DriftDetected', `The domain differs from what was applied: ${now}.`),
    problem: (now) => (now === '' ? undefined : problem(now)),
    deleting: (now) =>
      now === ''
        ? undefined
        : normal('RemovedFromGit', 'The object is no longer in Git; the guest is stopped and its disks are kept for a while.'),
    unsupported: (now) => (now === '' ? undefined : warning('UnsupportedFields', now)),
  },
  VirtualMachineInstance: {
    phase: (now, before) => instancePhase(now, before),
    agent: (now, before) =>
      now === 'true'
        ? normal('AgentConnected', 'The guest agent answers.')
        : before === 'true'
          ? warning('AgentDisconnected', 'The guest agent no longer answers.')
          : undefined,
  },
  DataVolume: {
    phase: (now) => volumePhase(now),
    problem: (now) => (now === '' ? undefined : problem(now)),
    quarantined: (now, before) =>
      now === ''
        ? before === ''
          ? undefined
          : normal('Restored', 'The volume is back in use.')
        : normal('Quarantined', `The volume is kept until ${now}, then deleted.`),
  },
  NodeNetworkConfigurationPolicy: {
    state: (now, _before, marks) => policyState(now, marks['message'] ?? ''),
  },
  NodeNetworkConfigurationEnactment: {
    drift: (now) =>
      now === ''
        ? normal('DriftMended', 'The network is again as the policy says.')
        : warning('DriftDetected', `The network differs from the policy: ${now}.`),
  },
  Node: {
    ready: (now, before) =>
      now === 'true'
        ? normal('NodeReady', 'The agent is connected.')
        : before === 'true'
          ? warning('NodeNotReady', 'The agent is no longer connected.')
          : undefined,
  },
}

/** Marks that are empty or false when an object is first seen tell nothing; all others do. */
const quiet: ReadonlySet<string> = new Set(['', 'false'])

/**
 * The events that follow from what changed in an object's marks. Pure; `before` is undefined for an object that is new.
 */
export function eventsOf(draft: Draft, before: Marks | undefined): EventDraft[] {
  const key = objectKey(draft.kind, draft.namespace, draft.name)
  const host = draft.marks['node']
  const told: EventDraft[] = []
  for (const [mark, rule] of Object.entries(rules[draft.kind] ?? {})) {
    const now = draft.marks[mark] ?? ''
    const earlier = before?.[mark] ?? ''
    if (now === earlier || (before === undefined && quiet.has(now))) continue
    const event = rule(now, earlier, draft.marks)
    if (event !== undefined) told.push({ key, ...event, ...(host === undefined || host === '' ? {} : { host }) })
  }
  return told
}

/** Events of an object's first appearance and of its end. */
export function appearanceEvents(key: ObjectKey, appeared: boolean, marks: Marks): EventDraft[] {
  const [kind, namespace = '', name = ''] = key.split('/')
  if (kind !== 'VirtualMachineInstance') return []
  const host = marks['node'] === undefined ? {} : { host: marks['node'] }
  const vm = objectKey('VirtualMachine', namespace, name)
  if (appeared) return [{ key: vm, ...normal('SuccessfulCreate', `Started the virtual machine by creating its instance ${name}`), ...host }]
  return [
    { key, ...normal('Stopped', 'The guest has ended.'), ...host },
    { key: vm, ...normal('SuccessfulDelete', `Stopped the virtual machine: its instance ${name} is gone`), ...host },
  ]
}

function problem(text: string): Told {
  const colon = text.indexOf(': ')
  return warning(text.slice(0, colon), text.slice(colon + 2))
}

function instancePhase(now: string, before: string): Told | undefined {
  if (now === 'running')
    return before === 'paused' ? normal('Resumed', 'The guest goes on.') : normal('Started', 'VirtualMachineInstance started.')
  if (now === 'paused') return normal('Paused', 'The guest is paused.')
  if (now === 'stopping') return normal('ShuttingDown', 'Signaled graceful shutdown.')
  return now === 'starting' ? normal('Created', 'VirtualMachineInstance defined.') : undefined
}

const volumePhases: Readonly<Record<string, Told>> = {
  ImportScheduled: normal('ImportScheduled', 'The import waits for its turn.'),
  ImportInProgress: normal('ImportInProgress', 'The import has begun.'),
  CloneInProgress: normal('CloneInProgress', 'The clone has begun.'),
  Succeeded: normal('ImportSucceeded', 'The volume is ready.'),
  Failed: warning('ImportFailed', 'The volume cannot be made; its conditions say why.'),
}

function volumePhase(now: string): Told | undefined {
  return volumePhases[now]
}

function policyState(now: string, message: string): Told | undefined {
  if (now === 'Available') return normal('SuccessfullyConfigured', message)
  if (now === 'Degraded') return warning('FailedToConfigure', message)
  return now === 'Ignored' ? normal('NoMatchingNode', message) : undefined
}
