import type { NodeFacts } from '../../../schemas/generated/observation.ts'
import { parseOutput, type Commands } from './commands.ts'
import { asList, asObject, valueAt } from './network-state.ts'

type InterfaceFact = NodeFacts['interfaces'][number]

/** One link as the kernel has it. */
export type Link = {
  readonly name: string
  /** nmstate's word for the kind. */
  readonly type: string
  /** IFF_UP: administratively up, with or without carrier. */
  readonly up: boolean
  readonly mtu: number
  readonly controller?: string
  /** address/prefix length. */
  readonly addresses: readonly string[]
}

/** Kernel link kinds that nmstate names otherwise. Source: ip-link(8) TYPES, nmstate's InterfaceType. */
const types: Readonly<Record<string, string>> = {
  bridge: 'linux-bridge',
  ether: 'ethernet',
  tun: 'tun',
  macvlan: 'mac-vlan',
  macvtap: 'mac-vtap',
  openvswitch: 'ovs-interface',
}

/** All links of the namespace by name, from `ip -j -d addr`. */
export async function readLinks(commands: Commands): Promise<ReadonlyMap<string, Link>> {
  const { stdout } = await commands.ip(['-j', '-d', 'addr', 'show'], { timeout: 15_000 })
  const links = asList(parseOutput('ip addr', stdout)).flatMap((entry) => toLink(entry))
  return new Map(links.map((link) => [link.name, link]))
}

/** The facts that the reconciler shows of each interface, bounded to 512 of them. */
export function interfaceFacts(links: ReadonlyMap<string, Link>): InterfaceFact[] {
  return [...links.values()]
    .slice(0, 512)
    .map(({ name, type, up, mtu, addresses }) => ({ name, type, up, mtu, addresses: addresses.slice(0, 64) }))
}

function toLink(entry: unknown): readonly Link[] {
  const name = valueAt(entry, 'ifname')
  if (typeof name !== 'string') return []
  const kind = valueAt(entry, 'linkinfo', 'info_kind') ?? valueAt(entry, 'link_type')
  const controller = valueAt(entry, 'master')
  const mtu = valueAt(entry, 'mtu')
  return [
    {
      name,
      type: types[String(kind)] ?? String(kind),
      up: asList(valueAt(entry, 'flags')).includes('UP'),
      mtu: typeof mtu === 'number' ? mtu : 0,
      ...(typeof controller === 'string' ? { controller } : {}),
      addresses: asList(valueAt(entry, 'addr_info')).flatMap((info) => toAddress(info)),
    },
  ]
}

function toAddress(info: unknown): readonly string[] {
  const address = asObject(info)
  return typeof address?.['local'] === 'string' ? [`${address['local']}/${String(address['prefixlen'])}`] : []
}
