import { run, type ExecOptions, type ExecResult } from '../../../reconciler/lib/exec.ts'
import { GitvirtError } from '../../../reconciler/lib/errors.ts'

/** The programs this driver starts, all in the same network namespace. */
export type Commands = {
  nmstatectl(args: readonly string[], options?: ExecOptions): Promise<ExecResult>
  /** iproute2's ip(8). */
  ip(args: readonly string[], options?: ExecOptions): Promise<ExecResult>
  run(program: string, args: readonly string[], options?: ExecOptions): Promise<ExecResult>
}

export type CommandOptions = {
  /** Absolute path of nmstatectl; default is the one on PATH. */
  readonly nmstatectlPath?: string
  /** Put before every command, such as `ip netns exec NAME`. */
  readonly prefix?: readonly string[]
}

/** Commands that run in the agent's own namespace, or behind a prefix. Errors are `run`'s. */
export function createCommands(options: CommandOptions = {}): Commands {
  const nmstatectl = options.nmstatectlPath ?? 'nmstatectl'
  const call = (program: string, args: readonly string[], how?: ExecOptions): Promise<ExecResult> => {
    const [first, ...rest] = [...(options.prefix ?? []), program, ...args]
    return run(first ?? program, rest, how)
  }
  return {
    nmstatectl: (args, how) => call(nmstatectl, args, how),
    ip: (args, how) => call('ip', args, how),
    run: call,
  }
}

/** Reads a program's JSON output. @throws GitvirtError `InvalidOutput` */
export function parseOutput(program: string, text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    throw new GitvirtError({ code: 'InvalidOutput', message: `${program} did not print JSON.`, cause: error })
  }
}
