import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { after, before, suite, test } from 'node:test'
import { run } from '../../../reconciler/lib/exec.ts'

/**
 * flake.nix, nix/package.nix and nix/module.nix evaluated by Nix with nixpkgs' real lib; the rest of NixOS is a stub (evaluate.nix).
 * GITVIRT_NIXPKGS_LIB names the folder of that lib; else it is the lib of <nixpkgs> in NIX_PATH. Nothing is fetched, nothing is built.
 */
const project = join(import.meta.dirname, '../../..')

function findLib(): string | undefined {
  const named = process.env['GITVIRT_NIXPKGS_LIB']
  const path = (process.env['NIX_PATH'] ?? '').split(delimiter).find((entry) => entry.startsWith('nixpkgs='))
  const channel = '/nix/var/nix/profiles/per-user/root/channels/nixpkgs'
  const folders = [named, path === undefined ? undefined : join(path.slice('nixpkgs='.length), 'lib'), join(channel, 'lib')]
  return folders.find((folder) => folder !== undefined && existsSync(join(folder, 'modules.nix')))
}

function skipReason(): string | false {
  const nix = (process.env['PATH'] ?? '').split(delimiter).some((folder) => existsSync(join(folder, 'nix-instantiate')))
  if (!nix) return 'Nix is not installed (Debian: nix-bin)'
  return findLib() === undefined ? 'nixpkgs is not here: name the folder of its lib in GITVIRT_NIXPKGS_LIB' : false
}

type Unit = {
  readonly wantedBy: readonly string[]
  readonly wants: readonly string[]
  readonly after: readonly string[]
  readonly environment: Readonly<Record<string, string>>
  readonly serviceConfig: Readonly<Record<string, string | number | boolean | readonly string[]>>
}
type Module = {
  readonly services: Readonly<Record<string, Unit>>
  readonly allowedTCPPorts: readonly number[]
  readonly users: Readonly<Record<string, unknown>>
  readonly failed: readonly string[]
  readonly libvirtd: boolean
  readonly packages: readonly string[]
}
type Package = {
  readonly installPhase: string
  readonly locked: Readonly<Record<string, { readonly resolved?: string; readonly integrity?: string; readonly version?: string }>>
  readonly wanted: Readonly<Record<'dependencies' | 'devDependencies', Readonly<Record<string, string>>>>
}

const url = 'https://git.example.com/infra/fleet.git'

