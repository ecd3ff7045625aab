import { randomUUID } from 'node:crypto'
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

/**
 * Carries out one command in a User-mode Linux host: `node uml-exec.ts <root folder> program [argument …]`.
 * stdin, stdout, stderr and the exit code are the command's; the folder /lab/queue of the host carries them.
 */
const [root = '', ...argv] = process.argv.slice(2)
const job = join(root, 'lab/queue', randomUUID())

async function readStdin(): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of process.stdin) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks)
}

async function exitCode(): Promise<number> {
  const end = performance.now() + 600_000
  while (performance.now() < end) {
    const text = await readFile(join(`${job}.work`, 'rc'), 'utf8').catch(() => '')
    if (text !== '') return Number(text)
    await sleep(50)
  }
  return 124
}

await mkdir(job, { recursive: true })
await writeFile(join(job, 'argv'), argv.map((word) => `${word}\0`).join(''))
await writeFile(join(job, 'stdin'), await readStdin())
await rename(job, `${job}.ready`)
const code = await exitCode()
process.stdout.write(await readFile(join(`${job}.work`, 'stdout')).catch(() => ''))
process.stderr.write(await readFile(join(`${job}.work`, 'stderr')).catch(() => ''))
await rm(`${job}.work`, { recursive: true, force: true })
process.exitCode = code
