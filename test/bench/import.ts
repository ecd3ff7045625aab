import { execFileSync, spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createVolumeDriver } from '../../agent/drivers/storage/driver.ts'
import { systemClock } from '../../reconciler/lib/clock.ts'
import { silentLogger } from '../../reconciler/lib/log.ts'
import { execa } from 'execa'

/**
 * Imports a qcow2 of this many megabytes, and does the same by hand with curl and qemu-img; prints the ratio of the rates.
 * The images come from another process, as they come from another machine elsewhere.
 */
const megabytes = Number(process.argv[2] ?? 512)
const rounds = Number(process.argv[3] ?? 3)
const dir = mkdtempSync(join(tmpdir(), 'gv-bench-import-'))
const images = join(dir, 'images')
mkdirSync(images)
const server = spawn(process.execPath, [join(import.meta.dirname, 'image-server-process.ts'), images], {
  stdio: ['pipe', 'pipe', 'inherit'],
})
try {
  const url = await addressOf(server)
  const source = join(images, 'disk.qcow2')
  const raw = join(dir, 'raw')
  execFileSync('dd', ['if=/dev/urandom', `of=${raw}`, 'bs=1M', `count=${megabytes}`, 'status=none'])
  execFileSync('truncate', ['-s', `${megabytes * 2}M`, raw])
  execFileSync('qemu-img', ['convert', '-f', 'raw', '-O', 'qcow2', raw, source])
  rmSync(raw)
  const [mine, hand]: [number[], number[]] = [[], []]
  for (let round = 0; round < rounds; round += 1) {
    const turns = [
      async () => void hand.push(await timed(async () => await byHand(round, url))),
      async () => void mine.push(await timed(async () => await byDriver(round, url))),
    ]
    // What the first leaves in memory and on disk helps or hinders the second; each is first by turns.
    for (const turn of round % 2 === 0 ? turns : turns.toReversed()) await turn()
  }
  const [ours, theirs] = [Math.min(...mine), Math.min(...hand)]
  console.log(
    `import of ${megabytes} MB: gitvirt ${ours.toFixed(0)} ms, curl + qemu-img ${theirs.toFixed(0)} ms, rate ratio ${(theirs / ours).toFixed(2)}`,
  )
} finally {
  server.stdin?.end()
  rmSync(dir, { recursive: true, force: true })
}

async function addressOf(server: ChildProcess): Promise<string> {
  const [line] = (await once(server.stdout ?? server, 'data')) as [Buffer]
  return line.toString().trim()
}

async function timed(work: () => Promise<void>): Promise<number> {
  execFileSync('sync')
  const start = performance.now()
  await work()
  return performance.now() - start
}

/** What a person would do, ended with the sync that makes it safe. */
async function byHand(round: number, url: string): Promise<void> {
  const [part, image] = [join(dir, `hand-${round}.part`), join(dir, `hand-${round}.qcow2`)]
  await execa('curl', ['-sS', '-o', part, `${url}/disk.qcow2`])
  await execa('qemu-img', ['convert', '-f', 'qcow2', '-O', 'qcow2', part, image])
  await execa('sync', [image])
  rmSync(part)
  rmSync(image)
}

async function byDriver(round: number, url: string): Promise<void> {
  const home = join(dir, `agent-${round}`)
  const driver = createVolumeDriver(
    {
      node: 'bench',
      stateDir: join(home, 'state'),
      runDir: join(home, 'run'),
      libvirtUri: 'test:///default',
      clock: systemClock,
      log: silentLogger,
      changed: () => undefined,
    },
    { pool: async () => undefined },
  )
  await driver.prepare()
  await driver.ensure(
    {
      key: 'DataVolume/demo/root',
      namespace: 'demo',
      name: 'root',
      spec: { source: { http: { url: `${url}/disk.qcow2` } } },
      sizeBytes: megabytes * 2 * 2 ** 20,
      pool: { name: 'bench', type: 'dir', path: join(home, 'pool'), format: 'qcow2' },
      annotations: {},
      allowedSources: ['127.0.0.1'],
      origin: { path: 'a.yaml', line: 1, column: 1 },
    },
    { secrets: {}, configMaps: {} },
    new AbortController().signal,
  )
  await driver.close()
  rmSync(home, { recursive: true })
}
