/**
 * What git and the fastest maintained YAML parser with a stable release take for all blobs of a repository; run as a program, so that
 * it is measured from its start to its end like the command that it is compared with.
 * Usage: node test/bench/base.ts REPOSITORY
 */
import { execFileSync, spawn } from 'node:child_process'
import { loadAll } from 'js-yaml'

const dir = process.argv[2] ?? '.'
const listing = execFileSync('git', ['-C', dir, 'ls-tree', '-r', 'main'], { encoding: 'utf8', maxBuffer: 2 ** 28 })
const ids = listing.split('\n').flatMap((line) => line.split(/\s/)[2] ?? [])
const started = performance.now()
const startedCpu = process.cpuUsage()
const git = spawn('git', ['-C', dir, 'cat-file', '--batch', '--buffer'], { stdio: ['pipe', 'pipe', 'inherit'] })
git.stdin.end(`${ids.join('\n')}\n`)
const decoder = new TextDecoder()
let rest: Buffer = Buffer.alloc(0)
let documents = 0
for await (const chunk of git.stdout) {
  rest = rest.length === 0 ? (chunk as Buffer) : Buffer.concat([rest, chunk as Buffer])
  let at = 0
  for (;;) {
    const end = rest.indexOf(10, at)
    if (end < 0) break
    const size = Number(rest.toString('latin1', at, end).split(' ')[2])
    const next = end + 1 + size + 1
    if (next > rest.length) break
    documents += loadAll(decoder.decode(rest.subarray(end + 1, next - 1))).length
    at = next
  }
  rest = rest.subarray(at)
}
if (documents < ids.length) throw new Error(`${ids.length} blobs gave only ${documents} documents.`)
const { user, system } = process.cpuUsage(startedCpu)
console.log(JSON.stringify({ ms: performance.now() - started, cpuMs: (user + system) / 1000, documents }))
