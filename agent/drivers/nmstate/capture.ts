import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { PolicySpec } from '../../../schemas/generated/plan.ts'
import { GitvirtError } from '../../../reconciler/lib/errors.ts'
import { parseOutput, type Commands } from './commands.ts'
import { asObject, type NetworkState } from './network-state.ts'
import { renderPolicy } from './render.ts'

/** Whether a policy captures anything of the current state. */
export function hasCaptures(policy: PolicySpec): boolean {
  return Object.keys(policy.capture ?? {}).length > 0
}

/**
 * The desired state of a policy on this host: its captures are taken from the current state by `nmstatectl policy`
 * (nmpolicy), so that `{{ capture… }}` is replaced.
 * @throws GitvirtError `InvalidPolicy`, `UnresolvedCapture`
 */
export async function resolveCaptures(
  policy: PolicySpec,
  current: NetworkState,
  tools: { commands: Commands; runDir: string },
): Promise<NetworkState> {
  const folder = await mkdtemp(join(tools.runDir, 'nmpolicy-'))
  try {
    const [policyFile, currentFile] = [join(folder, 'policy.json'), join(folder, 'current.json')]
    await writeFile(policyFile, JSON.stringify(renderPolicy(policy)), { mode: 0o600 })
    await writeFile(currentFile, JSON.stringify(current), { mode: 0o600 })
    const { stdout } = await tools.commands.nmstatectl(['policy', '-q', '--json', '-c', currentFile, policyFile], { timeout: 60_000 })
    return (stdout.trim() === '' ? undefined : asObject(parseOutput('nmstatectl policy', stdout))) ?? {}
  } catch (error) {
    const words = error instanceof Error ? error.message : String(error)
    const message = `The captures of this policy did not resolve: ${words}`
    throw new GitvirtError({ code: 'UnresolvedCapture', message, action: 'Correct spec.capture.', object: policy.key, cause: error })
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}
