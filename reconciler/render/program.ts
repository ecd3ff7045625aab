import { accessSync, constants, realpathSync, statSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import type { BlobCache } from '../desired/cache.ts'
import { describeError, GitvirtError } from '../lib/errors.ts'
import { run } from '../lib/exec.ts'

/** What renders overlays. */
export type RenderProgram = {
  /** Its file. */
  readonly file: string
  /** Arguments that render the folder it runs in. */
  readonly build: readonly string[]
  /** Version of kustomize in it. */
  readonly version: string
}

/** Oldest version whose output is told by tests here, and which tells where objects come from. */
const oldestMajor = 5

type Candidate = { readonly name: string; readonly build: readonly string[]; readonly version: readonly string[] }

const candidates: readonly Candidate[] = [
  { name: 'kustomize', build: ['build', '.'], version: ['version'] },
  { name: 'kubectl', build: ['kustomize', '.'], version: ['version', '--client', '-o', 'json'] },
]

/**
 * The program that renders: `kustomize`, or else `kubectl`, which holds it. Its version is asked for once, until the file is another.
 * @throws GitvirtError `KustomizeMissing`, `KustomizeTooOld`
 */
export async function findProgram(cache: BlobCache): Promise<RenderProgram> {
  const told: string[] = []
  for (const candidate of candidates) {
    const file = onPath(candidate.name)
    if (file === undefined) continue
    const version = await versionOf(candidate, file, cache).catch((error: unknown) => void told.push(describeError(error)))
    if (version === undefined) continue
    if (Number(/^v?(\d+)\./.exec(version)?.[1] ?? 0) >= oldestMajor) return { file, build: candidate.build, version }
    told.push(`${file} has kustomize ${version}`)
  }
  throw told.length === 0 ? missing() : tooOld(told)
}

function missing(): GitvirtError {
  return new GitvirtError({
    code: 'KustomizeMissing',
    message: 'Overlays are rendered by kustomize, and neither "kustomize" nor "kubectl" is installed.',
    action: `Install kustomize ${oldestMajor} (Debian: the package kubernetes-client, where it has kubectl 1.27 or newer). Until then nothing is changed or removed.`,
  })
}

function tooOld(told: readonly string[]): GitvirtError {
  return new GitvirtError({
    code: 'KustomizeTooOld',
    message: `Overlays are rendered by kustomize ${oldestMajor} or newer: ${told.join('; ')}.`,
    action: 'Install kustomize 5 or newer, or kubectl 1.27 or newer. Until then nothing is changed or removed.',
  })
}

/** The file that a name on the PATH stands for. */
export function onPath(name: string): string | undefined {
  for (const folder of (process.env['PATH'] ?? '').split(delimiter)) {
    const file = join(folder, name)
    try {
      accessSync(file, constants.X_OK)
      if (folder !== '' && statSync(file).isFile()) return file
    } catch {
      // Not in this folder.
    }
  }
  return undefined
}

async function versionOf(candidate: Candidate, file: string, cache: BlobCache): Promise<string> {
  const { size, mtimeMs, ino } = statSync(file)
  const id = `program:${realpathSync(file)} ${size} ${mtimeMs} ${ino}`
  const known = cache.get([id]).get(id)
  if (known !== undefined) return known
  const { stdout } = await run(file, candidate.version, { env: bareEnvironment, onlyEnv: true, timeout: 20_000, maxBytes: 2 ** 16 })
  const version =
    candidate.name === 'kubectl' ? /"kustomizeVersion":\s*"([^"]+)"/.exec(stdout)?.[1] : /v\d+\.\d+\.\d+[^\s}]*/.exec(stdout)?.[0]
  if (version === undefined) throw new GitvirtError({ code: 'KustomizeTooOld', message: `${file} does not tell its version of kustomize.` })
  cache.put([[id, version]])
  return version
}

/** No home, no configuration, no helpers on the PATH, and a proxy that is not there for whatever would go to the network. */
export const bareEnvironment: Readonly<Record<string, string>> = {
  PATH: '/nonexistent',
  HOME: '/nonexistent',
  KUBECONFIG: '/dev/null',
  HTTP_PROXY: 'http://127.0.0.1:9',
  HTTPS_PROXY: 'http://127.0.0.1:9',
  GOMEMLIMIT: '1GiB',
}
