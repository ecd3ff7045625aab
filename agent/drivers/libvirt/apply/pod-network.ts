import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { errorCode, GitvirtError } from '../../../../reconciler/lib/errors.ts'
import { run } from '../../../../reconciler/lib/exec.ts'
import { markNamespace } from '../mark.ts'
import { overlaps, podNetworkName, podSubnets, renderPodNetwork } from '../render/pod-network.ts'
import { found, type Virsh } from '../virsh.ts'
import { child, parseXml, type XmlElement } from '../xml.ts'

/**
 * Makes the pod network and starts it; leaves it alone where it runs. Idempotent.
 * @throws GitvirtError `NameConflict` where a network of that name is not ours, `SubnetInUse` where no subnet is free.
 */
export async function ensurePodNetwork(virsh: Virsh, stateDir: string): Promise<void> {
  const replies = await virsh.batch([
    ['net-dumpxml', '--inactive', podNetworkName],
    ['net-info', podNetworkName],
  ])
  const [text, info] = replies.map((reply) => found(reply, 'NetworkNotFound'))
  if (text !== undefined) {
    if (!isOurs(parseXml(text))) throw conflict()
    if (isActive(info ?? '') || (await startNetwork(virsh))) return
    // Its subnet has been taken in the meantime: another one is chosen.
    await virsh.call(['net-undefine', podNetworkName])
  }
  const used = await hostRoutes()
  for (const subnet of podSubnets) {
    if (used.some((route) => overlaps(route, subnet))) continue
    await defineNetwork(virsh, stateDir, subnet)
    if (await startNetwork(virsh)) return
    await virsh.call(['net-undefine', podNetworkName])
  }
  throw new GitvirtError({
    code: 'SubnetInUse',
    message: 'No subnet is free for the pod network.',
    action: `Free one of ${podSubnets.join(', ')}.`,
  })
}

function conflict(): GitvirtError {
  return new GitvirtError({
    code: 'NameConflict',
    message: `A libvirt network named ${podNetworkName} exists that gitvirt did not make.`,
    action: 'Rename or remove it; gitvirt needs this name for the pod network.',
  })
}

function isActive(info: string): boolean {
  return /^Active:\s+yes$/m.test(info)
}

function isOurs(network: XmlElement): boolean {
  return (child(network, 'metadata')?.children ?? []).some((item) => Object.values(item.attributes).includes(markNamespace))
}

/** False where libvirt finds the network's subnet in use. */
async function startNetwork(virsh: Virsh): Promise<boolean> {
  try {
    await virsh.call(['net-start', podNetworkName])
  } catch (error) {
    if (errorCode(error) === 'SubnetInUse') return false
    if (!isActive(await virsh.call(['net-info', podNetworkName]))) throw error
  }
  await virsh.call(['net-autostart', podNetworkName])
  return true
}

/** IPv4 destinations of the host's routes, as CIDR. */
async function hostRoutes(): Promise<readonly string[]> {
  const { stdout } = await run('ip', ['-j', '-4', 'route', 'show', 'table', 'all'])
  const routes = JSON.parse(stdout === '' ? '[]' : stdout) as { dst?: string }[]
  return routes.flatMap((route) => (route.dst === undefined || route.dst === 'default' ? [] : [route.dst]))
}

async function defineNetwork(virsh: Virsh, stateDir: string, subnet: string): Promise<void> {
  await using cleanup = new AsyncDisposableStack()
  const folder = await mkdtemp(join(stateDir, 'network-'))
  cleanup.defer(async () => await rm(folder, { recursive: true, force: true }))
  const file = join(folder, 'network.xml')
  await writeFile(file, renderPodNetwork(subnet), { mode: 0o600 })
  await virsh.call(['net-define', '--', file])
}
