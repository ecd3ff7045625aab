import { GitvirtError } from '../reconciler/lib/errors.ts'
import type { LabHost } from './host.ts'
import { until } from './wait.ts'

type ExecStatus = { readonly exited: boolean; readonly exitcode?: number; readonly 'out-data'?: string; readonly 'err-data'?: string }

/**
 * Runs a program in a guest through its QEMU guest agent and returns what it printed, trimmed.
 * Source: QEMU guest agent protocol reference, guest-exec.
 * @throws GitvirtError `GuestCommandFailed` with the program's own words, `WaitedInVain`
 */
export async function runInGuest(host: LabHost, domain: string, command: readonly [string, ...string[]]): Promise<string> {
  const [path, ...arg] = command
  const ask = async (execute: string, args: object): Promise<unknown> => {
    const request = JSON.stringify({ execute, arguments: args })
    const answer = JSON.parse(await host.virsh('qemu-agent-command', '--timeout', '30', '--domain', domain, request)) as { return: unknown }
    return answer.return
  }
  // An agent that has just come up may miss a first word.
  const { pid } = await until(
    'the guest agent',
    async () => (await ask('guest-exec', { path, arg, 'capture-output': true })) as { pid: number },
  )
  const status = await until(
    `"${command.join(' ')}" in the guest`,
    async () => {
      const now = (await ask('guest-exec-status', { pid })) as ExecStatus
      return now.exited ? now : undefined
    },
    { seconds: 120, everyMs: 500 },
  )
  const text = (data: string | undefined): string =>
    Buffer.from(data ?? '', 'base64')
      .toString('utf8')
      .trim()
  if (status.exitcode === 0) return text(status['out-data'])
  const message = `"${command.join(' ')}" ended with code ${String(status.exitcode)}: ${text(status['err-data'])}`
  throw new GitvirtError({ code: 'GuestCommandFailed', message, object: domain })
}
