import type { Change } from '../../schemas/generated/plan.ts'
import { parseBytes } from '../../reconciler/lib/quantity.ts'
import { child, childrenOf, type XmlElement } from '../../agent/drivers/libvirt/xml.ts'
import type { ModelMachine } from './fleet-model.ts'
import { devicesIn, differences } from './guest-view.ts'
import { compareSets, toldOf, type Outcome, type Told } from './judge.ts'
import type { MeasuredMachine, Process } from './measure.ts'

/** Every way in which machines are not as was told. */
export function judgeMachines(outcome: Outcome): string[] {
  const names = new Set([
    ...outcome.before.machines.keys(),
    ...outcome.after.machines.keys(),
    ...outcome.model.machines.map(({ name }) => name),
  ])
  return [...names].flatMap((name) => judgeMachine(outcome, name).map((line) => `${name}: ${line}`))
}

function judgeMachine(outcome: Outcome, name: string): string[] {
  const told = toldOf(outcome.told, `VirtualMachine/default/${name}`)
  const left = outcome.left.find(({ key }) => key === `VirtualMachine/default/${name}`)
  const [before, after] = [outcome.before.machines.get(name), outcome.after.machines.get(name)]
  const model = outcome.model.machines.find((one) => one.name === name)
  if (told?.change.action === 'delete' && !told.held) return after === undefined ? [] : ['told to go, and is there']
  // What was held back before goes on being so.
  const waited = before === undefined && told === undefined && left !== undefined && isWhollyHeld(left)
  if (after === undefined) return model === undefined || told?.held === true || waited ? [] : ['is not on the host']
  return [
    ...judgeProcess(told, before?.process, after.process),
    ...(before === undefined ? [] : judgeGuest(told, before, after)),
    ...judgeWaiting(told, left),
    ...judgeConditions(outcome.conditions.get(`VirtualMachine/${name}`), left, after),
    ...(left !== undefined && isWhollyHeld(left) ? [] : [...judgeTruth(left, after), ...judgeModel(model, after)]),
  ]
}

function isWhollyHeld({ blocked }: Change): boolean {
  return blocked.some(({ steps }) => steps === undefined)
}

/** A guest's process is the same, another, gone or new, as the steps say. */
function judgeProcess(told: Told | undefined, before: Process | undefined, after: Process | undefined): string[] {
  const same = before?.pid === after?.pid && before?.started === after?.started
  const stops = told?.will('StopDomain') === true
  const starts = told?.will('StartDomain') === true
  if (told?.will('RestartDomain') === true || (stops && starts && before !== undefined))
    return same || after === undefined ? ['told to restart, and did not'] : []
  if (starts) return after === undefined || same ? ['told to start, and did not'] : []
  if (stops) return after === undefined ? [] : ['told to stop, and runs']
  return same ? [] : [`told to go on, and its process is another: ${before?.pid ?? 'none'} -> ${after?.pid ?? 'none'}`]
}

/** Without a restart just the devices change that the plan names, and without a definition nothing that the next start takes. */
function judgeGuest(told: Told | undefined, before: MeasuredMachine, after: MeasuredMachine): string[] {
  const redefined = told?.will('DefineDomain') === true || told?.change.action === 'replace'
  const stored = redefined ? [] : differences(before.inactive, after.inactive).map((line) => `its definition changed untold: ${line}`)
  if (before.live === undefined || after.live === undefined || before.process?.pid !== after.process?.pid) return stored
  const found = differences(before.live, after.live)
  if (told?.will('HotplugDomain') !== true) return [...stored, ...found.map((line) => `the running guest changed untold: ${line}`)]
  const strange = found.filter((line) => devicesIn([line]).size === 0).map((line) => `the running guest changed untold: ${line}`)
  return [...stored, ...strange, ...compareSets('devices that change while it runs', hotDevices(told.change), devicesIn(found))]
}

/** Our aliases of the devices whose fields the plan changes in place. */
function hotDevices({ fields }: Change): Set<string> {
  const hot = fields.filter(({ disruption }) => disruption === 'live' || disruption === 'hotplug')
  return new Set(
    hot.flatMap(({ path }) => {
      const disk = /\.(?:disks|volumes)\[([^\]]+)\]/.exec(path)?.[1]
      const nic = /\.(?:interfaces|networks)\[([^\]]+)\]/.exec(path)?.[1]
      return disk === undefined ? (nic === undefined ? [] : [`ua-nic-${nic}`]) : [`ua-disk-${disk}`]
    }),
  )
}

