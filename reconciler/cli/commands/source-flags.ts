import { GitvirtError } from '../../lib/errors.ts'
import type { OtherSource } from '../../follow-others.ts'
import { checkSourceName } from '../../shared-desired.ts'
import { forgeOptions } from './forge-flags.ts'
import { parseRemote, parseSubPath, type SourceAuth } from '../../source/options.ts'

const forgeKeys = ['forge', 'forge-api', 'forge-repo', 'forge-token-file'] as const
const options: ReadonlySet<string> = new Set(['branch', 'ref', 'path', 'token-file', 'username', 'notes', ...forgeKeys])

/**
 * Reads `NAME=URL,branch=main,path=hosts,token-file=FILE,forge=gitea,…` for each other source.
 * @param poll time between looks at requests, as of the environment's own forge
 * @throws GitvirtError `InvalidFlag`, `InvalidUrl`, `InvalidPath`
 */
export function otherSources(texts: readonly string[], poll = '30s'): readonly OtherSource[] {
  const taken = new Set<string>()
  return texts.map((text) => {
    const { name, url, given } = split(text)
    checkSourceName(name, taken)
    taken.add(name)
    parseRemote(url)
    const ref = given.get('ref') ?? given.get('branch')
    const path = given.get('path')
    const auth = authOf(given.get('token-file'), given.get('username'))
    return {
      name,
      url,
      ...(ref === undefined ? {} : { ref }),
      ...(path === undefined ? {} : { path: parseSubPath(path) }),
      ...(auth === undefined ? {} : { auth }),
      ...forgeOf(given, poll),
      ...notesOf(given.get('notes')),
    }
  })
}

function notesOf(given: string | undefined): Pick<OtherSource, 'notes'> {
  if (given === undefined) return {}
  if (given === 'off') return { notes: false }
  throw new GitvirtError({
    code: 'InvalidFlag',
    message: `error: "notes=${given}" is not known`,
    action: 'Write notes=off where receipts are not to be pushed to this source, or leave it out.',
  })
}

/** The forge of another source, by the rules of --forge and its companions. */
function forgeOf(given: ReadonlyMap<string, string>, poll: string): Pick<OtherSource, 'forge'> {
  const [forge, forgeApi, forgeRepo, forgeTokenFile] = forgeKeys.map((key) => given.get(key))
  return forgeOptions({
    poll,
    ...(forge === undefined ? {} : { forge }),
    ...(forgeApi === undefined ? {} : { forgeApi }),
    ...(forgeRepo === undefined ? {} : { forgeRepo }),
    ...(forgeTokenFile === undefined ? {} : { forgeTokenFile }),
  })
}

type Split = { readonly name: string; readonly url: string; readonly given: ReadonlyMap<string, string> }

function split(text: string): Split {
  const [head = '', ...rest] = text.split(',')
  const [name, url] = pair(head, text)
  const given = new Map(rest.map((one) => pair(one, text)))
  const strange = [...given.keys()].find((key) => !options.has(key))
  if (strange === undefined && given.size === rest.length) return { name, url, given }
  throw invalid(strange === undefined ? `error: "${text}" gives something twice` : `error: a source has no "${strange}"`)
}

function pair(part: string, text: string): [string, string] {
  const at = part.indexOf('=')
  if (at < 1 || at === part.length - 1) throw invalid(`error: "${text}" is not a source`)
  return [part.slice(0, at), part.slice(at + 1)]
}

function authOf(file: string | undefined, username: string | undefined): SourceAuth | undefined {
  if (file === undefined) return undefined
  return username === undefined ? { kind: 'token', token: { file } } : { kind: 'basic', username, password: { file } }
}

function invalid(message: string): GitvirtError {
  const action = `Write NAME=URL, and behind it with commas ${[...options].map((key) => `${key}=`).join(', ')}.`
  return new GitvirtError({ code: 'InvalidFlag', message, action })
}
