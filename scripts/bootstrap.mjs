// Installs what is missing, then runs one of the project's commands with the pinned Node.
// Plain JavaScript without imports from npm: it is what runs first on a machine that has only Node 20.
import { spawn, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { accessSync, constants, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { delimiter, join } from 'node:path'
import { giteaFolder, installGitea } from './gitea.mjs'

const root = join(import.meta.dirname ?? new URL('.', import.meta.url).pathname, '..')
const cache = join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'gitvirt')
const nmstateRoot = join(cache, 'nmstate')
const nmstateVersion = '2.2.62'
const kustomizeRoot = join(cache, 'kustomize')
const kustomizeVersion = 'v5.5.0'

const hostPackages = [
  'libvirt-daemon-system',
  'libvirt-clients',
  'qemu-system-x86',
  'qemu-utils',
  'ovmf',
  'swtpm',
  'swtpm-tools',
  'dnsmasq-base',
  'genisoimage',
  'nftables',
  'iptables',
  'iproute2',
  'iputils-ping',
  'kmod',
  'git',
  'openssh-client',
  'gpgv',
  'libatomic1',
  'xz-utils',
  'util-linux',
  'procps',
  'ca-certificates',
]
const labPackages = ['gnupg', 'busybox-static', 'syslinux', 'syslinux-common', 'mtools', 'dosfstools', 'cpio', 'curl', 'zstd']
const forgePackages = ['gcc', 'libc6-dev']
const slowPackages = ['user-mode-linux', 'mmdebstrap', 'e2fsprogs', 'systemd-container', ...forgePackages]

const host = [...hostPackages, ...labPackages]
const commands = {
  quickstart: { packages: host, tools: [installNmstate], run: [['lab/quickstart.ts']] },
  test: { packages: host, tools: [installNmstate, installKustomize], run: [['scripts/run-tests.ts']] },
  'test:slow': {
    packages: [...host, ...slowPackages],
    tools: [installNmstate, installKustomize, installForge],
    run: [['scripts/run-tests.ts', '--slow']],
  },
  bench: { packages: host, tools: [installNmstate, installKustomize], run: [['test/bench/run.ts']] },
  setup: { packages: host, tools: [installNmstate, installKustomize], run: [] },
  forge: { packages: forgePackages, tools: [installForge], run: [] },
}

function fail(message) {
  console.error(`\n${message}`)
  process.exit(1)
}

/** Runs a long step: a spinner with the time on a terminal, plain lines elsewhere; its output is shown when it fails. */
async function step(title, [program, ...args], options = {}) {
  const started = Date.now()
  const seconds = () => `${Math.round((Date.now() - started) / 1000)} s`
  const tty = process.stderr.isTTY === true
  if (!tty) console.error(`${title} …`)
  let last = ''
  let output = ''
  const child = spawn(program, args, {
    cwd: options.cwd ?? root,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...options.env },
  })
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk) => {
      output = `${output}${chunk}`.slice(-20000)
      last = String(chunk).trim().split('\n').at(-1) ?? last
    })
  }
  const timer = setInterval(
    () => {
      const line = `${title} … ${seconds()}  ${last}`
      if (tty) process.stderr.write(`\r\x1b[2K${line.slice(0, (process.stderr.columns ?? 80) - 1)}`)
      else console.error(line.slice(0, 160))
    },
    tty ? 500 : 30_000,
  )
  const code = await new Promise((resolve) => {
    child.once('error', (error) => {
      output += error.message
      resolve(127)
    })
    child.once('close', resolve)
  })
  clearInterval(timer)
  if (tty) process.stderr.write('\r\x1b[2K')
  if (code !== 0) {
    if (options.optional) return { ok: false, output }
    fail(`${title} failed (exit code ${code}): ${program} ${args.join(' ')}\n${output}`)
  }
  console.error(`${title}: done in ${seconds()}`)
  return { ok: true, output }
}

function onPath(program) {
  return (process.env.PATH ?? '').split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, program), constants.X_OK)
      return true
    } catch {
      return false
    }
  })
}

function checkPlatform() {
  if (process.platform !== 'linux') fail('gitvirt drives Linux KVM hosts: run this on Linux (Debian 12 is what the tests run on).')
  if (process.getuid?.() !== 0)
    fail('This needs root (namespaces, libvirt, bridges). Run: sudo npm run ' + (process.argv[2] ?? 'quickstart'))
}

async function installNpmPackages() {
  const digest = createHash('sha256')
    .update(readFileSync(join(root, 'package-lock.json')))
    .digest('hex')
  const stamp = join(root, 'node_modules', '.gitvirt-lock')
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === digest) return
  // Not `npm ci`: it refuses a lock file that lacks the optional builds of other platforms, which some mirrors do not carry.
  await step('Installing npm packages', ['npm', 'install', '--no-save', '--no-audit', '--no-fund'])
  writeFileSync(stamp, digest)
}

