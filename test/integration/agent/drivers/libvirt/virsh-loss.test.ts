import assert from 'node:assert/strict'
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, afterEach, before, beforeEach, describe, it } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { createMachineDriver } from '../../../../../agent/drivers/libvirt/driver.ts'
import { createVirsh, type Reply, type Virsh } from '../../../../../agent/drivers/libvirt/virsh.ts'
import type { MachineDriver } from '../../../../../agent/drivers/types.ts'
import { startHost, type LabHost } from '../../../../../lab/host.ts'
import { errorCode } from '../../../../../reconciler/lib/errors.ts'
import { startFront, type Front } from './front.ts'
import { machineOf, noData, openBench, until, type Bench } from './guest.ts'

const uid = '6a3f1f6e-3a51-4d0c-8f0b-0d1f5f3c9a01'
const domain = `<domain type='qemu'><name>there</name><uuid>${uid}</uuid><memory unit='MiB'>64</memory><os><type>hvm</type></os></domain>`

/** What an observation asks of one domain, as often as asked: few go through a session, many through a process. */
function questions(times: number): string[][] {
  return Array.from({ length: times }, () => [
    ['domstate', '--reason', '--domain', uid],
    ['dumpxml', '--inactive', '--domain', uid],
    ['dumpxml', '--domain', uid],
  ]).flat()
}

/** Asks once: 'answered', 'unreachable', or what a caller must never be told of a domain that exists. */
async function ask(virsh: Virsh, times: number): Promise<string> {
  let replies: readonly Reply[]
  try {
    replies = await virsh.batch(questions(times))
  } catch (error) {
    return errorCode(error) === 'LibvirtUnreachable' ? 'unreachable' : String(error)
  }
  const wrong = replies.filter((reply) => typeof reply !== 'string' || !/shut off|<uuid>/.test(reply))
  return wrong.length === 0 ? 'answered' : wrong.map(String).join(', ')
}

/** A libvirtd of the test on a host that has none, so that it can be ended and started again. */
async function startLibvirtd(host: LabHost): Promise<ChildProcess> {
  const words = ['libvirtd', '--config', '/etc/libvirt/libvirtd.conf', '--pid-file', join(host.dir, 'run', 'libvirtd.pid')]
  const [program = '', ...args] = [...host.enter, ...words]
  const child = spawn(program, args, { stdio: 'ignore' })
  await until(
    async () => await host.virsh('list').catch(() => undefined),
    (text) => text !== undefined,
  )
  return child
}

describe('a domain whose libvirt goes away is never told as gone', () => {
  let host: LabHost
  let libvirtd: ChildProcess
  let front: Front
  let virsh: Virsh

  before(async () => {
    host = await startHost({ name: 'gvloss', libvirt: false })
    await mkdir(join(host.dir, 'run'), { recursive: true })
    libvirtd = await startLibvirtd(host)
    const file = join(host.dir, 'there.xml')
    await writeFile(file, domain)
    await host.virsh('define', file)
    const socket = join(host.dir, 'front.sock')
    front = await startFront(socket, join(host.dir, 'run', 'libvirt-sock'))
    virsh = createVirsh(`qemu+unix:///system?socket=${socket}`)
  })
  after(async () => {
    front?.cut()
    await virsh?.close()
    await host?.close()
  })

  for (const [size, times] of [
    ['a few', 1],
    ['many', 10],
  ] as const) {
    it(`where the connection is cut right before ${size} questions`, async () => {
      for (let round = 0; round < 20; round += 1) {
        assert.equal(await ask(virsh, times), 'answered')
        front.drop()
        assert.equal(await ask(virsh, times), 'answered')
      }
    })

    it(`where the connection is cut amid ${size} questions`, async () => {
      for (let round = 0; round < 40; round += 1) {
        await ask(virsh, 1)
        const asked = ask(virsh, times)
        await delay(round / 4)
        front.drop()
        assert.equal(await asked, 'answered')
      }
    })

    it(`where no new connection can be made for ${size} questions`, async () => {
      for (let round = 0; round < 10; round += 1) {
        assert.equal(await ask(virsh, times), 'answered')
        front.cut()
        assert.equal(await ask(virsh, times), 'unreachable')
        await front.open()
      }
    })

    it(`where libvirtd is ended and started again while ${size} questions are asked all the time`, async () => {
      const direct = createVirsh(host.uri)
      const told = new Map<string, number>()
      const restarted = new AbortController()
      const asking = (async () => {
        while (!restarted.signal.aborted) {
          const answer = await ask(direct, times)
          told.set(answer, (told.get(answer) ?? 0) + 1)
          await delay(1)
        }
      })()
      for (const signal of ['SIGTERM', 'SIGKILL', 'SIGTERM', 'SIGKILL', 'SIGTERM'] as const) {
        const ended = once(libvirtd, 'exit')
        libvirtd.kill(signal)
        await ended
        libvirtd = await startLibvirtd(host)
        await delay(300)
      }
      restarted.abort()
      await asking
      await direct.close()
      assert.deepEqual([...told.keys()].toSorted(), ['answered', 'unreachable'])
    })
  }
})

