import type { ObservedMachine } from '../../schemas/generated/observation.ts'
import type { Block, FieldChange, MachineSpec, Step } from '../../schemas/generated/plan.ts'
import type { ObjectKey } from '../lib/object-key.ts'
import { isWithin } from './diff/path.ts'
import { judgeFields, type JudgedField } from './diff/fields.ts'
import { machineView } from './diff/views.ts'
import { highest } from './disruption/classes.ts'
import type { Act } from './disruption/row.ts'
import type { Draft } from './draft.ts'
import type { MachineObject } from './resolve/machine.ts'
import { machineStep, startsByItself } from './steps/machine-steps.ts'

export type MachineUpdate = {
  readonly desired: MachineObject
  readonly machine: MachineSpec
  readonly sighting: { readonly node: string; readonly object: ObservedMachine }
  readonly blocked: Block[]
  readonly after: readonly ObjectKey[]
}

/** What brings a machine that is there to what Git wants; undefined where it is so already. */
export function machineUpdate(update: MachineUpdate): Draft | undefined {
  const { desired, machine, sighting, blocked, after } = update
  const observed = sighting.object
  const fields = machineFields(observed, machine)
  const judged = allFields(fields)
  const replaced = judged.some(({ act }) => act === 'replace')
  const power = powerSteps(observed, machine, judged)
  const steps = replaced ? replacement(observed, machine) : updateSteps({ observed, machine, fields, power })
  if (steps.length === 0) return undefined
  return {
    change: {
      key: desired.key,
      node: sighting.node,
      action: replaced ? 'replace' : 'update',
      fields: judged.map(({ field }) => field),
      steps,
      base: observed.digest,
      notes: [...notesOf(observed, machine, power), ...driftNotes(observed, fields, steps)],
      origin: desired.origin,
      after: [...after],
    },
    blocked,
    labels: machine.labels,
    ...(fields.drifted.length === 0 || replaced ? {} : { mending: mendingSteps(observed, steps, fields) }),
    ...(power.stop ? { explicit: [`StopDomain:${machine.key}`] } : {}),
  }
}

/** True while a guest runs that a change could disturb. */
export function isActive(observed: ObservedMachine): boolean {
  return ['running', 'paused', 'starting', 'stopping'].includes(observed.state)
}

/** Fields that differ from what was applied, that drifted, and that still wait for a restart. */
type MachineFields = Readonly<Record<'changed' | 'drifted' | 'waiting', readonly JudgedField[]>>

function allFields({ changed, drifted, waiting }: MachineFields): JudgedField[] {
  return [...changed, ...drifted, ...waiting]
}

function machineFields(observed: ObservedMachine, machine: MachineSpec): MachineFields {
  const active = isActive(observed)
  const to = machineView(machine)
  const { applied, booted, accelerator } = observed
  const since = (spec: MachineSpec): JudgedField[] =>
    judgeFields({ kind: 'VirtualMachine', from: machineView(spec), to, active, ...(accelerator === undefined ? {} : { accelerator }) })
  const changed = applied === undefined ? [] : since(applied)
  const sinceBoot = booted === undefined || !active ? undefined : since(booted)
  const settled = sinceBoot === undefined ? changed : changed.map((one) => settle(one, sinceBoot))
  return { changed: settled, drifted: driftedFields(observed), waiting: waitingFields(settled, sinceBoot) }
}

/**
 * What the running guest needs is told from what it has, not from what was applied and may still wait: a field that goes back to what it
 * was booted with needs nothing.
 */
function settle(one: JudgedField, sinceBoot: readonly JudgedField[]): JudgedField {
  const { field, act } = one
  if (!ofGuest.has(act)) return one
  const same = sinceBoot.find((other) => other.field.path === field.path)
  if (same !== undefined) return settledAs(one, same)
  if (act === 'define') return one
  const whole = sinceBoot.find((other) => isWithin(field.path, other.field.path))?.field.path
  const reason = whole === undefined ? 'The running guest still has this value.' : `It comes with ${whole}.`
  return { act: 'define', field: { ...field, disruption: 'none', reason } }
}

const ofGuest: ReadonlySet<Act> = new Set(['define', 'hotplug', 'restart'])

/** The change since what was applied, with what it does to what was booted. */
function settledAs(one: JudgedField, { act, field }: JudgedField): JudgedField {
  if (act === one.act || !ofGuest.has(act)) return one
  const { reason: _, ...change } = one.field
  const told = field.reason === undefined ? {} : { reason: field.reason }
  return { act, field: { ...change, disruption: field.disruption, ...told } }
}

/** Differences between the domain and its definition, as changes from what is to what should be. */
function driftedFields(observed: ObservedMachine): JudgedField[] {
  const active = isActive(observed)
  return observed.drift.map(({ path, expected, actual }) => ({
    act: active ? 'hotplug' : 'define',
    field: {
      path: `domain:${path}`,
      ...(actual === undefined ? {} : { before: actual }),
      ...(expected === undefined ? {} : { after: expected }),
      disruption: active ? 'hotplug' : 'none',
      reason: 'Drift: the domain was changed on the host.',
    } satisfies FieldChange,
  }))
}

