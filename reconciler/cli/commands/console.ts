import { spawn } from 'node:child_process'
import { createServer, type Socket } from 'node:net'
import type { Command } from 'commander'
import type { WebSocket } from 'ws'
import { GitvirtError } from '../../lib/errors.ts'
import { contextOf, type CliContext } from '../context.ts'
import { openStream } from '../socket.ts'

/** Control and the closing bracket, as virsh, virtctl and telnet have it. */
const escapeByte = 0x1d

export function consoleCommand(program: Command): void {
  program
    .command('console <vm>')
    .description('Connect to the serial console of a running VM; leave with ^]')
    .action(async (name: string, _options: unknown, command: Command) => {
      const context = contextOf(command)
      const socket = await openStream(context.client(), { namespace: context.namespace(), name: bareName(name), subresource: 'console' })
      context.note(`Successfully connected to ${name} console. Press Ctrl+] to exit console.`)
      await attachTerminal(socket)
    })
}

function bareName(name: string): string {
  return name.replace(/^(vmi?|virtualmachines?|virtualmachineinstances?)\//, '')
}

/** Raw terminal to the guest and back, until ^], the end of either side, or a signal. */
async function attachTerminal(socket: WebSocket): Promise<void> {
  const { stdin, stdout } = process
  const raw = stdin.isTTY
  if (raw) stdin.setRawMode(true)
  try {
    await new Promise<void>((resolve, reject) => {
      stdin.on('data', (chunk: Buffer) => {
        const end = chunk.indexOf(escapeByte)
        const bytes = end === -1 ? chunk : chunk.subarray(0, end)
        if (bytes.length > 0) socket.send(bytes)
        if (end !== -1) resolve()
      })
      stdin.once('end', () => setTimeout(resolve, 200))
      socket.on('message', (data: Buffer) => stdout.write(data))
      socket.once('close', (code, reason) => (code === 1000 || code === 1005 ? resolve() : reject(closedError(code, reason.toString()))))
      socket.once('error', reject)
      stdin.resume()
    })
  } finally {
    if (raw) stdin.setRawMode(false)
    stdin.pause()
    socket.terminate()
    stdout.write('\n')
  }
}

function closedError(code: number, reason: string): GitvirtError {
  return new GitvirtError({
    code: 'ConsoleClosed',
    message: `The console was closed (${code}${reason === '' ? '' : `: ${reason}`}).`,
    action: 'The guest may have stopped: see "gitvirt get vm".',
  })
}

type VncOptions = { readonly proxyOnly?: boolean; readonly port?: string; readonly address?: string }
const viewers = [
  { program: 'remote-viewer', args: (address: string, port: number) => [`vnc://${address}:${port}`] },
  { program: 'vncviewer', args: (address: string, port: number) => [`${address}::${port}`] },
]

export function vncCommand(program: Command): void {
  program
    .command('vnc <vm>')
    .description('Open the screen of a running VM: starts remote-viewer or vncviewer, or only a local port with --proxy-only')
    .option('--proxy-only', 'only listen and print the port')
    .option('--port <port>', 'local port; default: a free one')
    .option('--address <address>', 'local address', '127.0.0.1')
    .action(async (name: string, options: VncOptions, command: Command) => {
      await vnc(contextOf(command), bareName(name), options)
    })
}

async function vnc(context: CliContext, name: string, options: VncOptions): Promise<void> {
  const address = options.address ?? '127.0.0.1'
  const server = createServer((socket) => void serveViewer(context, name, socket))
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(Number(options.port ?? 0), address, resolve)
  })
  const bound = server.address()
  const port = bound !== null && typeof bound === 'object' ? bound.port : 0
  context.print(options.proxyOnly === true ? JSON.stringify({ port }) : `VNC of ${name} at ${address}:${port}`)
  if (options.proxyOnly === true) return await new Promise<void>((resolve) => server.once('close', resolve))
  await startViewer(context, address, port)
  server.close()
}

async function serveViewer(context: CliContext, name: string, socket: Socket): Promise<void> {
  try {
    const { createWebSocketStream } = await import('ws')
    const stream = createWebSocketStream(await openStream(context.client(), { namespace: context.namespace(), name, subresource: 'vnc' }))
    stream.on('error', () => socket.destroy())
    socket.on('error', () => stream.destroy())
    socket.pipe(stream).pipe(socket)
  } catch (error) {
    context.note(error instanceof Error ? error.message : String(error))
    socket.destroy()
  }
}

async function startViewer(context: CliContext, address: string, port: number): Promise<void> {
  for (const viewer of viewers) {
    const started = await new Promise<boolean>((resolve) => {
      const child = spawn(viewer.program, viewer.args(address, port), { stdio: 'ignore' })
      child.once('error', () => resolve(false))
      child.once('exit', () => resolve(true))
    })
    if (started) return
  }
  context.note('Neither remote-viewer nor vncviewer is installed: connect a viewer to the address above, end with Ctrl+C.')
  await new Promise<never>(() => undefined)
}
