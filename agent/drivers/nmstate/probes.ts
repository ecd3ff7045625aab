import { Resolver } from 'node:dns/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Clock } from '../../../reconciler/lib/clock.ts'
import { errorCode, GitvirtError } from '../../../reconciler/lib/errors.ts'
import { parseOutput, type Commands } from './commands.ts'
import { asList, valueAt } from './network-state.ts'

/** One question to the network; resolves when the answer is good, rejects with the reason when it is not. */
export type Probe = {
  readonly name: string
  /** Upstream counts these only if they passed before the change. */
  readonly onlyIfPassedBefore: boolean
  check(): Promise<void>
}

export type ProbeOptions = {
  /** Milliseconds per probe; default 120,000. */
  readonly timeout?: number
  /** Milliseconds between tries; default 1,000. */
  readonly interval?: number
  /** The name whose name servers are looked up, as upstream does; false asks nothing. */
  readonly dnsName?: string | false
  /** Resolves when the reconciler can be reached over the network as it is now. */
  readonly reconcilerReachable?: () => Promise<void>
}

/** The probes of a host: default gateway, DNS and, where a callback is given, the reconciler. Source: kubernetes-nmstate's probes. */
export function createProbes(commands: Commands, options: ProbeOptions): readonly Probe[] {
  const { reconcilerReachable, dnsName = 'root-servers.net' } = options
  return [
    { name: 'default gateway', onlyIfPassedBefore: true, check: () => pingGateway(commands) },
    ...(dnsName === false ? [] : [{ name: 'DNS', onlyIfPassedBefore: true, check: () => lookUp(dnsName) }]),
    ...(reconcilerReachable === undefined ? [] : [{ name: 'reconciler', onlyIfPassedBefore: true, check: reconcilerReachable }]),
  ]
}

/** The probes that count for a change that starts now: those that pass, and those that always count. */
export async function passingProbes(probes: readonly Probe[]): Promise<readonly Probe[]> {
  const answers = await Promise.all(
    probes.map((probe) =>
      probe.check().then(
        () => true,
        () => !probe.onlyIfPassedBefore,
      ),
    ),
  )
  return probes.filter((_, index) => answers[index])
}

export type ProbeRun = { readonly clock: Clock; readonly timeout: number; readonly interval: number; readonly signal?: AbortSignal }

/**
 * Waits until every probe has passed once, each for its time-out at most, all side by side.
 * @throws GitvirtError `ProbeFailed` that names the first probe that did not pass and its last words; the signal's reason when aborted
 */
export async function runProbes(probes: readonly Probe[], how: ProbeRun): Promise<void> {
  const outcomes = await Promise.allSettled(probes.map((probe) => untilPassed(probe, how)))
  const failed = outcomes.find((outcome) => outcome.status === 'rejected')
  if (failed !== undefined) throw failed.reason
}

async function untilPassed(probe: Probe, how: ProbeRun): Promise<void> {
  const end = how.clock.monotonic() + how.timeout
  for (;;) {
    how.signal?.throwIfAborted()
    try {
      return await probe.check()
    } catch (error) {
      if (how.clock.monotonic() >= end) throw failedProbe(probe, how, error)
    }
    await sleep(how.interval, undefined, how.signal === undefined ? {} : { signal: how.signal })
  }
}

function failedProbe(probe: Probe, how: ProbeRun, error: unknown): GitvirtError {
  const words = error instanceof Error ? error.message : String(error)
  return new GitvirtError({
    code: 'ProbeFailed',
    message: `The probe "${probe.name}" did not pass within ${how.timeout / 1000} s after the change: ${words}`,
    action: 'Correct the policy so that the host keeps its way to the network.',
    cause: error,
  })
}

async function pingGateway(commands: Commands): Promise<void> {
  const gateway = (await defaultGateway(commands, '-4')) ?? (await defaultGateway(commands, '-6'))
  if (gateway === undefined) throw new GitvirtError({ code: 'NoGateway', message: 'There is no default gateway.' })
  const scoped = gateway.address.startsWith('fe80:') ? `${gateway.address}%${gateway.device}` : gateway.address
  await commands.run('ping', ['-n', '-q', '-c', '1', '-W', '2', '--', scoped], { timeout: 5_000, maxBytes: 65_536 })
}

async function defaultGateway(commands: Commands, family: '-4' | '-6'): Promise<{ address: string; device: string } | undefined> {
  const { stdout } = await commands.ip(['-j', family, 'route', 'show', 'default'], { timeout: 5_000 })
  const routes = asList(stdout.trim() === '' ? [] : parseOutput('ip route', stdout))
  const route = routes.find((entry) => typeof valueAt(entry, 'gateway') === 'string')
  return route === undefined ? undefined : { address: String(valueAt(route, 'gateway')), device: String(valueAt(route, 'dev')) }
}

/** Any answer of a server counts; only silence is a failure. */
async function lookUp(name: string): Promise<void> {
  const resolver = new Resolver({ timeout: 2_000, tries: 1 })
  await resolver.resolveNs(name).catch((error: unknown) => {
    if (!['ENODATA', 'ENOTFOUND'].includes(errorCode(error))) throw error
  })
}
