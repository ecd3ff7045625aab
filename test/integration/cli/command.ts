import { spawn, type ChildProcess } from 'node:child_process'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { atEnd } from '../../at-end.ts'
import { fillDemo, startApiFixture, type ApiFixture } from '../../fakes/api-server.ts'

export const launcher = join(import.meta.dirname, '../../../gitvirt')

export type Ended = { readonly code: number | null; readonly stdout: string; readonly stderr: string }

/** A running gitvirt command: what it said so far, and its end. */
export type Running = { readonly child: ChildProcess; readonly said: () => string; readonly ended: Promise<Ended> }

/** Starts the command as a shell would; the test ends it. */
export function startCommand(t: TestContext, args: readonly string[], environment: Record<string, string> = {}): Running {
  const child = spawn(launcher, args, { env: { PATH: process.env['PATH'] ?? '', HOME: '/nonexistent', ...environment } })
  atEnd(t, () => child.kill('SIGKILL'))
  let stdout = ''
  let stderr = ''
  child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()))
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()))
  const ended = new Promise<Ended>((resolve) => child.once('close', (code) => resolve({ code, stdout, stderr })))
  return { child, said: () => stdout, ended }
}

export type World = ApiFixture & {
  /** Runs the command against this server, to its end. */
  readonly gitvirt: (...args: string[]) => Promise<Ended>
  readonly environment: Record<string, string>
}

/** The API of the fixture with the demo's objects, and the command pointed at it by its environment. */
export async function openWorld(t: TestContext): Promise<World> {
  const fixture = await startApiFixture()
  atEnd(t, () => fixture[Symbol.asyncDispose]())
  fillDemo(fixture)
  const environment = { GITVIRT_KUBECONFIG: fixture.kubeconfig, NODE_COMPILE_CACHE: join(fixture.dir, 'compile') }
  const gitvirt = async (...args: string[]): Promise<Ended> => await startCommand(t, args, environment).ended
  return Object.assign(fixture, { gitvirt, environment })
}

/** Waits until the text is there. */
export async function saysSoon(running: Running, wanted: RegExp): Promise<void> {
  const end = Date.now() + 60_000
  while (!wanted.test(running.said())) {
    if (Date.now() > end) throw new Error(`"${String(wanted)}" did not come: ${running.said()}`)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}