suite('the Nix files', { skip: skipReason() }, () => {
  let store: string
  before(async () => {
    store = await mkdtemp(join(tmpdir(), 'gitvirt-nix-'))
  })
  after(() => rm(store, { recursive: true, force: true }))

  const evaluate = async (what: string, settings: object = {}, more: Readonly<Record<string, string>> = {}): Promise<unknown> => {
    const args = ['--eval', '--strict', '--json', '--arg', 'nixpkgsLib', findLib() ?? '', '--argstr', 'what', what]
    // A store of its own, so that neither a daemon nor /nix is needed.
    const env = { NIX_STORE_DIR: join(store, 'store'), NIX_STATE_DIR: join(store, 'var'), NIX_LOG_DIR: join(store, 'log'), ...more }
    const file = join(import.meta.dirname, 'evaluate.nix')
    const answer = await run('nix-instantiate', [...args, '--argstr', 'settings', JSON.stringify(settings), file], { env, okCodes: [1] })
    // All of Nix's words: the reason stands before the place.
    if (answer.exitCode !== 0) throw new Error(answer.stderr)
    return JSON.parse(answer.stdout)
  }
  const moduleOf = async (settings: object): Promise<Module> => (await evaluate('module', settings)) as Module

  test('a module that is imported and not enabled adds nothing', async () => {
    const { services, libvirtd, packages, failed } = await moduleOf({})
    assert.deepEqual({ services, libvirtd, packages, failed }, { services: {}, libvirtd: false, packages: [], failed: [] })
  })

  const enabled = {
    gitvirt: { up: { enable: true, repo: url } },
    'gitvirt-agent': { agent: { enable: true, reconciler: 'https://gitvirt.example.com:7443' } },
    'gitvirt-reconciler': { reconciler: { enable: true, repo: url } },
  }
  for (const [name, settings] of Object.entries(enabled)) {
    test(`${name}.service has the settings of packaging/systemd`, async () => {
      const { services, packages } = await moduleOf(settings)
      assert.deepEqual(Object.keys(services), [name])
      assert.deepEqual(packages, ['gitvirt'])
      const unit = services[name]
      assert.deepEqual(unit?.wantedBy, ['multi-user.target'])
      assert.deepEqual(asUnitFile(unit?.serviceConfig ?? {}), await packagedService(name))
      assert.equal(unit?.environment['NODE_COMPILE_CACHE'], `/var/cache/${name === 'gitvirt-agent' ? 'gitvirt' : name}/compile`)
    })
  }

  test('up: every option becomes the argument that the command takes, secrets as credentials', async () => {
    const { services, libvirtd } = await moduleOf({
      up: {
        enable: true,
        repo: `${url}?a=%20b&c=$d "e"`,
        branch: 'main',
        path: 'environments/prod',
        tokenFile: '/etc/gitvirt/git-token',
        webhookSecretFile: '/etc/gitvirt/100%',
        listen: '[::1]:6443',
        serverNames: ['one.example.com', 'two.example.com'],
        node: 'kvm7',
        extraArgs: ['--poll', '10s'],
      },
    })
    const { ExecStart, LoadCredential } = services['gitvirt']?.serviceConfig ?? {}
    // %% and $$ are systemd's way to write % and $; %d is the folder of the credentials.
    const words = [
      ['--state-dir', '/var/lib/gitvirt', '--node', 'kvm7', '--repo', `${url}?a=%%20b&c=$$d "e"`, '--listen', '[::1]:6443'],
      ['--branch', 'main', '--path', 'environments/prod', '--token-file', '%d/token', '--webhook-secret-file', '%d/webhook'],
      ['--server-name', 'one.example.com', '--server-name', 'two.example.com', '--poll', '10s'],
    ].flat()
    assert.equal(ExecStart, `/nix/store/gitvirt/bin/gitvirt up ${words.map((word) => JSON.stringify(word)).join(' ')}`)
    assert.deepEqual(LoadCredential, ['token:/etc/gitvirt/git-token', 'webhook:/etc/gitvirt/100%%'])
    assert.ok(libvirtd)
  })

  test('agent: joins with a credential and asks for libvirt; reconciler: needs none, and opens its port when asked', async () => {
    const agent = await moduleOf({ agent: { enable: true, reconciler: 'https://r:7443', joinTokenFile: '/etc/gitvirt/join' } })
    assert.match(String(agent.services['gitvirt-agent']?.serviceConfig['ExecStart']), /"--node" "kvm1" .* "--join-token-file" "%d\/join"$/)
    assert.deepEqual(agent.services['gitvirt-agent']?.serviceConfig['LoadCredential'], ['join:/etc/gitvirt/join'])
    assert.ok(agent.services['gitvirt-agent']?.after.includes('libvirtd.service'))
    assert.ok(agent.libvirtd)
    const reconciler = await moduleOf({ reconciler: { enable: true, repo: url, agents: '[::]:7444', openFirewall: true } })
    assert.deepEqual(reconciler.allowedTCPPorts, [7444])
    assert.equal(reconciler.libvirtd, false)
    assert.deepEqual(Object.keys(reconciler.users), ['gitvirt'])
    assert.deepEqual((await moduleOf({ reconciler: { enable: true, repo: url } })).allowedTCPPorts, [])
  })

  test('up beside the two halves is refused with the reason', async () => {
    const both = await moduleOf({ up: { enable: true, repo: url }, reconciler: { enable: true, repo: url } })
    assert.match(both.failed.join(), /enable either it or the two/)
  })

  const wrong: Readonly<Record<string, object>> = {
    'a number for the repository': { up: { enable: true, repo: 7 } },
    'an address without a port': { up: { enable: true, repo: url, listen: '127.0.0.1' } },
    'agents as a list': { reconciler: { enable: true, repo: url, agents: ['0.0.0.0:7443'] } },
    'a text for the extra arguments': { agent: { enable: true, reconciler: 'https://r:7443', extraArgs: '--poll 1s' } },
    'a secret that is relative': { up: { enable: true, repo: url, tokenFile: 'token' } },
    'an option that there is not': { up: { enable: true, repo: url, brunch: 'main' } },
    'no repository': { reconciler: { enable: true } },
  }
  for (const [what, settings] of Object.entries(wrong)) {
    test(`${what} is refused`, async () => {
      await assert.rejects(moduleOf(settings), /is not of type|does not exist|no value defined/)
    })
  }

  test('a secret inside the Nix store is refused, because everybody can read it', async () => {
    await assert.rejects(
      moduleOf({ up: { enable: true, repo: url, tokenFile: `${join(store, 'store')}/${'0'.repeat(32)}-token` } }),
      /is not of type .*not in the Nix store/,
    )
  })

  test('the package: each npm package has an address and a hash, and the downloaded runtime is left out', async () => {
    const { locked, wanted, installPhase } = (await evaluate('package')) as Package
    const entries = Object.entries(locked).filter(([path]) => path !== '')
    for (const [path, entry] of entries) {
      assert.match(entry.integrity ?? '', /^sha512-/, path)
      const name = path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length)
      const file = `${name.slice(name.indexOf('/') + 1)}-${entry.version ?? ''}.tgz`
      assert.equal(entry.resolved, `https://registry.example.com/npm/${name}/-/${file}`)
      assert.ok(!/^node(-bin-.*)?$/.test(name), name)
    }
    for (const name of Object.keys({ ...wanted.dependencies, ...wanted.devDependencies })) assert.ok(locked[`node_modules/${name}`], name)
    // Every program that the sources run, by the nixpkgs package that has it.
    for (const program of [
      'nodejs_24',
      'git',
      'openssh',
      'gnupg',
      'libvirt',
      'qemu-utils',
      'iproute2',
      'iputils',
      'cdrkit',
      'nmstate',
      'util-linux',
      'xz',
    ])
      assert.ok(installPhase.includes(`/nix/store/${program}/bin`), program)
    for (const folder of ['agent', 'reconciler', 'schemas', 'gitvirt'])
      assert.ok(existsSync(join(project, folder)) && installPhase.includes(folder))
  })

  test('the flake has package, shell, formatter and module for both systems, and asks for a registry', async () => {
    const flake = (await evaluate('flake', {}, { NPM_CONFIG_REGISTRY: 'https://registry.example.com' })) as Readonly<
      Record<string, unknown>
    >
    assert.deepEqual(flake['modules'], ['default', 'gitvirt'])
    assert.deepEqual(flake['packages'], { 'aarch64-linux': ['default', 'gitvirt'], 'x86_64-linux': ['default', 'gitvirt'] })
    assert.match(String(flake['address']), /^https:\/\/registry\.example\.com\/ajv\/-\/ajv-/)
    await assert.rejects(evaluate('flake', {}, { NPM_CONFIG_REGISTRY: '' }), /Set NPM_CONFIG_REGISTRY and pass --impure/)
  })
})

