/** Runs inside the mount namespace of a lab sshd: gives it the user and the folder that it wants, then runs it until stdin ends. */
import { spawn } from 'node:child_process'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { run } from '../reconciler/lib/exec.ts'

const config = JSON.parse(process.argv[2] ?? '{}') as { readonly dir: string; readonly program: string; readonly libraries: string }

// sshd parts with its privileges as the user "sshd", in the folder /run/sshd. Source: sshd(8).
const users = await readFile('/etc/passwd', 'utf8')
const passwd = join(config.dir, 'passwd')
await writeFile(passwd, /^sshd:/m.test(users) ? users : `${users.trimEnd()}\nsshd:x:74:65534::/run/sshd:/usr/sbin/nologin\n`)
await run('mount', ['--bind', passwd, '/etc/passwd'])
await run('mount', ['-t', 'tmpfs', 'tmpfs', '/run'])
await mkdir('/run/sshd', { mode: 0o755 })

const child = spawn(config.program, ['-D', '-e', '-f', join(config.dir, 'config')], {
  stdio: ['ignore', 'ignore', 'inherit'],
  env: { PATH: process.env['PATH'] ?? '', ...(config.libraries === '' ? {} : { LD_LIBRARY_PATH: config.libraries }) },
})
child.once('exit', (code) => process.exit(code ?? 1))
process.stdin.resume()
process.stdin.once('end', () => child.kill())
