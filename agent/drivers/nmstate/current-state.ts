import { GitvirtError } from '../../../reconciler/lib/errors.ts'
import { parseOutput, type Commands } from './commands.ts'
import { readLinks, type Link } from './links.ts'
import { asObject, type NetworkState } from './network-state.ts'
import type { ProviderName } from './provider.ts'

/** The network as it is: nmstate's report and the kernel's links. */
export type CurrentState = { readonly state: NetworkState; readonly links: ReadonlyMap<string, Link> }

/** Most bytes that are read of `nmstatectl show`. */
const maxShowBytes = 8 * 1024 * 1024

/** Runs `nmstatectl show`, in kernel mode without NetworkManager's part. @throws GitvirtError as `run`, `InvalidOutput` */
export async function readState(commands: Commands, provider: ProviderName): Promise<CurrentState> {
  const mode = provider === 'kernel' ? ['--kernel'] : []
  const { stdout } = await commands.nmstatectl(['show', '-q', '--json', ...mode], { timeout: 60_000, maxBytes: maxShowBytes })
  const state = asObject(parseOutput('nmstatectl show', stdout))
  if (state === undefined) throw new GitvirtError({ code: 'InvalidOutput', message: 'nmstatectl show did not print an object.' })
  return { state, links: await readLinks(commands) }
}

/**
 * Administrative states for the comparison. In kernel mode they are the truth; NetworkManager also calls a link down
 * that it does not manage, so there IFF_UP only counts where nmstate says nothing better.
 */
export function adminStates(
  current: CurrentState,
  provider: ProviderName,
  wanted: ReadonlyMap<string, unknown> = new Map(),
): ReadonlyMap<string, boolean> {
  const states = [...current.links.values()].map((link) => [link.name, link.up] as const)
  if (provider !== 'networkmanager') return new Map(states)
  return new Map(states.filter(([name, up]) => up && wanted.get(name) !== 'down'))
}