/** What differs by nature: where the program is, where settings come from, and what a module only has when asked. */
const byNature = new Set(['Type', 'Environment', 'EnvironmentFile', 'ExecStart', 'LoadCredential'])

/** The [Service] section of a unit in packaging/systemd, key by key. */
async function packagedService(name: string): Promise<Readonly<Record<string, string>>> {
  const text = await readFile(join(project, 'packaging/systemd', `${name}.service`), 'utf8')
  const section = text.split(/^\[/m).find((part) => part.startsWith('Service]')) ?? ''
  const pairs = section.split('\n').flatMap((line) => /^(\w+)=(.*)$/.exec(line)?.slice(1, 3) ?? [])
  const settings: Record<string, string> = {}
  for (let index = 0; index < pairs.length; index += 2) settings[pairs[index] ?? ''] = pairs[index + 1] ?? ''
  return Object.fromEntries(Object.entries(settings).filter(([key]) => !byNature.has(key)))
}

function asUnitFile(config: Unit['serviceConfig']): Readonly<Record<string, string>> {
  const text = (value: Unit['serviceConfig'][string]): string => {
    if (typeof value === 'boolean') return value ? 'yes' : 'no'
    return typeof value === 'object' ? value.join(' ') : String(value)
  }
  const kept = Object.entries(config).filter(([key]) => !byNature.has(key))
  return Object.fromEntries(kept.map(([key, value]) => [key, text(value)]))
}
