import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { GitvirtError, errorCode, describeError } from '../lib/errors.ts'
import { run } from '../lib/exec.ts'
import type { FileTree } from '../source/types.ts'
import type { Closure } from './closure.ts'
import { bareEnvironment, onPath, type RenderProgram } from './program.ts'
import type { RenderLimits } from './types.ts'

export type BuildOptions = {
  readonly tree: FileTree
  readonly closure: Closure
  /** The overlay's folder. */
  readonly root: string
  readonly program: RenderProgram
  readonly limits: RenderLimits
}

/**
 * What the program prints for an overlay. It runs on a private folder that holds nothing but the closure, and that is gone afterwards.
 * @throws GitvirtError `RenderFailed`, `OutputTooLarge`, `CommandTimedOut`
 */
export async function build(options: BuildOptions): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'gitvirt-render-'))
  try {
    await writeClosure(dir, options)
    return await runProgram(join(dir, options.root), dir, options)
  } finally {
    await rm(dir, { recursive: true, force: true })
  }
}

async function writeClosure(dir: string, { tree, closure }: BuildOptions): Promise<void> {
  const folders = new Set([...closure.files.keys()].map((path) => dirname(join(dir, path))))
  for (const folder of folders) await mkdir(folder, { recursive: true, mode: 0o700 })
  const write = async (path: string, content: Uint8Array | string): Promise<void> =>
    await writeFile(join(dir, path), content, { mode: 0o600, flag: 'wx' })
  for (const [path, text] of closure.written) await write(path, text)
  const plain = [...closure.files].filter(([path]) => !closure.written.has(path))
  const paths = Map.groupBy(plain, ([, id]) => id)
  for await (const { id, bytes } of tree.read([...paths.keys()])) for (const [path] of paths.get(id) ?? []) await write(path, bytes)
}

/** Bytes of memory that it may ask for: a runaway program must not take the host with it. */
const mostMemory = 2 ** 32

async function runProgram(cwd: string, dir: string, { program, limits, closure }: BuildOptions): Promise<string> {
  const limiter = onPath('prlimit')
  const limited = limiter === undefined ? [] : [limiter, `--as=${mostMemory}`, '--fsize=0', '--']
  const [file = program.file, ...args] = [...limited, program.file, ...program.build]
  try {
    const { stdout } = await run(file, args, {
      cwd,
      env: bareEnvironment,
      onlyEnv: true,
      timeout: limits.time,
      maxBytes: limits.outputBytes,
    })
    return stdout
  } catch (error) {
    throw renderError(error, { dir, kustomization: closure.kustomization })
  }
}

function renderError(error: unknown, { dir, kustomization }: { readonly dir: string; readonly kustomization: string }): GitvirtError {
  // The folder is ours: people know the repository's paths only.
  const words = describeError(error).replaceAll(`${dir}/`, '').replaceAll(dir, '.')
  const code = errorCode(error)
  const bounded = code === 'OutputTooLarge' || code === 'CommandTimedOut'
  return new GitvirtError({
    code: bounded ? code : 'RenderFailed',
    message: `${kustomization} cannot be rendered: ${words}`,
    action: bounded ? 'Split the overlay into several environments.' : 'Run "kustomize build" on a clone to see the same.',
    cause: error,
  })
}