/**
 * Fields of the running guest that an earlier plan left: they wait for a restart, or their hotplug did not come to its end. What the
 * guest was booted with tells; the agent brings that up to date as it plugs.
 */
function waitingFields(changed: readonly JudgedField[], sinceBoot: readonly JudgedField[] | undefined): JudgedField[] {
  const known = new Set(changed.map(({ field }) => field.path))
  return (sinceBoot ?? []).filter(({ act, field }) => (act === 'restart' || act === 'hotplug') && !known.has(field.path))
}

type Power = { readonly start: boolean; readonly stop: boolean; readonly held?: 'start' | 'stop' }

/**
 * Whether the plan starts or stops the guest. A standing request of a person holds until the run strategy changes in Git; restarts
 * after an exit are the agent's guard's, so a start is planned only for a machine that Git just set to run or that never ran.
 */
function powerSteps(observed: ObservedMachine, machine: MachineSpec, judged: readonly JudgedField[]): Power {
  const newStrategy = judged.some(({ field }) => field.path === 'spec.runStrategy')
  const request = newStrategy ? undefined : observed.power?.request
  const held = request === undefined ? {} : { held: request }
  const { runStrategy } = machine
  if (isActive(observed)) {
    return { start: false, stop: runStrategy === 'Halted' && request !== 'start' && observed.state !== 'stopping', ...held }
  }
  if (!startsByItself(runStrategy) || request === 'stop') return { start: false, stop: false, ...held }
  const gone = observed.state === 'undefined' && (runStrategy !== 'Once' || observed.booted === undefined)
  return { start: newStrategy || gone || neverRan(observed), stop: false, ...held }
}

function neverRan(observed: ObservedMachine): boolean {
  const { state, booted, startedAt, runs } = observed
  const untried = runs === undefined || (runs.failures === 0 && runs.lastOutcome === undefined && runs.nextStartAt === undefined)
  return state === 'off' && booted === undefined && startedAt === undefined && untried
}

type StepChoice = {
  readonly observed: ObservedMachine
  readonly machine: MachineSpec
  readonly fields: MachineFields
  readonly power: Power
}

/** Define goes first, so that what waits for a restart is what the next start brings. */
function updateSteps({ observed, machine, fields, power }: StepChoice): Step[] {
  const steps: Step[] = []
  const stale = observed.applied === undefined || observed.state === 'undefined' || fields.changed.length > 0 || fields.drifted.length > 0
  if (stale) steps.push(machineStep('DefineDomain', machine, 'none'))
  if (power.stop) return [...steps, machineStep('StopDomain', machine, 'restart')]
  if (power.start) steps.push(machineStep('StartDomain', machine, 'none'))
  const all = allFields(fields)
  const hot = all.filter(({ act }) => act === 'hotplug').map(({ field }) => field.disruption)
  if (hot.length > 0) steps.push(machineStep('HotplugDomain', machine, highest(hot)))
  if (all.some(({ act }) => act === 'restart')) steps.push(machineStep('RestartDomain', machine, 'restart'))
  return steps
}

/** Ids of the steps that only drift asks for: that something else changes as well takes them from it. */
function mendingSteps(observed: ObservedMachine, steps: readonly Step[], { changed, waiting }: MachineFields): string[] {
  const defines = observed.applied !== undefined && changed.length === 0
  const plugs = [...changed, ...waiting].every(({ act }) => act !== 'hotplug')
  const mends: Readonly<Partial<Record<Step['verb'], boolean>>> = {
    DefineDomain: defines,
    HotplugDomain: plugs,
    StartDomain: defines && observed.state === 'undefined',
  }
  return steps.filter(({ verb }) => mends[verb] === true).map(({ id }) => id)
}

function replacement(observed: ObservedMachine, machine: MachineSpec): Step[] {
  const old = observed.applied ?? machine
  return [
    ...(isActive(observed) ? [machineStep('StopDomain', old, 'recreate')] : []),
    machineStep('UndefineDomain', old, 'recreate'),
    machineStep('DefineDomain', machine, 'none'),
    ...(startsByItself(machine.runStrategy) ? [machineStep('StartDomain', machine, 'none')] : []),
  ]
}

/** What Git changes defines the domain as a whole. */
function driftNotes({ applied }: ObservedMachine, { changed, drifted }: MachineFields, steps: readonly Step[]): string[] {
  const both = applied !== undefined && changed.length > 0 && drifted.length > 0
  return both && steps.some(({ verb }) => verb === 'DefineDomain')
    ? ['The domain is defined anew, so what was changed on the host goes as well.']
    : []
}

function notesOf(observed: ObservedMachine, machine: MachineSpec, power: Power): string[] {
  const notes: string[] = []
  if (observed.applied === undefined) notes.push('What was applied before is not on record; the machine is defined again.')
  if (observed.state === 'undefined') notes.push('The domain is gone from its host; it is defined again.')
  if (power.held === 'stop') notes.push(`A person stopped this machine (${observed.power?.by ?? 'unknown'}); it stays off until started.`)
  if (power.held === 'start' && machine.runStrategy === 'Halted')
    notes.push(`A person started this machine (${observed.power?.by ?? 'unknown'}).`)
  return notes
}
