import type { Change } from '../../schemas/generated/plan.ts'
import { compareSets, toldOf, type Outcome } from './judge.ts'
import type { MeasuredImage } from './measure.ts'

const mebibyte = 2 ** 20

/** Every way in which disks and the host's bridges are not as was told. */
export function judgeDisks(outcome: Outcome): string[] {
  const { before, after, model } = outcome
  const names = new Set([...before.images.keys(), ...after.images.keys(), ...model.volumes.map(({ name }) => name)])
  return [...[...names].flatMap((name) => judgeDisk(outcome, name).map((line) => `volume ${name}: ${line}`)), ...judgeImpact(outcome)]
}

function judgeDisk(outcome: Outcome, name: string): string[] {
  const told = toldOf(outcome.told, `DataVolume/default/${name}`)
  const [before, after] = [outcome.before.images.get(name), outcome.after.images.get(name)]
  const bytes = (outcome.model.volumes.find((one) => one.name === name)?.mebibytes ?? 0) * mebibyte
  if (told === undefined || told.held) return compareSets('image', describe(before), describe(after))
  if (told.will('QuarantineVolume')) {
    if (after !== undefined) return ['told to go into quarantine, and is there']
    return before !== undefined && outcome.after.quarantined.has(before.inode) ? [] : ['went, and is not in quarantine']
  }
  if (after === undefined) return [`told ${told.change.steps.map(({ verb }) => verb).join(', ')}, and is not there`]
  const size = after.bytes === bytes ? [] : [`has ${after.bytes} bytes, and Git wants ${bytes}`]
  if (told.will('RestoreVolume')) return [...size, ...(outcome.before.quarantined.has(after.inode) ? [] : ['came back as another image'])]
  if (told.change.action === 'create') return [...size, ...(before === undefined ? [] : ['told to be made, and was there'])]
  return [...size, ...compareSets('inode', [String(before?.inode)], [String(after.inode)])]
}

function describe(image: MeasuredImage | undefined): string[] {
  return image === undefined ? [] : [`inode ${image.inode}, ${image.bytes} bytes`]
}

/** Bytes that the impact on the host tells, against what files had, and have now. */
function judgeImpact({ told, impact, before, model }: Outcome): string[] {
  if (impact === undefined) return []
  const sum = (changes: readonly Change[], of: (name: string) => number): string =>
    String(changes.reduce((total, { key }) => total + of(key.split('/')[2] ?? ''), 0))
  const leaving = told.filter(({ steps }) => steps.some(({ verb }) => verb === 'QuarantineVolume'))
  const growing = told.filter(({ steps }) => steps.some(({ verb }) => verb === 'EnsureVolume' || verb === 'ResizeVolume'))
  // Growth that is held back counts for the request that brings it, and for no later one.
  const held = growing.filter(({ key }) => toldOf(told, key)?.held === true)
  const wanted = (name: string): number => (model.volumes.find((one) => one.name === name)?.mebibytes ?? 0) * mebibyte
  const bytesOf = (name: string): number => Math.max(0, wanted(name) - (before.images.get(name)?.bytes ?? 0))
  const possible = [
    sum(growing, bytesOf),
    sum(
      growing.filter((one) => !held.includes(one)),
      bytesOf,
    ),
  ]
  const needed = impact.flatMap(({ pools }) => pools).reduce((total, { neededBytes }) => total + neededBytes, 0)
  const quarantined = impact.reduce((total, { quarantinedBytes }) => total + quarantinedBytes, 0)
  return [
    ...compareSets(
      'bytes that go into quarantine',
      [String(quarantined)],
      [sum(leaving, (name) => before.images.get(name)?.allocated ?? 0)],
    ),
    ...(possible.includes(String(needed)) ? [] : [`bytes that disks need: told ${needed}; found ${possible.join(' or ')}`]),
  ]
}

/** Every way in which bridges are not as was told. */
export function judgeNetworks(outcome: Outcome): string[] {
  const { before, after, model } = outcome
  const names = new Set([...before.bridges.keys(), ...after.bridges.keys(), ...model.networks.map(({ bridge }) => bridge)])
  return [...names].flatMap((bridge) => {
    // A port is of one bridge: one that a policy wants elsewhere leaves a bridge that nobody looks after any more.
    const claimed = model.networks.filter((one) => one.bridge !== bridge && one.state === 'up').flatMap(({ ports }) => ports)
    const text = (one: typeof after): string[] => {
      const found = one.bridges.get(bridge)
      return found === undefined ? [] : [JSON.stringify({ ...found, ports: found.ports.filter((port) => !claimed.includes(port)) })]
    }
    const told = toldOf(outcome.told, `NodeNetworkConfigurationPolicy//net-${bridge}`)
    const network = model.networks.find((one) => one.bridge === bridge)
    if (told?.will('ApplyNetworkPolicy') !== true || network === undefined)
      return compareSets(`bridge ${bridge}`, text(before), text(after))
    const { mtu, ports, state } = network
    return compareSets(`bridge ${bridge}`, state === 'up' ? [JSON.stringify({ mtu, up: true, ports })] : [], text(after))
  })
}
