import type { Pointer } from '../types.ts'
import { exactlyOne } from './exactly-one.ts'
import { uniqueNames } from './names.ts'
import { fields, items, text, type Fields } from './read.ts'
import type { Report } from './report.ts'

const bindings = ['bridge', 'masquerade', 'sriov', 'passtBinding', 'binding', 'macvtap', 'passt', 'slirp']
const networkSources = ['pod', 'multus', 'resourceClaim']

/** Interfaces and networks: each needs the other by name, one binding, one source. */
export function checkNetworks(report: Report, guest: Fields, pointer: Pointer): void {
  const interfaces = fields(fields(guest['domain'])['devices'])['interfaces']
  const interfacesAt = [...pointer, 'domain', 'devices', 'interfaces']
  const networksAt = [...pointer, 'networks']
  const interfaceNames = uniqueNames(report, interfaces, interfacesAt)
  const networkNames = uniqueNames(report, guest['networks'], networksAt)
  checkNetworkSources(report, guest['networks'], networksAt)
  items(interfaces).forEach((entry, index) => {
    checkInterface(report, fields(entry), { place: [...interfacesAt, index], networks: guest['networks'] })
    missingPeer(report, { entry, place: [...interfacesAt, index], peers: networkNames, what: 'network in spec.template.spec.networks' })
  })
  items(guest['networks']).forEach((entry, index) => {
    missingPeer(report, { entry, place: [...networksAt, index], peers: interfaceNames, what: 'interface in domain.devices.interfaces' })
  })
}

type Peers = { readonly entry: unknown; readonly place: Pointer; readonly peers: ReadonlySet<string>; readonly what: string }

function missingPeer(report: Report, { entry, place, peers, what }: Peers): void {
  const name = text(fields(entry)['name'])
  if (name === undefined || peers.has(name)) return
  report.add('MissingReference', [...place, 'name'], {
    message: `There is no ${what} named "${name}".`,
    action: peers.size === 0 ? 'Add one.' : `Names there: ${[...peers].join(', ')}.`,
  })
}

function checkNetworkSources(report: Report, networks: unknown, pointer: Pointer): void {
  let pods = 0
  items(networks).forEach((entry, index) => {
    const place = [...pointer, index]
    const source = exactlyOne(report, entry, { pointer: place, choice: { keys: networkSources, what: 'source' } })
    if (source !== 'pod') return
    pods += 1
    if (pods === 2) {
      report.add('ConflictingFields', [...place, 'pod'], {
        message: 'Only one network can be the pod network.',
        action: 'Use a multus network for the second interface.',
      })
    }
  })
}

function checkInterface(report: Report, entry: Fields, { place, networks }: { place: Pointer; networks: unknown }): void {
  const binding = exactlyOne(report, entry, { pointer: place, choice: { keys: bindings, what: 'binding' } })
  if (binding === 'masquerade') {
    const network = items(networks).find((item) => fields(item)['name'] === entry['name'])
    if (network !== undefined && fields(network)['pod'] === undefined) {
      report.add('ConflictingFields', [...place, 'masquerade'], {
        message: 'masquerade works on the pod network only.',
        action: 'Use bridge: {} for a multus network.',
      })
    }
  }
  uniqueNames(report, entry['ports'], [...place, 'ports'])
}
