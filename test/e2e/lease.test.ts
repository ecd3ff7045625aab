import assert from 'node:assert/strict'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { after, before, suite, test } from 'node:test'
import { startDemo, type Demo } from '../../lab/demo.ts'
import { conditionOf, fleetClient, type FleetClient } from '../../lab/fleet-client.ts'
import { until } from '../../lab/wait.ts'

const key = 'VirtualMachine/default/demo'
const domain = 'default_demo'

suite('manual changes under a lease', () => {
  let demo: Demo
  let fleet: FleetClient
  let gitvirt: ChildProcess

  const memory = async (): Promise<string> =>
    /<memory unit='KiB'>(\d+)</.exec(await demo.host.virsh('dumpxml', '--inactive', domain))?.[1] ?? ''
  const setMemory = async (kib: number): Promise<void> => {
    await demo.host.virsh('setmaxmem', domain, String(kib), '--config')
    await demo.host.virsh('setmem', domain, String(kib), '--config')
  }
  const change = async () => (await fleet.plan()).changes.find((one) => one.key === key)

  before(async () => {
    demo = await startDemo({ name: 'lease', push: true })
    fleet = fleetClient(demo)
    gitvirt = await demo.startGitvirt()
    await fleet.push('Add a guest, its disk and a bridge')
    await fleet.status('demo', 'Running', 120)
    await until('an empty plan', async () => ((await fleet.plan()).changes.length === 0 ? true : undefined), { seconds: 30 })
  })
  after(async () => {
    await demo?.close()
  })

  test('memory that is changed by hand stands, and the plan says why and until when', async () => {
    const leased = await demo.gitvirt('lease', 'vm/demo', '--for', '1h', '--reason', 'more memory for an incident')
    assert.equal(leased.exitCode, 0, leased.stderr)
    await setMemory(262_144)
    const held = await until('the drift', async () => {
      const found = await change()
      return found?.fields.some(({ path }) => path === 'domain:domain/memory') === true ? found : undefined
    })
    assert.equal(held.blocked[0]?.reason, 'Leased')
    assert.match(held.blocked[0]?.message ?? '', /more memory for an incident/)
    assert.match((await demo.gitvirt('get', 'vm')).stdout, /demo .*Running,Leased/)
    assert.equal(conditionOf(await fleet.object('vm', 'demo'), 'Leased')?.status, 'True')
    assert.equal((await demo.gitvirt('reconcile')).exitCode, 0)
    assert.equal(await memory(), '262144')
  })

  test('a guest that is stopped by hand stays off, also when gitvirt is killed and started again', async () => {
    await demo.host.virsh('destroy', domain)
    await until('that the guest is told as off', async () => ((await fleet.object('vmi', 'demo')) === undefined ? true : undefined))
    const ended = once(gitvirt, 'exit')
    gitvirt.kill('SIGKILL')
    await ended
    gitvirt = await demo.startGitvirt()
    await until('the lease', async () =>
      (await demo.gitvirt('lease', 'list')).stdout.includes('more memory for an incident') ? true : undefined,
    )
    await until('a plan', async () => ((await change())?.blocked.some(({ reason }) => reason === 'Leased') === true ? true : undefined))
    assert.match(await demo.host.virsh('domstate', domain), /shut off/)
    assert.equal(await memory(), '262144')
  })

  test('at the end of the lease the machine is again as Git has it, and runs', async () => {
    assert.equal((await demo.gitvirt('lease', 'end', 'vm/demo')).exitCode, 0)
    await until('the old memory', async () => ((await memory()) === '196608' ? true : undefined))
    await fleet.status('demo', 'Running', 60)
    await until('an empty plan', async () => ((await fleet.plan()).changes.length === 0 ? true : undefined), { seconds: 30 })
  })

  test('what is to be adopted is written to a branch, stands until it is merged, and is then what Git wants', async () => {
    const leased = await demo.gitvirt('lease', 'vm/demo', '--for', '1h', '--then', 'adopt', '--reason', 'more memory')
    assert.equal(leased.exitCode, 0, leased.stderr)
    await setMemory(262_144)
    await until('the drift', async () =>
      (await change())?.fields.some(({ path }) => path === 'domain:domain/memory') === true ? true : undefined,
    )
    assert.equal((await demo.gitvirt('lease', 'end', 'vm/demo')).exitCode, 0)
    const branch = await until(
      'the branch',
      async () => /gitvirt\/adopt\/demo-\d{8}/.exec((await demo.gitvirt('lease', 'list')).stdout)?.[0],
    )
    assert.equal(await memory(), '262144')
    await demo.git('fetch', '--quiet', 'origin')
    assert.match(await demo.git('diff', 'HEAD', `origin/${branch}`), /-\s+guest: 192Mi\n\+\s+guest: 256Mi/)
    await demo.git('merge', '--quiet', '--ff-only', `origin/${branch}`)
    await demo.git('push', '--quiet', 'origin', 'main')
    assert.equal((await demo.gitvirt('reconcile')).exitCode, 0)
    await until('that the lease is over', async () =>
      (await demo.gitvirt('lease', 'list')).stdout.includes('No leases') ? true : undefined,
    )
    assert.equal(await memory(), '262144')
  })
})
