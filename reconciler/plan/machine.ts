import type { ObservedMachine } from '../../schemas/generated/observation.ts'
import type { Block, FieldChange, Finding, MachineSpec } from '../../schemas/generated/plan.ts'
import type { ObjectKey } from '../lib/object-key.ts'
import { keyText, parseKey } from '../lib/object-key.ts'
import type { Sighting } from '../observed/types.ts'
import type { PlanContext } from './context.ts'
import type { Draft } from './draft.ts'
import { unsupportedBlocks } from './findings.ts'
import { disregard, ignoredFinding, ignoredOf } from './ignored.ts'
import { machineUpdate } from './machine-update.ts'
import { disconnected, severalNodes } from './obstacles.ts'
import type { PlacementMap } from './placement-map.ts'
import { resolveMachine, runStrategyOf, type MachineObject } from './resolve/machine.ts'
import { inputReferences, volumeKeys } from './resolve/template.ts'
import { machineStep, startsByItself } from './steps/machine-steps.ts'
import { missingDependency, unreadableInput } from './unreadable.ts'

export type MachineSighting = Sighting & { readonly object: ObservedMachine }

/** What has to be done for one VirtualMachine that Git has; undefined where nothing has. */
export function planMachine(context: PlanContext, placements: PlacementMap, desired: MachineObject): Draft | undefined {
  const sightings = machineSightings(context, desired.key)
  if (sightings.length > 1) return severalNodes(desired, sightings)
  const sighting = sightings[0]
  const applied = sighting?.object.applied
  const { inputs, blocked } = resolveInputs(context, desired, applied)
  const machine = resolveMachine(desired, inputs, context.policy)
  blocked.push(...missingVolumes(context, machine), ...unsupportedBlocks(desired))
  if (sighting === undefined) return createMachine({ context, placements, desired, machine, blocked })
  const draft = machineUpdate({
    ...withoutIgnored(context, { desired, machine, sighting }),
    desired,
    blocked,
    after: dependencies(placements, machine, sighting.node),
  })
  if (draft !== undefined) draft.blocked.push(...disconnected(context.input.observed, sighting.node))
  return draft
}

export function machineSightings(context: PlanContext, key: ObjectKey): MachineSighting[] {
  return context.sightings(key).filter((one): one is MachineSighting => one.object.kind === 'VirtualMachine')
}

type Compared = { readonly desired: MachineObject; readonly machine: MachineSpec; readonly sighting: MachineSighting }

/** What is compared, where fields are to be left as the host has them; the finding tells which. */
function withoutIgnored(context: PlanContext, { desired, machine, sighting }: Compared): Pick<Compared, 'machine' | 'sighting'> {
  const ignored = ignoredOf(context, desired)
  if (ignored === undefined) return { machine, sighting }
  const { machine: wanted, observed, paths } = disregard(machine, sighting.object, ignored)
  if (paths.length > 0) context.findings.push(ignoredFinding(desired, ignored, paths))
  return { machine: wanted, sighting: { ...sighting, object: observed } }
}

type Creation = {
  readonly context: PlanContext
  readonly placements: PlacementMap
  readonly desired: MachineObject
  readonly machine: MachineSpec
  readonly blocked: Block[]
}

function createMachine({ placements, desired, machine, blocked }: Creation): Draft {
  const placement = placements.ofMachine(desired)
  const node = 'node' in placement ? placement.node.name : ''
  const fields: FieldChange[] = []
  const steps = [machineStep('DefineDomain', machine, 'none')]
  if (startsByItself(machine.runStrategy)) steps.push(machineStep('StartDomain', machine, 'none'))
  if ('problem' in placement) {
    blocked.push({
      reason: 'Unschedulable',
      message: placement.problem,
      unblock: 'Change what the machine asks for, or make room, labels, bridges or agents on a node.',
    })
  }
  return {
    change: {
      key: desired.key,
      node,
      action: 'create',
      fields,
      steps,
      base: 'absent',
      notes: startNotes(desired),
      origin: desired.origin,
      after: node === '' ? volumeKeys(machine.namespace, machine.template) : dependencies(placements, machine, node),
    },
    blocked,
    labels: machine.labels,
  }
}

function startNotes(desired: MachineObject): string[] {
  const strategy = runStrategyOf(desired)
  return startsByItself(strategy) ? [] : [`runStrategy ${strategy}: the machine is defined and not started.`]
}

/** Disks first, and policies that bring up the bridges that the machine is plugged into. */
function dependencies(placements: PlacementMap, machine: MachineSpec, node: string): ObjectKey[] {
  return [...placements.bridgePolicies(machine.template, node), ...volumeKeys(machine.namespace, machine.template)]
}

type Inputs = { readonly inputs: Record<string, string>; readonly blocked: Block[] }

/**
 * Digests of all Secrets and ConfigMaps that the template reads. One that cannot be read counts as unchanged, and whatever else is to
 * be done waits for it: there is nothing to send. One that was applied counts as unchanged where there is no salt to compare by.
 */
function resolveInputs(context: PlanContext, desired: MachineObject, applied: MachineSpec | undefined): Inputs {
  const inputs: Record<string, string> = {}
  const blocked: Block[] = []
  const { namespace } = parseKey(desired.key)
  for (const { key, optional } of inputReferences(namespace, desired.object.spec.template)) {
    const before = applied?.inputs[key]
    const current = context.isUnknown(key) ? before : context.inputDigest(key)
    const uncompared = context.input.inputSalt === undefined && before !== undefined && current !== undefined && !context.isUnknown(key)
    if (uncompared) context.findings.push(notCompared(desired, key))
    const digest = uncompared ? before : current
    if (digest !== before && context.isUnread(key)) context.findings.push(notRead(desired, key))
    if (digest !== undefined) inputs[key] = digest
    if (context.isUnknown(key)) blocked.push(unreadableInput(context, key))
    else if (digest === undefined && !optional) blocked.push(missingDependency(context, key))
  }
  return { inputs, blocked }
}

function notCompared(desired: MachineObject, key: ObjectKey): Finding {
  return {
    severity: 'warning',
    code: 'InputNotCompared',
    key: desired.key,
    message: `Contents of ${keyText(key)} are not compared offline.`,
    origin: desired.origin,
  }
}

function notRead(desired: MachineObject, key: ObjectKey): Finding {
  return {
    severity: 'warning',
    code: 'InputNotRead',
    key: desired.key,
    message: `${keyText(key)} is encrypted, and no key is used before it is merged: what it holds counts as changed, and an approval counts for this very file.`,
    origin: desired.origin,
  }
}

/** Disks that neither Git nor the host has. */
function missingVolumes(context: PlanContext, machine: MachineSpec): Block[] {
  return volumeKeys(machine.namespace, machine.template)
    .filter((key) => context.desired(key)?.kind !== 'DataVolume')
    .filter((key) => !context.sightings(key).some(({ object }) => object.kind === 'DataVolume' && object.quarantined === undefined))
    .map((key) => missingDependency(context, key))
}
