import { spawn, type ChildProcess } from 'node:child_process'
import { readFile, rm, writeFile, mkdir } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { Demo } from './demo.ts'
import { until } from './wait.ts'

export type ApiObject = {
  readonly metadata: {
    readonly name: string
    readonly uid?: string
    readonly annotations?: Readonly<Record<string, string>>
    readonly labels?: Readonly<Record<string, string>>
    readonly deletionTimestamp?: string
  }
  readonly spec?: Readonly<Record<string, unknown>>
  readonly status?: {
    readonly printableStatus?: string
    readonly phase?: string
    readonly conditions?: readonly Condition[]
    readonly [field: string]: unknown
  }
}
export type Condition = { readonly type: string; readonly status: string; readonly reason?: string; readonly message?: string }
export type PlanJson = {
  readonly changes: readonly {
    readonly key: string
    readonly action: string
    readonly disruption: string
    readonly fields: readonly { readonly path: string; readonly disruption: string; readonly before?: unknown; readonly after?: unknown }[]
    readonly steps: readonly { readonly verb: string }[]
    readonly blocked: readonly { readonly reason: string; readonly message: string; readonly unblock: string }[]
  }[]
}

/** What a person does with a fleet, as tests say it: edit, push, look. */
export type FleetClient = {
  write(path: string, text: string): Promise<void>
  edit(path: string, change: (text: string) => string): Promise<void>
  remove(path: string): Promise<void>
  /** Commits all edits, pushes, and lets gitvirt fetch at once. */
  push(message: string): Promise<void>
  object(type: string, name: string): Promise<ApiObject | undefined>
  plan(): Promise<PlanJson>
  /** Waits until the object is as asked; the last one seen is in the error. */
  wait(
    type: string,
    name: string,
    options: { readonly is: (object: ApiObject | undefined) => boolean; readonly what: string; readonly seconds?: number },
  ): Promise<ApiObject | undefined>
  /** Waits for a machine's printable status. */
  status(name: string, printable: string, seconds?: number): Promise<ApiObject | undefined>
  /** Follows a guest's serial console; commands are run as the given user, default the tiny guest's root. */
  console(name: string, login?: ConsoleLogin): GuestConsole
  /** Process id of the guest's QEMU. */
  qemuPid(domain: string): Promise<number>
}

export type ConsoleLogin = { readonly user: string; readonly password: string; readonly prompt: RegExp }

const tinyGuestRoot: ConsoleLogin = { user: 'root', password: 'gitvirt', prompt: /~ # / }

export type GuestConsole = {
  text(): string
  /** Waits for a pattern in what came after the last match; returns the match. */
  expect(pattern: RegExp, seconds?: number): Promise<RegExpExecArray>
  /** Logs in and runs one command; returns what it printed. */
  command(line: string): Promise<string>
  close(): void
}

export function fleetClient(demo: Demo): FleetClient {
  const inClone = (path: string): string => join(demo.clone, path)
  const object = async (type: string, name: string): Promise<ApiObject | undefined> => {
    const answer = await demo.gitvirt('get', type, name, '-o', 'json')
    if (answer.exitCode === 0) return JSON.parse(answer.stdout) as ApiObject
    if (answer.stderr.includes('NotFound')) return undefined
    throw new Error(answer.stderr)
  }
  const wait: FleetClient['wait'] = async (type, name, options) => {
    let last: ApiObject | undefined
    const probe = async (): Promise<{ readonly found: ApiObject | undefined } | undefined> => {
      last = await object(type, name)
      return options.is(last) ? { found: last } : undefined
    }
    try {
      return (await until(`${type} ${name}: ${options.what}`, probe, { seconds: options.seconds ?? 60, everyMs: 300 })).found
    } catch (error) {
      throw new Error(
        `${error instanceof Error ? error.message : String(error)}\nlast seen: ${JSON.stringify(last?.status, null, 1)}\nlog: ${demo.log().slice(-3000)}`,
        { cause: error },
      )
    }
  }
  return {
    object,
    wait,
    write: async (path, text) => {
      await mkdir(dirname(inClone(path)), { recursive: true })
      await writeFile(inClone(path), text)
    },
    edit: async (path, change) => {
      const before = await readFile(inClone(path), 'utf8')
      const after = change(before)
      if (after === before) throw new Error(`The edit of ${path} changes nothing.`)
      await writeFile(inClone(path), after)
    },
    remove: async (path) => await rm(inClone(path)),
    push: async (message) => {
      await demo.git('add', '--all')
      await demo.git('commit', '--quiet', '--allow-empty', '--message', message)
      await demo.git('push', '--quiet', '--set-upstream', 'origin', 'main')
      await demo.gitvirt('reconcile')
    },
    plan: async () => JSON.parse((await demo.gitvirt('plan', '-o', 'json')).stdout) as PlanJson,
    status: async (name, printable, seconds = 60) =>
      await wait('vm', name, { what: printable, seconds, is: (one) => one?.status?.printableStatus === printable }),
    console: (name, account = tinyGuestRoot) => followConsole(demo, name, account),
    qemuPid: async (domain) => Number((await demo.host.run('cat', [`/run/libvirt/qemu/${domain}.pid`])).stdout),
  }
}

export function conditionOf(object: ApiObject | undefined, type: string): Condition | undefined {
  return object?.status?.conditions?.find((condition) => condition.type === type)
}

const launcher = join(import.meta.dirname, '..', 'gitvirt')

/** A follower of one guest's console; it connects again when the guest restarts, as a person would. */
function followConsole(demo: Demo, name: string, account: ConsoleLogin): GuestConsole {
  let text = ''
  let seen = 0
  let child: ChildProcess
  let closed = false
  let loggedIn = false
  const start = (): void => {
    loggedIn = false
    child = spawn(launcher, ['--kubeconfig', demo.kubeconfig, 'console', name], { stdio: ['pipe', 'pipe', 'ignore'] })
    child.stdout?.on('data', (chunk: Buffer) => (text += chunk.toString()))
    child.stdin?.on('error', () => undefined)
    child.once('exit', () => setTimeout(() => (closed ? undefined : start()), 300))
  }
  const expect: GuestConsole['expect'] = async (pattern, seconds = 90) => {
    const probe = (): RegExpExecArray | undefined => pattern.exec(text.slice(seen)) ?? undefined
    try {
      const match = await until(String(pattern), probe, { seconds })
      seen += match.index + match[0].length
      return match
    } catch (error) {
      throw new Error(`${name}'s console does not show ${String(pattern)}; its end: ${JSON.stringify(text.slice(-600))}`, { cause: error })
    }
  }
  const say = (line: string): void => void child.stdin?.write(`${line}\n`)
  const login = async (): Promise<void> => {
    seen = text.length
    say('')
    // Not anchored: the guest may say something else behind the prompt.
    await expect(/login: /, 30)
    say(account.user)
    await expect(/Password: /, 30)
    say(account.password)
    await expect(account.prompt, 60)
    loggedIn = true
  }
  start()
  return {
    text: () => text,
    expect,
    command: async (line) => {
      if (!loggedIn) await login()
      seen = text.length
      // The marks are put together by the guest, so that the echo of the command is not taken for its output.
      say(`echo "<<""$(${line})"">>"`)
      return (await expect(/<<([^"]*?)>>/, 30))[1] ?? ''
    },
    close: () => {
      closed = true
      child.kill()
    },
  }
}
