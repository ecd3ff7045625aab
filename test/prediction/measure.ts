import { readdir, readFile, readlink, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { Demo } from '../../lab/demo.ts'
import { child, childrenOf, parseXml, type XmlElement } from '../../agent/drivers/libvirt/xml.ts'
import { run } from '../../reconciler/lib/exec.ts'
import { guestView } from './guest-view.ts'

/** A guest's QEMU: another start is another guest. */
export type Process = {
  readonly pid: number
  /** In ticks, as the kernel has it; with the pid it names the process. */
  readonly started: string
}

export type MeasuredMachine = {
  readonly process?: Process
  readonly state: string
  /** What the guest sees, by place: of the running one, and of the definition that the next start takes. */
  readonly live?: ReadonlyMap<string, string>
  readonly inactive: ReadonlyMap<string, string>
  readonly definition: XmlElement
  /** Content of the seed that the running guest has, and of the one that the next start takes. */
  readonly seed: { readonly live: string; readonly next: string }
}

export type MeasuredImage = { readonly inode: number; readonly bytes: number; readonly allocated: number }

export type MeasuredLink = { readonly mtu: number; readonly up: boolean; readonly ports: readonly string[] }

/** What there is on the host, whatever gitvirt says of it. */
export type Measured = {
  readonly machines: ReadonlyMap<string, MeasuredMachine>
  /** Finished images by volume; those in quarantine by inode. */
  readonly images: ReadonlyMap<string, MeasuredImage>
  readonly quarantined: ReadonlyMap<number, MeasuredImage>
  readonly bridges: ReadonlyMap<string, MeasuredLink>
}

/** Looks at libvirt, QEMU's processes, the pool's folder and the kernel's network. */
export async function measure(demo: Demo): Promise<Measured> {
  const [machines, pool, bridges] = await Promise.all([measureMachines(demo), measurePool(demo), measureBridges(demo)])
  return { machines, ...pool, bridges }
}

async function virsh(demo: Demo, commands: readonly string[]): Promise<string> {
  return (await run('virsh', ['-c', demo.host.uri, commands.join('; ')])).stdout
}

async function measureMachines(demo: Demo): Promise<Map<string, MeasuredMachine>> {
  const names = (await virsh(demo, ['list --all --name'])).split('\n').filter((name) => name !== '')
  if (names.length === 0) return new Map()
  const text = await virsh(
    demo,
    names.flatMap((name) => [`dumpxml --inactive ${name}`, `dumpxml ${name}`, `domstate ${name}`]),
  )
  const parts = text.match(/<domain .*?<\/domain>\n\s*[a-z ]*/gs) ?? []
  const pairs = names.map((name, index) => ({ name, inactive: parts[index * 2] ?? '', live: parts[index * 2 + 1] ?? '' }))
  const measured = pairs.map(async ({ name, inactive, live }): Promise<[string, MeasuredMachine]> => {
    const state = live.slice(xmlOf(live).length).trim()
    const definition = parseXml(xmlOf(inactive))
    const process = await processOf(demo, name)
    const running = process === undefined ? undefined : parseXml(xmlOf(live))
    return [
      name.replace(/^default_/, ''),
      {
        ...(process === undefined ? {} : { process }),
        state,
        ...(running === undefined ? {} : { live: guestView(running) }),
        inactive: guestView(definition),
        definition,
        seed: { live: await seedOf(running, process), next: await seedOf(definition) },
      },
    ]
  })
  return new Map(await Promise.all(measured))
}

/** The document, without what libvirt said after it. */
function xmlOf(text: string): string {
  return text.slice(0, text.indexOf('</domain>') + '</domain>'.length)
}

/** libvirt's own folder of runs, as the host's mount namespace has it. */
async function processOf(demo: Demo, domain: string): Promise<Process | undefined> {
  const entered = demo.host.enter[demo.host.enter.indexOf('--target') + 1] ?? ''
  try {
    const pid = Number(await readFile(`/proc/${entered}/root/run/libvirt/qemu/${domain}.pid`, 'utf8'))
    const fields = (await readFile(`/proc/${pid}/stat`, 'utf8')).replace(/^.*\) /s, '').split(' ')
    return { pid, started: fields[19] ?? '' }
  } catch {
    return undefined
  }
}

/** Text on the seed medium: by the running process what it has open, else the file. */
async function seedOf(domain: XmlElement | undefined, process?: Process): Promise<string> {
  const disks = childrenOf(child(domain, 'devices'), 'disk')
  const path = disks.map((disk) => child(disk, 'source')?.attributes['file']).find((file) => file?.endsWith('.iso'))
  if (path === undefined) return ''
  const file = process === undefined ? path : await openedAs(process.pid, path)
  const text = await readFile(file, 'latin1').catch(() => '')
  return [...text.matchAll(/mark-\d+-of-the-seed|"local-hostname":"[^"]*"/g)].map(([mark]) => mark).join(' ')
}

async function openedAs(pid: number, path: string): Promise<string> {
  for (const name of await readdir(`/proc/${pid}/fd`)) {
    const target = await readlink(`/proc/${pid}/fd/${name}`).catch(() => '')
    if (target === path || target === `${path} (deleted)`) return `/proc/${pid}/fd/${name}`
  }
  return path
}

async function measurePool(demo: Demo): Promise<Pick<Measured, 'images' | 'quarantined'>> {
  const folder = join(demo.stateDir, 'pools', 'local')
  const images = new Map<string, MeasuredImage>()
  for (const name of await readdir(folder).catch(() => [])) {
    const volume = /^gitvirt_default_(.+)\.raw$/.exec(name)?.[1]
    if (volume !== undefined) images.set(volume, await measureImage(join(folder, name)))
  }
  const quarantined = new Map<number, MeasuredImage>()
  const away = join(folder, '.gitvirt', 'quarantine')
  for (const name of await readdir(away).catch(() => [])) {
    const image = await measureImage(join(away, name))
    quarantined.set(image.inode, image)
  }
  return { images, quarantined }
}

async function measureImage(path: string): Promise<MeasuredImage> {
  const { ino, size, blocks } = await stat(path)
  return { inode: ino, bytes: size, allocated: blocks * 512 }
}

type Link = { readonly ifname: string; readonly mtu: number; readonly flags: readonly string[]; readonly master?: string }

async function measureBridges(demo: Demo): Promise<Map<string, MeasuredLink>> {
  const links = async (...words: string[]): Promise<Link[]> =>
    JSON.parse((await demo.host.run('ip', ['-json', 'link', 'show', ...words])).stdout || '[]') as Link[]
  const [all, bridges] = await Promise.all([links(), links('type', 'bridge')])
  return new Map(
    bridges.map(({ ifname, mtu, flags }) => {
      const ports = all.filter(({ master, ifname: port }) => master === ifname && !port.startsWith('vnet')).map(({ ifname: port }) => port)
      return [ifname, { mtu, up: flags.includes('UP'), ports: ports.sort() }]
    }),
  )
}
