/**
 * From a push (its webhook) to a QEMU process, with the image cached, against `virsh create` of the same XML. Prints JSON.
 * Usage: node test/bench/push-to-guest.ts [rounds, default 5]
 */
import { randomBytes } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Agent, fetch } from 'undici'
import { startDemo, type Demo } from '../../lab/demo.ts'
import { until } from '../../lab/wait.ts'

const rounds = Number(process.argv[2] ?? 5)
/** Longest wait for one guest. */
const patienceMs = 60_000

function guestFile(name: string): string {
  return `apiVersion: kubevirt.io/v1
kind: VirtualMachine
metadata: {name: ${name}}
spec:
  runStrategy: Always
  dataVolumeTemplates:
    - metadata: {name: ${name}-root}
      spec:
        source: {http: {url: "http://127.0.0.1:8090/bench.qcow2"}}
        storage: {resources: {requests: {storage: 64Mi}}}
  template:
    spec:
      terminationGracePeriodSeconds: 0
      domain:
        cpu: {cores: 1}
        memory: {guest: 64Mi}
        devices:
          disks:
            - {name: root, bootOrder: 1, disk: {bus: virtio}}
            - {name: init, disk: {bus: virtio}}
          interfaces:
            - {name: default, masquerade: {}}
      networks:
        - {name: default, pod: {}}
      volumes:
        - {name: root, dataVolume: {name: ${name}-root}}
        - {name: init, cloudInitNoCloud: {userData: "#cloud-config\\nhostname: ${name}\\n"}}
`
}

/** An image that no firmware can boot: its guests fall idle at once and leave the machine to what is measured. */
async function makeImage(demo: Demo): Promise<void> {
  const raw = join(demo.images, 'bench.raw')
  await writeFile(raw, randomBytes(32 * 2 ** 20).fill(0, 0, 512))
  await demo.host.run('qemu-img', ['convert', '-f', 'raw', '-O', 'qcow2', raw, join(demo.images, 'bench.qcow2')])
  await rm(raw)
}

/** Time at which a new QEMU process of this guest is there, on performance.now()'s clock. Looks at each other process once. */
async function qemuStarted(guest: string, from: number): Promise<number> {
  const others = new Set(readdirSync('/proc'))
  while (performance.now() - from < patienceMs) {
    for (const pid of readdirSync('/proc')) {
      if (!/^\d+$/.test(pid) || others.has(pid)) continue
      const [program = '', ...words] = commandLine(pid)
      if (program.includes('qemu-system') && words[words.indexOf('-name') + 1]?.includes(guest) === true) return performance.now()
      // What libvirtd forks is QEMU only after its exec.
      if (program !== '' && !program.includes('libvirtd')) others.add(pid)
    }
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
  throw new Error(`No QEMU process of ${guest} came.`)
}

function commandLine(pid: string): string[] {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'latin1').split('\0')
  } catch {
    return []
  }
}

/** The API's address and its authority, from the owner's kubeconfig. */
async function apiOf(demo: Demo): Promise<{ readonly url: string; readonly ca: string }> {
  const text = await readFile(demo.kubeconfig, 'utf8')
  const url = /server: *"?(https:\/\/[^\s"]+)/.exec(text)?.[1] ?? ''
  const ca = /certificate-authority-data: *"?([A-Za-z0-9+/=]+)/.exec(text)?.[1] ?? ''
  return { url, ca: Buffer.from(ca, 'base64').toString() }
}

async function pushGuest(demo: Demo, name: string): Promise<void> {
  await mkdir(join(demo.clone, 'vms'), { recursive: true })
  await writeFile(join(demo.clone, 'vms', `${name}.yaml`), guestFile(name))
  await demo.git('add', '--all')
  await demo.git('commit', '--quiet', '--message', name)
  await demo.git('push', '--quiet', 'origin', 'main')
}

async function isRunning(demo: Demo, name: string): Promise<true | undefined> {
  return (await demo.gitvirt('get', 'vm', name)).stdout.includes('Running') ? true : undefined
}

async function measurePushes(demo: Demo): Promise<number[]> {
  const { url, ca } = await apiOf(demo)
  const dispatcher = new Agent({ connect: { ca } })
  const hook = async (): Promise<void> => {
    const answer = await fetch(`${url}/webhook`, { method: 'POST', body: '{}', dispatcher })
    if (answer.status !== 202) throw new Error(`The webhook was answered with ${answer.status}.`)
  }
  const times: number[] = []
  try {
    for (let round = 0; round <= rounds; round += 1) {
      const name = `bench-${round}`
      await pushGuest(demo, name)
      const start = performance.now()
      const [, at] = await Promise.all([hook(), qemuStarted(name, start)])
      // The first one brings the image into the cache and wakes libvirt up.
      if (round > 0) times.push(at - start)
      await until(`${name} to run`, async () => await isRunning(demo, name), { seconds: 60 })
      await new Promise((resolve) => setTimeout(resolve, 1500))
    }
  } finally {
    await dispatcher.close()
  }
  return times
}

/** The same XML by hand, with nothing of gitvirt running. */
async function measureByHand(demo: Demo): Promise<number[]> {
  const times: number[] = []
  for (const name of (await demo.host.virsh('list', '--all', '--name')).split('\n').filter((line) => line.includes('bench-'))) {
    const file = join(demo.host.dir, 'by-hand.xml')
    await writeFile(file, await demo.host.virsh('dumpxml', '--inactive', name))
    await demo.host.virsh('destroy', name).catch(() => '')
    await demo.host.virsh('undefine', '--nvram', '--keep-tpm', name).catch(async () => await demo.host.virsh('undefine', name))
    await new Promise((resolve) => setTimeout(resolve, 500))
    const start = performance.now()
    const [, at] = await Promise.all([demo.host.virsh('create', file), qemuStarted(name, start)])
    times.push(at - start)
    await demo.host.virsh('destroy', name)
  }
  return times.slice(1)
}

const demo = await startDemo({ name: 'gvbench', fleet: join(import.meta.dirname, 'fleet'), upArguments: ['--poll', '1h'] })
try {
  await makeImage(demo)
  await pushGuest(demo, 'warm-up')
  const child = await demo.startGitvirt()
  await until('the first guest to run', async () => await isRunning(demo, 'warm-up'), { seconds: 120 })
  const pushed = await measurePushes(demo)
  const ended = new Promise((resolve) => child.once('exit', resolve))
  child.kill('SIGTERM')
  await ended
  const byHand = await measureByHand(demo)
  console.log(JSON.stringify({ pushed, byHand }))
} catch (error) {
  console.error(demo.log().slice(-6000))
  throw error
} finally {
  await demo.close()
}
