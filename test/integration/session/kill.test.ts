import assert from 'node:assert/strict'
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { lockForProcess } from '../../../reconciler/lib/process-lock.ts'
import type { Endpoint } from '../../../agent/session/connect.ts'
import { changeOf, createMachine, createVolume, machineSpec, sealed, startHub, stepOf, until, type Hub } from './lab.ts'
import type { Change } from '../../../schemas/generated/plan.ts'

const machineKey = 'VirtualMachine/default/web'
const volumeKey = 'DataVolume/default/disk'
let hub: Hub
let child: ChildProcess | undefined
let over = false

beforeEach(async () => {
  over = false
  hub = await startHub()
})
afterEach(async () => {
  over = true
  if (child?.exitCode === null && child.signalCode === null) {
    child.kill('SIGKILL')
    await once(child, 'exit')
  }
  await hub.close()
})

type Kill = { moment: 'before' | 'after'; verb: string }

function startChild(endpoint: Endpoint, kill?: Kill): ChildProcess {
  const argument = JSON.stringify({ dir: join(hub.dir, 'child'), node: 'h1', endpoint, kill })
  child = spawn(process.execPath, [join(import.meta.dirname, 'fixtures-agent.ts'), argument], { stdio: 'inherit' })
  return child
}

/** What a planner would say: a volume, then a machine that runs on it. */
function wanted(): Change[] {
  const volume = hub.observed.view.get(volumeKey)[0]?.object
  const machine = hub.observed.view.get(machineKey)[0]?.object
  const changes: Change[] = []
  if (volume?.kind !== 'DataVolume' || volume.phase !== 'Succeeded')
    changes.push({ ...createVolume('disk'), base: volume?.digest ?? 'absent' })
  if (machine?.kind !== 'VirtualMachine') changes.push(createMachine('web', { after: [volumeKey] }))
  else if (machine.state !== 'running') {
    changes.push(changeOf(machineKey, [stepOf('StartDomain', machineKey, { machine: machineSpec('web') })], { base: machine.digest }))
  }
  return changes
}

/** The reconciler's loop in small: plan again whenever something changes. */
async function converge(): Promise<void> {
  const plan = (): void => {
    const changes = wanted()
    if (changes.length > 0) void hub.dispatcher.dispatch(sealed(changes), 'h1')
  }
  const stop = hub.observed.watch(plan)
  const timer = setInterval(plan, 300)
  plan()
  try {
    await until('the machine runs and nothing is left to do', () => wanted().length === 0, 90)
  } finally {
    clearInterval(timer)
    stop()
  }
}

describe('an agent that is killed with SIGKILL', () => {
  const moments: Kill[] = ['begin', 'ensure', 'define', 'start'].flatMap((verb) => [
    { moment: 'before', verb },
    { moment: 'after', verb },
  ])
  for (const kill of moments) {
    it(`${kill.moment} the step that does "${kill.verb}" converges after its restart, and does nothing twice`, async () => {
      await mkdir(join(hub.dir, 'child'), { recursive: true })
      const endpoint = await hub.endpoint('h1')
      const first = startChild(endpoint, kill)
      const died = once(first, 'exit').then(([, signal]) => {
        assert.equal(signal, 'SIGKILL')
        // Nothing is started behind the back of a test that has failed meanwhile.
        if (!over) startChild(endpoint, kill)
      })
      await converge()
      await died
      const notes = (await readFile(join(hub.dir, 'child', 'world.json.notes'), 'utf8')).trim().split('\n')
      const effects = notes.filter((line) => line.startsWith('effect')).toSorted()
      const once_ = (verb: string, key: string): string => `effect ${verb} ${key}`
      const all = [once_('begin', volumeKey), once_('ensure', volumeKey), once_('define', machineKey), once_('start', machineKey)]
      // A kill right after an act may come before its note, never the other way round.
      assert.deepEqual([...new Set(effects)], effects, 'an effect came twice')
      for (const effect of effects) assert.ok(all.includes(effect), effect)
      const world = JSON.parse(await readFile(join(hub.dir, 'child', 'world.json'), 'utf8')) as {
        machines: Record<string, { boots: number }>
      }
      assert.equal(world.machines[machineKey]?.boots, 1)
    })
  }
})

describe('the lock of a state folder', () => {
  it('keeps a second agent out, and lets one in after the first was killed', async () => {
    const dir = join(hub.dir, 'child')
    await mkdir(dir, { recursive: true })
    const lock = (): (() => void) =>
      lockForProcess({ path: join(dir, 'state', 'agent.lock'), code: 'AgentRunning', what: 'The state folder' })
    const first = startChild(await hub.endpoint('h1'))
    await until('the first is connected', () => hub.observed.view.node('h1')?.connected === true, 60)
    assert.throws(() => lock(), { code: 'AgentRunning' })
    first.kill('SIGKILL')
    await once(first, 'exit')
    const unlock = lock()
    assert.throws(() => lock(), { code: 'AgentRunning' })
    unlock()
  })
})
