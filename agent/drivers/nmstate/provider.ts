import { describeError } from '../../../reconciler/lib/errors.ts'
import type { Commands } from './commands.ts'

export type ProviderName = 'networkmanager' | 'kernel' | 'none'

/** What carries out policies on this host, and why it is that. */
export type Provider = {
  readonly name: ProviderName
  readonly reason: string
  /** What a person runs to get a better provider; empty for the best. */
  readonly action: string
  readonly nmstate?: string
}

/** Oldest NetworkManager that nmstate 2.x works with. Source: nmstate's README. */
const oldestNetworkManager: readonly [number, number] = [1, 40]

const bus = 'org.freedesktop.NetworkManager'

/** Finds the provider: NetworkManager where it answers and is new enough, else the kernel, and none without nmstatectl. Never throws. */
export async function detectProvider(commands: Commands): Promise<Provider> {
  const nmstate = await nmstateVersion(commands)
  if (nmstate.version === undefined) {
    return {
      name: 'none',
      reason: `nmstatectl does not run: ${nmstate.reason}`,
      action:
        'Run "cargo install nmstatectl --locked", or install the package nmstate, and see that nmstatectl is on the PATH of the agent.',
    }
  }
  const manager = await managerVersion(commands)
  const found = { nmstate: nmstate.version }
  if (manager === undefined) return { ...found, ...kernel('NetworkManager does not answer on the system bus.') }
  if (!isNewEnough(manager)) return { ...found, ...kernel(`NetworkManager ${manager} is older than ${oldestNetworkManager.join('.')}.`) }
  return { ...found, name: 'networkmanager', reason: `NetworkManager ${manager} answers on the system bus.`, action: '' }
}

/** True where a version such as "1.42.4" is at least 1.40. */
export function isNewEnough(version: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number)
  const [wantedMajor, wantedMinor] = oldestNetworkManager
  return major > wantedMajor || (major === wantedMajor && minor >= wantedMinor)
}

function kernel(reason: string): Omit<Provider, 'nmstate'> {
  const action = `Install and start NetworkManager ${oldestNetworkManager.join('.')} or newer for checkpoints, DHCP and settings that last.`
  return { name: 'kernel', reason, action }
}

async function nmstateVersion(commands: Commands): Promise<{ readonly version?: string; readonly reason: string }> {
  try {
    const { stdout } = await commands.nmstatectl(['--version'], { timeout: 10_000, maxBytes: 4096 })
    const version = /\d+\.\d+\.\d+/.exec(stdout)?.[0]
    return version === undefined ? { reason: `its version is unreadable: ${stdout.trim().slice(0, 100)}` } : { version, reason: '' }
  } catch (error) {
    return { reason: describeError(error) }
  }
}

/** The version that NetworkManager itself tells; neither program starts NetworkManager. */
async function managerVersion(commands: Commands): Promise<string | undefined> {
  const object = '/org/freedesktop/NetworkManager'
  const attempts: readonly (readonly [string, readonly string[]])[] = [
    ['nmcli', ['--terse', '--get-values', 'RUNNING,VERSION', 'general']],
    ['busctl', ['--system', '--auto-start=no', '--timeout=5', 'get-property', bus, object, bus, 'Version']],
    ['dbus-send', ['--system', '--print-reply=literal', '--reply-timeout=5000', `--dest=${bus}`, object, ...propertyCall]],
  ]
  for (const [program, args] of attempts) {
    const output = await commands.run(program, args, { timeout: 10_000, maxBytes: 4096 }).catch(() => undefined)
    const version = /\d+\.\d+(?:\.\d+)*/.exec(output?.stdout ?? '')?.[0]
    if (version !== undefined && !output?.stdout.includes('not running')) return version
  }
  return undefined
}

const propertyCall = ['org.freedesktop.DBus.Properties.Get', `string:${bus}`, 'string:Version']