/**
 * A virsh without readline: it echoes nothing of what it reads. Its commands note that they were carried out. Asked about `lost` it
 * tells that its connection ended, about `quiet` it does not, as where its other thread is late. Its output waits in a buffer.
 */
const plainVirsh = `#!/bin/sh
echo() { if [ "$1" = --err ]; then printf 'error: %s\\n' "$2" >&2; else out="$out$1
"; fi; }
list() { [ ! -e "$0.dead" ] || { rm "$0.dead"; echo --err 'Failed to list domains'; }; }
note() { printf '%s\\n' "$*" >> "$0.log"; }
lose() {
  echo --err "failed to get domain '$1'"
  if [ "$1" = quiet ]; then : > "$0.dead"; else echo --err 'Disconnected from test:///default due to end of file'; fi
}
start() { note start "$2"; [ "$2" = deadly ] && kill -KILL $$ || lose "$2"; }
domstate() { note domstate "$2"; [ "$(grep -c domstate "$0.log")" = 1 ] && lose "$2" || echo running; }
run() { out=; eval "$1"; printf %s "$out"; }
[ $# -lt 4 ] || { run "$4"; exit; }
while IFS= read -r line; do run "$line"; done
`

describe('with a virsh that echoes nothing', () => {
  let dir: string
  let virsh: Virsh
  const path = process.env['PATH'] ?? ''

  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), 'gv-virsh-'))
    await writeFile(join(dir, 'virsh'), plainVirsh, { mode: 0o755 })
    process.env['PATH'] = `${dir}:${path}`
    virsh = createVirsh('test:///default')
  })
  afterEach(async () => {
    process.env['PATH'] = path
    await virsh.close()
    await rm(dir, { recursive: true })
  })
  const log = async (): Promise<string[]> => (await readFile(join(dir, 'virsh.log'), 'utf8')).trim().split('\n')

  for (const domain of ['lost', 'quiet']) {
    it(`a command that failed with the connection is told as unreachable and not done again: ${domain}`, async () => {
      const message = `virsh start: the connection to libvirt was lost: failed to get domain '${domain}'`
      await assert.rejects(virsh.call(['start', '--domain', domain]), { code: 'LibvirtUnreachable', message })
      assert.deepEqual(await log(), [`start ${domain}`])
    })

    for (const times of [1, 20]) {
      it(`${times} questions of which one failed with the connection are asked once more: ${domain}`, async () => {
        const replies = await virsh.batch(Array.from({ length: times }, () => ['domstate', '--domain', domain]))
        assert.deepEqual(
          replies,
          Array.from({ length: times }, () => 'running\n'),
        )
        assert.equal((await log()).length, 2 * times)
      })
    }
  }

  it('a command amid which virsh died is not done again', async () => {
    await assert.rejects(virsh.call(['start', '--domain', 'deadly']), { code: 'LibvirtFailed' })
    assert.deepEqual(await log(), ['start deadly'])
  })
})

describe('a machine whose libvirt goes away', () => {
  let bench: Bench
  let front: Front
  let driver: MachineDriver
  const machine = machineOf('kept')

  before(async () => {
    bench = await openBench('lvloss')
    await bench.driver.define(machine, noData)
    await bench.driver.start(machine.key)
    await bench.driver.close()
    const socket = join(bench.host.dir, 'front.sock')
    front = await startFront(socket, join(bench.host.dir, 'run', 'libvirt-sock'))
    driver = createMachineDriver(
      { ...bench.context, libvirtUri: `qemu+unix:///system?socket=${socket}` },
      { file: async (key) => bench.files.get(key) },
    )
    await driver.prepare()
  })
  after(async () => {
    await driver?.close()
    front?.cut()
    await bench?.close()
  })

  it('keeps its boot record', async () => {
    const [begun] = await driver.observe([machine.key])
    for (let round = 0; round < 40; round += 1) {
      const observing = driver.observe([machine.key])
      await delay(round / 4)
      front.drop()
      const [facts] = await observing
      assert.deepEqual([facts?.state, facts?.startedAt, facts?.drift], ['running', begun?.startedAt, []])
    }
  })

  it('is not undefined, and nothing of it is removed', async () => {
    const record = join(bench.context.stateDir, 'machines', `${machine.uid}.json`)
    for (let round = 0; round < 20; round += 1) {
      const [facts] = await driver.observe()
      assert.deepEqual([facts?.state, facts?.booted], ['running', machine])
      front.cut()
      await assert.rejects(driver.undefine(machine.key), { code: 'LibvirtUnreachable' })
      await stat(record)
      await stat(join(bench.context.stateDir, 'guests', machine.uid))
      await front.open()
    }
  })
})
