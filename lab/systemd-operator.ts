import { spawn, type ChildProcess } from 'node:child_process'
import { copyFile, mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { tinyGuestImage } from './guest-image.ts'
import { startSystemdHost, type SystemdHost } from './systemd-host.ts'

export const unitNames = ['gitvirt', 'gitvirt-agent', 'gitvirt-reconciler'] as const
export type UnitName = (typeof unitNames)[number]

/** What an operator does on the host, as docs/operator.md says it. */
export type Operator = {
  readonly host: SystemdHost
  /** Writes a file of the host. */
  write(path: string, text: string): Promise<void>
  /** Settings of /etc/gitvirt/NAME.env, then `systemctl enable --now`. */
  enable(unit: UnitName, settings: Readonly<Record<string, string>>): Promise<void>
  systemctl(...args: string[]): Promise<string>
  /** Properties of a unit, as `systemctl show` tells them. */
  show(unit: UnitName, ...properties: string[]): Promise<Readonly<Record<string, string>>>
  /** The gitvirt command, as root, with the kubeconfig of this reconciler. */
  gitvirt(...args: string[]): Promise<string>
  push(files: Readonly<Record<string, string>>): Promise<void>
  close(): Promise<void>
}

export type OperatorOptions = {
  /** State folder of the reconciler that the gitvirt command talks to. */
  readonly stateDir: string
  /** Absolute path of nmstatectl. */
  readonly nmstatectl: string
}

const policy = `apiVersion: gitvirt.io/v1alpha1
kind: Fleet
metadata:
  name: units
spec:
  images:
    allowedPrivateHosts:
      - 127.0.0.1:8090
`

const identity = {
  GIT_AUTHOR_NAME: 'Lab',
  GIT_AUTHOR_EMAIL: 'lab@example.com',
  GIT_COMMITTER_NAME: 'Lab',
  GIT_COMMITTER_EMAIL: 'lab@example.com',
}

/** A booted host with the units of this checkout installed, an empty fleet in /srv/fleet.git and an image server. */
export async function startOperator({ stateDir, nmstatectl }: OperatorOptions): Promise<Operator> {
  const image = await tinyGuestImage()
  const host = await startSystemdHost({ nmstatectl })
  const git = async (...args: string[]): Promise<void> => void (await host.run('git', args, { env: identity }))
  const write = async (path: string, text: string): Promise<void> => void (await host.run('tee', ['--', path], { input: text }))
  const systemctl = async (...args: string[]): Promise<string> => (await host.run('systemctl', args, { timeout: 120_000 })).stdout.trim()
  await mkdir(join(host.lab, 'images'))
  await copyFile(image, join(host.lab, 'images/tiny-guest.qcow2'))
  await git('init', '--quiet', '--bare', '--initial-branch=main', '/srv/fleet.git')
  await git('clone', '--quiet', '/srv/fleet.git', '/root/fleet')
  await host.run('install', ['-d', '-m', '755', '/etc/gitvirt'])
  for (const unit of unitNames)
    await host.run('install', ['-m', '644', `/opt/gitvirt/packaging/systemd/${unit}.service`, '/etc/systemd/system/'])
  await systemctl('daemon-reload')
  const servers = serve(host)
  const operator: Operator = {
    host,
    write,
    systemctl,
    enable: async (unit, settings) => {
      const text = Object.entries(settings).map(([key, value]) => `${key}=${value}\n`)
      await write(`/etc/gitvirt/${unit.replace('gitvirt-', '')}.env`, text.join(''))
      await systemctl('enable', '--now', '--quiet', unit)
    },
    show: async (unit, ...properties) => {
      const lines = (await systemctl('show', unit, ...properties.map((name) => `--property=${name}`))).split('\n')
      return Object.fromEntries(lines.map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]))
    },
    gitvirt: async (...args) => (await host.run('gitvirt', ['--kubeconfig', `${stateDir}/kubeconfig`, ...args])).stdout,
    push: async (files) => {
      for (const [name, text] of Object.entries(files)) await write(`/root/fleet/${name}`, text)
      await git('-C', '/root/fleet', 'add', '--all')
      await git('-C', '/root/fleet', 'commit', '--quiet', '--message', 'Change the fleet')
      await git('-C', '/root/fleet', 'push', '--quiet', 'origin', 'HEAD:main')
    },
    close: async () => {
      servers.stdin?.end()
      await host.close()
    },
  }
  await operator.push({ 'gitvirt.yaml': policy })
  return operator
}

/** The image server, inside the host. */
function serve(host: SystemdHost): ChildProcess {
  const config = { gitRoot: '/srv', imageRoot: '/lab/images', socket: '/lab/api.sock' }
  const [program, ...args] = [...host.enter, '/opt/gitvirt/node_modules/node/bin/node', '/opt/gitvirt/lab/demo-servers.ts']
  return spawn(program, [...args, JSON.stringify(config)], { stdio: ['pipe', 'ignore', 'ignore'] })
}
