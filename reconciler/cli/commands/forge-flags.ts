import { GitvirtError } from '../../lib/errors.ts'
import type { ForgeKind } from '../../forge/types.ts'
import type { ReconcilerOptions } from '../../reconciler-options.ts'
import { milliseconds } from '../duration.ts'

export type ForgeFlags = {
  readonly forge?: string
  readonly forgeApi?: string
  readonly forgeRepo?: string
  readonly forgeTokenFile?: string
  readonly environment?: string
  readonly path?: string
  readonly poll: string
}

/** APIs of the forges that have one address for everybody. */
const publicApis: Readonly<Record<ForgeKind, string | undefined>> = {
  github: 'https://api.github.com',
  gitlab: 'https://gitlab.com/api/v4',
  gitea: undefined,
}

/** A forge is asked at most this often, whatever --poll says of the repository: its API counts calls. */
const shortestInterval = 15_000

/**
 * The forge whose requests are planned, by the command's flags; nothing without --forge.
 * @throws GitvirtError `InvalidFlag`
 */
export function forgeOptions(flags: ForgeFlags): Pick<ReconcilerOptions, 'forge'> {
  const { forge, forgeRepo, forgeTokenFile } = flags
  if (forge === undefined) {
    if (forgeRepo !== undefined || forgeTokenFile !== undefined || flags.forgeApi !== undefined)
      throw invalid('error: --forge-… is given, but --forge is not', 'Say --forge github, gitlab or gitea.')
    return {}
  }
  if (!isKind(forge)) throw invalid(`error: "${forge}" is not a forge that is known`, `Use ${Object.keys(publicApis).join(', ')}.`)
  const api = flags.forgeApi ?? publicApis[forge]
  if (api === undefined) throw invalid(`error: --forge ${forge} needs --forge-api`, 'For example https://git.example.com/api/v1.')
  if (!/^https?:\/\/[^\s/?#]+[^\s?#]*$/.test(api))
    throw invalid(`error: "${api}" is not an address`, 'For example https://git.example.com/api/v1.')
  if (forgeRepo === undefined || forgeTokenFile === undefined)
    throw invalid(`error: --forge ${forge} needs --forge-repo and --forge-token-file`, 'Give owner/name, and a file with a token.')
  if (!/^[\w.-]+(?:\/[\w.-]+)+$/.test(forgeRepo)) throw invalid(`error: "${forgeRepo}" is not a repository`, 'Write owner/name.')
  const pollMs = Math.max(milliseconds(flags.poll), shortestInterval)
  return { forge: { kind: forge, api, repository: forgeRepo, tokenFile: forgeTokenFile, pollMs } }
}

/**
 * The environment's name: what is said, else its folder.
 * @throws GitvirtError `InvalidFlag`
 */
export function environmentOf(flags: Pick<ForgeFlags, 'environment' | 'path'>): string {
  const folder = flags.path?.replaceAll(/^\/+|\/+$/g, '') ?? ''
  const environment = flags.environment ?? (folder === '' ? 'default' : folder)
  if (!/^[\w./-]{1,100}$/.test(environment)) throw invalid(`error: "${environment}" is not a name`, 'Use letters, digits, ., / and -.')
  return environment
}

function isKind(text: string): text is ForgeKind {
  return Object.hasOwn(publicApis, text)
}

function invalid(message: string, action: string): GitvirtError {
  return new GitvirtError({ code: 'InvalidFlag', message, action })
}