/** What waits for a restart is what was told to wait, field by field, and nothing else is left to do. */
function judgeWaiting(told: Told | undefined, left: Change | undefined): string[] {
  if (told?.held === true && told.change.blocked.some(({ steps }) => steps === undefined)) {
    return compareSets(
      'held back as a whole',
      told.change.steps.map(({ verb }) => verb),
      left?.steps.map(({ verb }) => verb) ?? [],
    )
  }
  const waiting = told?.waits('RestartDomain') === true ? restartFields(told.change) : []
  const held = new Set(left?.blocked.flatMap(({ steps }) => steps ?? []))
  const verbs = (left?.steps ?? []).filter(({ id }) => !held.has(id)).map(({ verb }) => verb)
  return [
    ...compareSets('fields that wait for a restart', waiting, left === undefined ? [] : restartFields(left)),
    ...(verbs.length === 0 ? [] : [`left to do: ${verbs.join(', ')} (${left?.fields.map(({ path }) => path).join(', ') ?? ''})`]),
  ]
}

function restartFields({ fields }: Change): string[] {
  return fields.filter(({ disruption }) => disruption === 'restart').map(({ path }) => path)
}

function judgeConditions(conditions: ReadonlySet<string> | undefined, left: Change | undefined, after: MeasuredMachine): string[] {
  const says = conditions?.has('RestartRequired') === true
  if (left !== undefined && isWhollyHeld(left)) {
    // Nothing of it is defined yet, so the condition tells of the definition that stands.
    return says || waitingIn(after).length === 0 ? [] : ['condition RestartRequired is false, and the guest has not what is defined']
  }
  const waits = left?.steps.some(({ verb }) => verb === 'RestartDomain') === true
  return waits === says ? [] : [`condition RestartRequired is ${String(says)}, and a restart ${waits ? 'waits' : 'does not wait'}`]
}

/** Fields that the view of a guest leaves out: whether a restart brings them is not seen here. */
const unseen = /domain\.(?:cpu\.(?:model|features)|ioThreadsPolicy|devices\.disks\[[^\]]+\]\.dedicatedIOThread)/

/** In what the running guest is not as it is defined. */
function waitingIn({ live, inactive, seed }: MeasuredMachine): string[] {
  if (live === undefined) return []
  return [
    // Which thread serves a disk is numbered anew with each definition, and no guest sees it.
    ...differences(live, inactive).filter((line) => !line.includes('@iothread')),
    ...(seed.live === seed.next ? [] : [`seed: ${seed.live} -> ${seed.next}`]),
  ]
}

/** The guest has all that is defined, unless a restart waits; and one that waits brings something. */
function judgeTruth(left: Change | undefined, after: MeasuredMachine): string[] {
  if (after.live === undefined) return []
  const seen = waitingIn(after)
  const waits = left?.steps.some(({ verb }) => verb === 'RestartDomain') === true
  if (!waits) return seen.map((line) => `no restart waits, and the guest has not what is defined: ${line}`)
  const isSeen = left !== undefined && restartFields(left).some((path) => !unseen.test(path))
  return seen.length > 0 || !isSeen
    ? []
    : [`a restart waits that brings nothing: ${left === undefined ? '' : restartFields(left).join(', ')}`]
}

/** The definition is what the model says, in what can be told without the product's own code. */
function judgeModel(model: ModelMachine | undefined, { definition, process }: MeasuredMachine): string[] {
  if (model === undefined) return ['is there, and Git does not have it']
  const devices = child(definition, 'devices')
  const alias = (item: XmlElement): string => child(item, 'alias')?.attributes['name'] ?? ''
  const disks = childrenOf(devices, 'disk').map((disk) => `${alias(disk)} ${child(disk, 'target')?.attributes['bus'] ?? ''}`)
  const nics = childrenOf(devices, 'interface').map((nic) => {
    const link = child(nic, 'link')?.attributes['state'] ?? 'up'
    return `${alias(nic)} ${child(nic, 'source')?.attributes['bridge'] ?? ''} ${child(nic, 'model')?.attributes['type'] ?? ''} ${link}`
  })
  const wantedNics = model.nics.map(
    ({ name, bridge, options }) => `ua-nic-${name} ${bridge} ${word(options['model'], 'virtio')} ${word(options['state'], 'up')}`,
  )
  return [
    ...compareSets(
      'disks of the definition',
      model.disks.map(({ name, bus }) => `ua-disk-${name} ${bus}`),
      disks,
    ),
    ...compareSets('NICs of the definition', wantedNics, nics),
    ...compareSets(
      'memory of the definition',
      [String(Math.ceil(parseBytes(model.memory) / 1024))],
      [child(definition, 'memory')?.text ?? ''],
    ),
    ...((process !== undefined) === (model.runStrategy === 'Always') ? [] : [`runStrategy ${model.runStrategy}, and it is not so`]),
  ]
}

function word(value: unknown, otherwise: string): string {
  return typeof value === 'string' ? value : otherwise
}
