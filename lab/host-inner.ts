/** Runs inside a lab host's namespaces: private folders over libvirt's own, then libvirtd in the foreground. */
import { spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { run } from '../reconciler/lib/exec.ts'

type Config = { readonly name: string; readonly dir: string; readonly libvirt: boolean }

const config = JSON.parse(process.argv[2] ?? '{}') as Config

const libvirtdConf = `unix_sock_dir = "${join(config.dir, 'run')}"
unix_sock_rw_perms = "0700"
auth_unix_ro = "none"
auth_unix_rw = "none"
host_uuid = "${randomUUID()}"
`
const qemuConf = `security_driver = "none"
cgroup_controllers = []
namespaces = []
stdio_handler = "file"
user = "root"
group = "root"
dynamic_ownership = 0
remember_owner = 0
`

async function mountPrivate(): Promise<void> {
  const folders = { etc: '/etc/libvirt', lib: '/var/lib/libvirt', cache: '/var/cache/libvirt', log: '/var/log/libvirt' }
  for (const [name, target] of Object.entries(folders)) {
    const source = join(config.dir, name)
    await mkdir(source, { recursive: true })
    await mkdir(target, { recursive: true })
    await run('mount', ['--bind', source, target])
  }
  await mkdir(join(config.dir, 'run'), { recursive: true })
  await mkdir('/run/libvirt', { recursive: true })
  await run('mount', ['-t', 'tmpfs', 'tmpfs', '/run/libvirt'])
  await writeFile('/etc/libvirt/libvirtd.conf', libvirtdConf)
  await writeFile('/etc/libvirt/qemu.conf', qemuConf)
}

async function startLibvirtd(): Promise<number> {
  const child = spawn('libvirtd', ['--config', '/etc/libvirt/libvirtd.conf', '--pid-file', join(config.dir, 'run', 'libvirtd.pid')], {
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  child.once('error', (error) => fail(`libvirtd: ${error.message}`))
  child.once('exit', (code) => fail(`libvirtd ended with code ${String(code)}`))
  const uri = `qemu+unix:///system?socket=${join(config.dir, 'run', 'libvirt-sock')}`
  for (let tries = 0; ; tries += 1) {
    const answer = await run('virsh', ['-c', uri, 'uri'], { okCodes: [1] })
    if (answer.exitCode === 0) return child.pid ?? 0
    if (tries > 100) fail(`libvirtd does not answer: ${answer.stderr.trim()}`)
    await delay(50)
  }
}

function fail(message: string): never {
  console.error(message)
  process.exit(1)
}

process.on('SIGTERM', () => process.exit(0))
try {
  await run('hostname', [config.name])
  await run('ip', ['link', 'set', 'lo', 'up'])
  await run('sysctl', ['-q', '-w', 'net.ipv4.ip_forward=1'])
  await mountPrivate()
  const libvirtd = config.libvirt ? await startLibvirtd() : 0
  const self = Number((await readFile('/proc/self/stat', 'utf8')).split(' ')[0])
  console.log(JSON.stringify({ pid: self, libvirtd }))
} catch (error) {
  fail(error instanceof Error ? error.message : String(error))
}
setInterval(() => undefined, 1 << 30)
