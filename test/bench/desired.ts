/**
 * What the desired state costs, as ratios to `git cat-file --batch` plus js-yaml on the same blobs, in one run.
 * Usage: node test/bench/desired.ts [files, default 10000]
 */
import { execFileSync, spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { loadAll } from 'js-yaml'
import { createDesired } from '../../reconciler/desired/state.ts'
import type { DesiredUpdate, TreeEntry } from '../../reconciler/desired/types.ts'
import { openBlobCache } from '../../reconciler/store/blob-cache.ts'

const count = Number(process.argv[2] ?? 10_000)

function manifest(index: number): string {
  return `apiVersion: kubevirt.io/v1
kind: VirtualMachine
metadata:
  name: vm-${index}
  namespace: team-${index % 50}
  labels:
    app: web
    tier: "t${index % 5}"
spec:
  runStrategy: Always
  dataVolumeTemplates:
    - metadata:
        name: vm-${index}-root
      spec:
        storage:
          resources:
            requests:
              storage: 10Gi
        source:
          http:
            url: https://images.example.org/debian-12.qcow2
            checksum: sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef
  template:
    metadata:
      labels:
        app: web
    spec:
      terminationGracePeriodSeconds: 60
      domain:
        cpu:
          cores: 2
        memory:
          guest: 2Gi
        devices:
          disks:
            - name: root
              disk:
                bus: virtio
            - name: init
              disk:
                bus: virtio
          interfaces:
            - name: default
              masquerade: {}
      networks:
        - name: default
          pod: {}
      volumes:
        - name: root
          dataVolume:
            name: vm-${index}-root
        - name: init
          cloudInitNoCloud:
            userData: |
              #cloud-config
              hostname: vm-${index}
              runcmd:
                - echo ready
`
}

/** A packed bare repository of all manifests, made by one fast-import. */
function makeRepository(dir: string): TreeEntry[] {
  execFileSync('git', ['init', '--quiet', '--bare', dir])
  const entries: TreeEntry[] = []
  const parts: string[] = []
  for (let index = 0; index < count; index += 1) {
    const text = manifest(index)
    const size = Buffer.byteLength(text)
    parts.push(`blob\ndata ${size}\n${text}\n`)
    entries.push({ path: `vms/vm-${index}.yaml`, id: createHash('sha1').update(`blob ${size}\0${text}`).digest('hex'), size })
  }
  execFileSync('git', ['-C', dir, 'fast-import', '--quiet'], { input: parts.join('') })
  return entries
}

/** One `git cat-file --batch`: blobs as they arrive. */
async function* catFile(dir: string, ids: readonly string[]): AsyncGenerator<{ id: string; bytes: Uint8Array }> {
  const git = spawn('git', ['-C', dir, 'cat-file', '--batch'], { stdio: ['pipe', 'pipe', 'inherit'] })
  git.stdin.end(`${ids.join('\n')}\n`)
  let rest: Buffer = Buffer.alloc(0)
  for await (const chunk of git.stdout) {
    rest = rest.length === 0 ? (chunk as Buffer) : Buffer.concat([rest, chunk as Buffer])
    let at = 0
    for (;;) {
      const end = rest.indexOf(10, at)
      if (end < 0) break
      const [id = '', , size = '0'] = rest.toString('latin1', at, end).split(' ')
      const next = end + 1 + Number(size) + 1
      if (next > rest.length) break
      yield { id, bytes: rest.subarray(end + 1, next - 1) }
      at = next
    }
    rest = rest.subarray(at)
  }
}

async function timed<T>(body: () => Promise<T>): Promise<{ ms: number; value: T }> {
  const start = performance.now()
  const value = await body()
  return { ms: performance.now() - start, value }
}

async function main(dir: string): Promise<void> {
  const repository = join(dir, 'repository.git')
  const entries = makeRepository(repository)
  const ids = entries.map(({ id }) => id)
  const read = (wanted: readonly string[]) => catFile(repository, wanted)
  const file = join(dir, 'cache.db')
  const update = async (): Promise<{ result: DesiredUpdate; oneFile: number }> => {
    const cache = openBlobCache({ file, version: 'bench' })
    const engine = createDesired({ cache })
    const result = await engine.update({ revision: 'a', entries, read })
    const [first, second] = [entries[0], entries[1]]
    if (first === undefined || second === undefined) throw new Error('The bench needs at least two files.')
    const one = await timed(() => engine.update({ revision: 'b', changes: [{ path: first.path, after: second.id }], read }))
    cache.close()
    return { result, oneFile: one.ms }
  }
  const decoder = new TextDecoder()
  const base = await timed(async () => {
    for await (const { bytes } of read(ids)) loadAll(decoder.decode(bytes))
  })
  const cold = await timed(update)
  const warm = await timed(update)
  const { rss } = process.memoryUsage()
  const line = (name: string, ms: number): void =>
    console.log(`${name.padEnd(34)} ${ms.toFixed(1).padStart(9)} ms   ${(ms / base.ms).toFixed(3)} × base`)
  console.log(
    `${count} files of ${entries[0]?.size ?? 0} bytes, ${[...warm.value.result.view.keys()].length} objects, ${warm.value.result.view.errors().length} findings`,
  )
  line('base: git cat-file + js-yaml', base.ms)
  line('cold: all blobs judged', cold.ms - cold.value.oneFile)
  line('warm: all blobs from the cache', warm.ms - warm.value.oneFile)
  line('one file changed', warm.value.oneFile)
  console.log(`resident memory ${(rss / 1024 / 1024).toFixed(0)} MiB (with both states and the garbage of the base run)`)
}

const dir = mkdtempSync(join(tmpdir(), 'gitvirt-bench-desired-'))
try {
  await main(dir)
} finally {
  rmSync(dir, { recursive: true, force: true })
}