function missingPackages(names) {
  const query = spawnSync('dpkg-query', ['--show', '--showformat=${Package} ${db:Status-Status}\n', ...names], { encoding: 'utf8' })
  const installed = new Set(
    query.stdout
      .split('\n')
      .filter((line) => line.endsWith(' installed'))
      .map((line) => line.split(' ')[0]),
  )
  return names.filter((name) => !installed.has(name))
}

async function installDebianPackages(names) {
  if (!onPath('dpkg-query') || !onPath('apt-get')) {
    const needed = [
      'libvirtd',
      'virsh',
      'qemu-system-x86_64',
      'qemu-img',
      'ip',
      'git',
      'genisoimage',
      'dnsmasq',
      'busybox',
      'syslinux',
    ].filter((name) => !onPath(name))
    if (needed.length > 0) fail(`This machine has no apt-get. Install these programs by its own package manager: ${needed.join(', ')}.`)
    return
  }
  const missing = missingPackages(names)
  if (missing.length === 0) return
  const env = { DEBIAN_FRONTEND: 'noninteractive' }
  const install = ['install', '-y', '--no-install-recommends', ...missing]
  console.error(`Debian packages to install: ${missing.join(' ')}`)
  await step('Reading package lists', ['apt-get', 'update'], { env, optional: true })
  const { ok, output } = await step('Installing Debian packages', ['apt-get', ...install], { env, optional: true })
  if (!ok)
    fail(`apt-get could not install what is missing:\n${output}\nRun it by hand, as root: apt-get update && apt-get ${install.join(' ')}`)
}

/** Upstream's documented way where the distribution has no package. Without it the VM part still works. */
async function installNmstate() {
  if (onPath('nmstatectl')) return
  const program = join(nmstateRoot, 'bin', 'nmstatectl')
  if (existsSync(program)) return
  const args = ['install', 'nmstatectl', '--version', nmstateVersion, '--locked', '--root', nmstateRoot]
  if (!onPath('cargo')) {
    console.error(
      `nmstatectl is not installed and there is no cargo: host networks will be Degraded. To have them: cargo ${args.join(' ')}`,
    )
    return
  }
  mkdirSync(nmstateRoot, { recursive: true })
  const env = {
    CARGO_TARGET_DIR: join(nmstateRoot, 'target'),
    CARGO_PROFILE_RELEASE_LTO: 'off',
    CARGO_PROFILE_RELEASE_OPT_LEVEL: '1',
    CARGO_PROFILE_RELEASE_CODEGEN_UNITS: '16',
  }
  const { ok, output } = await step('Building nmstatectl (once, some minutes)', ['cargo', ...args], { env, optional: true })
  if (!ok) console.error(`nmstatectl could not be built; host networks will be Degraded:\n${output.slice(-2000)}`)
}

/** Upstream's documented way: Debian 12 has a kubectl that is too old for overlays. Without it, tests of overlays are skipped. */
async function installKustomize() {
  if (onPath('kustomize') || onPath('kubectl') || existsSync(join(kustomizeRoot, 'kustomize'))) return
  const args = ['install', `sigs.k8s.io/kustomize/kustomize/v5@${kustomizeVersion}`]
  if (!onPath('go')) {
    console.error(`kustomize is not installed and there is no go: overlays are not tested. To have them: go ${args.join(' ')}`)
    return
  }
  mkdirSync(kustomizeRoot, { recursive: true })
  const { ok, output } = await step('Building kustomize (once)', ['go', ...args], { env: { GOBIN: kustomizeRoot }, optional: true })
  if (!ok) console.error(`kustomize could not be built; overlays are not tested:\n${output.slice(-2000)}`)
}

async function installForge() {
  await installGitea({ cache, step, onPath })
}

function pinnedNode() {
  const program = join(root, 'node_modules', 'node', 'bin', 'node')
  return existsSync(program) ? program : process.execPath
}

/** The command itself gets the terminal; signals reach it as the terminal sends them. */
async function runPinned(args) {
  const path = [
    join(root, 'node_modules', '.bin'),
    process.env.PATH ?? '',
    join(nmstateRoot, 'bin'),
    kustomizeRoot,
    giteaFolder(cache),
  ].join(delimiter)
  const child = spawn(pinnedNode(), args, { cwd: root, stdio: 'inherit', env: { ...process.env, PATH: path } })
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(name, () => (name === 'SIGINT' ? undefined : child.kill(name)))
  const code = await new Promise((resolve) => child.once('close', (status, signal) => resolve(signal === null ? status : 1)))
  if (code !== 0) process.exit(code)
}

const name = process.argv[2] ?? ''
const command = commands[name]
if (command === undefined) fail(`Usage: node scripts/bootstrap.mjs ${Object.keys(commands).join('|')} [arguments]`)
checkPlatform()
await installNpmPackages()
await installDebianPackages(command.packages)
for (const install of command.tools) await install()
for (const args of command.run) await runPinned([...args, ...process.argv.slice(3)])
