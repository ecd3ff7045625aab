import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, suite, test } from 'node:test'
import { parse } from 'yaml'
import { bareMachine, blankDisk } from '../../lab/bare-machine.ts'
import { startDemo, type Demo } from '../../lab/demo.ts'
import { conditionOf, fleetClient, type FleetClient } from '../../lab/fleet-client.ts'
import { until } from '../../lab/wait.ts'
import { postWebhook } from '../../lab/webhook.ts'
import { run, type ExecResult } from '../../reconciler/lib/exec.ts'

const domain = 'default_demo'
const webhookSecret = 'a secret between forge and reconciler'

const policy = `apiVersion: gitvirt.io/v1alpha1
kind: Fleet
metadata:
  name: git
spec:
  prune:
    maxCount: 1
    quarantine: 4s
  images:
    allowedPrivateHosts:
      - 127.0.0.1:8090
`

const foreignNetwork = "<network><name>gitvirt-pod</name><bridge name='theirs0'/><ip address='203.0.113.1' prefix='24'/></network>"

const kubectlMissing = await run('kubectl', ['version', '--client']).then(
  () => false as const,
  () => 'kubectl is not installed on this machine',
)

suite('what happens in Git', () => {
  let demo: Demo
  let fleet: FleetClient
  let firstCommit: string
  let folder: string

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'gv-webhook-'))
    const secretFile = join(folder, 'secret')
    await writeFile(secretFile, webhookSecret, { mode: 0o600 })
    // So rarely that only hooks and "gitvirt reconcile" fetch.
    demo = await startDemo({ name: 'git', upArguments: ['--poll', '1h', '--webhook-secret-file', secretFile] })
    fleet = fleetClient(demo)
    // What somebody else made under the name that ours would have.
    await writeFile(join(demo.host.dir, 'foreign.xml'), foreignNetwork)
    await demo.host.virsh('net-define', join(demo.host.dir, 'foreign.xml'))
    await fleet.remove('vms/demo.yaml')
    await fleet.write('gitvirt.yaml', policy)
    await commit('Policy and network only')
    firstCommit = (await demo.git('rev-parse', 'HEAD')).trim()
    await demo.startGitvirt()
  })
  after(async () => {
    await demo?.close()
    await rm(folder, { recursive: true, force: true })
  })

  const commit = async (message: string): Promise<void> => {
    await demo.git('add', '--all')
    await demo.git('commit', '--quiet', '--message', message)
    await demo.git('push', '--quiet', '--force', '--set-upstream', 'origin', 'main')
  }
  const kubectl = async (...args: string[]): Promise<ExecResult> =>
    await run('kubectl', ['--kubeconfig', demo.kubeconfig, '--cache-dir', join(demo.host.dir, 'kube-cache'), ...args], {
      okCodes: [1],
      timeout: 60_000,
    })
  const said = async (...args: string[]): Promise<string> => {
    const { exitCode, stdout, stderr } = await kubectl(...args)
    assert.equal(exitCode, 0, stderr)
    return stdout
  }
  const emptyPlan = async (): Promise<void> =>
    void (await until('an empty plan', async () => ((await fleet.plan()).changes.length === 0 ? true : undefined), { seconds: 60 }))
  /** Waits until every deletion of the plan is held back, and that nothing was done to the machine. */
  const heldBack = async (words: RegExp): Promise<string> => {
    const plan = await until(
      'a blocked plan',
      async () => {
        const { changes, ...rest } = (await fleet.plan()) as Awaited<ReturnType<FleetClient['plan']>> & { readonly id: string }
        const deletions = changes.filter(({ action }) => action === 'delete')
        return deletions.some(({ key }) => key === 'VirtualMachine/default/demo') ? { id: rest.id, deletions } : undefined
      },
      { seconds: 30 },
    )
    for (const { key, blocked } of plan.deletions.filter(({ key }) => !key.startsWith('NodeNetwork'))) {
      const block = blocked.find(({ reason }) => reason === 'PruneThreshold')
      assert.match(block?.message ?? `${key} is not blocked`, words)
      assert.match(block?.unblock ?? '', /Approve/)
    }
    assert.match(await demo.host.virsh('list', '--name'), /^default_demo$/m)
    return plan.id
  }

  test('a webhook of the forge triggers a fetch; an unsigned one is refused', async () => {
    await fleet.write('vms/demo.yaml', `${bareMachine({ name: 'demo' })}---\n${blankDisk('demo-root')}`)
    await commit('Add a machine')
    assert.equal(await postWebhook(demo.kubeconfig, 'wrong'), 401)
    assert.equal((await demo.gitvirt('get', 'vm', 'demo')).exitCode, 1, 'nothing is fetched for an unsigned hook')
    assert.equal(await postWebhook(demo.kubeconfig, webhookSecret), 202)
    await fleet.status('demo', 'Running', 120)
    await emptyPlan()
  })

  suite('through kubectl', { skip: kubectlMissing }, () => {
    test('lists what there is, wide and as YAML', async () => {
      const all = await said('get', 'vm,dv,nncp,nodes', '-A')
      for (const words of [
        /virtualmachine\S*\/demo\s+\S+\s+Running\s+True/,
        /datavolume\S*\/demo-root\s+Succeeded/,
        /\/br1\s+Available/,
        /node\/git\s+Ready/,
      ])
        assert.match(all, words)
      const wide = await said('get', 'vm,dv,nncp,nodes', '-A', '-o', 'wide')
      assert.match(wide, /INTERNAL-IP/)
      const list = parse(await said('get', 'vm,dv,nncp,nodes', '-A', '-o', 'yaml')) as {
        items: { kind: string; metadata: { name: string } }[]
      }
      assert.deepEqual(list.items.map(({ kind, metadata }) => `${kind}/${metadata.name}`).sort(), [
        'DataVolume/demo-root',
        'Node/git',
        'NodeNetworkConfigurationPolicy/br1',
        'VirtualMachine/demo',
      ])
    })

    test('describes a machine with its events, and lists events', async () => {
      const text = await said('describe', 'vm', 'demo')
      assert.match(text, /^Name:\s+demo$/m)
      assert.match(text, /Printable Status:\s+Running/)
      assert.match(text, /Events:[\s\S]*SuccessfulCreate/)
      assert.match(await said('get', 'events'), /virtualmachine\S*\/demo/i)
    })

    test('watches a change as it happens', async () => {
      await using watch = watchMachines(demo)
      await until('the first line', () => watch.text().includes('Running') || undefined)
      assert.equal((await demo.gitvirt('pause', 'demo')).exitCode, 0)
      await until('the change', () => /demo\s+\S+\s+Paused/.test(watch.text()) || undefined, { seconds: 30 })
      assert.equal((await demo.gitvirt('unpause', 'demo')).exitCode, 0)
      await fleet.status('demo', 'Running')
    })

    test('apply, edit and delete are refused with repository, branch and file', async () => {
      const manifest = join(demo.host.dir, 'apply.yaml')
      await writeFile(manifest, bareMachine({ name: 'demo' }).replace('guest: 64Mi', 'guest: 128Mi'))
      const attempts = [
        await kubectl('apply', '--filename', manifest),
        await run('kubectl', ['--kubeconfig', demo.kubeconfig, 'edit', 'vm', 'demo'], {
          okCodes: [1],
          env: { KUBE_EDITOR: 'sed -i s/64Mi/128Mi/', HOME: demo.host.dir },
        }),
        await kubectl('delete', 'vm', 'demo', '--wait=false'),
        await kubectl('patch', 'vm', 'demo', '--type', 'merge', '--patch', '{"spec":{"runStrategy":"Halted"}}'),
      ]
      for (const { exitCode, stdout, stderr } of attempts) {
        assert.equal(exitCode, 1, stdout)
        assert.match(stderr, /http:\/\/127\.0\.0\.1:8080\/fleet\.git/)
        assert.match(stderr, /branch \\?"main\\?"/)
        assert.match(stderr, /vms\/demo\.yaml/)
      }
      await emptyPlan()
    })
  })

  test('nothing is carried out while the environment is suspended', async () => {
    assert.equal((await demo.gitvirt('suspend', '--reason', 'the power is tested')).exitCode, 0)
    await fleet.write('vms/extra.yaml', blankDisk('extra'))
    await fleet.push('Add a disk')
    const change = await until('the plan', async () => (await fleet.plan()).changes.find(({ key }) => key === 'DataVolume/default/extra'))
    assert.equal(change.blocked[0]?.reason, 'Suspended')
    assert.match(change.blocked[0]?.message ?? '', /the power is tested/)
    assert.match((await demo.gitvirt('status')).stdout, /Suspended:\s+true/)
    assert.equal((await fleet.object('dv', 'extra'))?.status?.phase, 'Pending')
    assert.equal((await demo.gitvirt('resume')).exitCode, 0)
    await fleet.wait('dv', 'extra', { what: 'Succeeded', is: (one) => one?.status?.phase === 'Succeeded' })
  })

  test('a removed disk is kept for its time and is gone after it', async () => {
    const pool = join(demo.stateDir, 'pools')
    const named = async (): Promise<string> =>
      (await demo.host.run('find', [pool, join(demo.stateDir, 'agent', 'storage'), '-name', '*extra*'])).stdout
    assert.match(await named(), /gitvirt_default_extra\.raw/)
    await fleet.remove('vms/extra.yaml')
    await fleet.push('Remove the disk')
    await until('the disk to be gone', async () => ((await named()) === '' ? true : undefined), { seconds: 60 })
    await fleet.wait('dv', 'extra', { what: 'gone', is: (one) => one === undefined })
    assert.match((await demo.gitvirt('events')).stdout, /Quarantined\s+.*extra/)
    assert.equal((await fleet.object('vm', 'demo'))?.status?.printableStatus, 'Running')
  })

  test('a deleted branch deletes nothing', async () => {
    const commit = (await demo.git('rev-parse', 'HEAD')).trim()
    await run('git', ['-C', demo.repository, 'branch', 'spare', 'main'])
    await run('git', ['-C', demo.repository, 'update-ref', '-d', 'refs/heads/main'])
    await demo.gitvirt('reconcile')
    assert.match((await demo.gitvirt('status')).stdout, /Error:.*main/)
    assert.equal((await fleet.plan()).changes.length, 0)
    assert.match(await demo.host.virsh('list', '--name'), /^default_demo$/m)
    await run('git', ['-C', demo.repository, 'update-ref', 'refs/heads/main', commit])
    await demo.gitvirt('reconcile')
    assert.doesNotMatch((await demo.gitvirt('status')).stdout, /Error:/)
  })

  test('a commit without any file deletes nothing', async () => {
    await demo.git('rm', '-r', '--quiet', '.')
    await fleet.push('Remove everything')
    await heldBack(/Git has no machine, volume or network policy left, and 2 objects are applied/)
    await demo.git('revert', '--no-edit', 'HEAD')
    await fleet.push('Bring everything back')
    await emptyPlan()
  })

  test('a force-push that drops machines is told and held back, until a person approves', async () => {
    const kept = (await demo.git('rev-parse', 'HEAD')).trim()
    await demo.git('push', '--quiet', '--force', 'origin', `${firstCommit}:main`)
    await demo.gitvirt('reconcile')
    const plan = await heldBack(/2 machines and volumes would be deleted; spec\.prune\.maxCount is 1/)
    assert.match((await demo.gitvirt('events', '-A')).stdout, /HistoryRewritten/)
    const approved = await demo.gitvirt('approve', plan)
    assert.equal(approved.exitCode, 0, approved.stderr)
    const gone = async (): Promise<true | undefined> =>
      (await demo.host.virsh('list', '--all', '--name')).includes(domain) ? undefined : true
    await until('the domain to be gone', gone, { seconds: 60 })
    await fleet.wait('dv', 'demo-root', { what: 'gone', is: (one) => one === undefined, seconds: 60 })
    await demo.git('push', '--quiet', '--force', 'origin', `${kept}:main`)
    await demo.gitvirt('reconcile')
    await fleet.status('demo', 'Running', 120)
  })

  test("a foreign network of our network's name stays as it is, and the machine that needs ours says why", async () => {
    const before = await demo.host.virsh('net-dumpxml', 'gitvirt-pod')
    await fleet.write('vms/pod.yaml', `${bareMachine({ name: 'pod', pod: true })}---\n${blankDisk('pod-root')}`)
    await fleet.push('Add a machine on the pod network')
    const told = /A libvirt network named gitvirt-pod exists that gitvirt did not make/
    const vm = await fleet.wait('vm', 'pod', {
      what: 'a reason',
      is: (one) => told.test(JSON.stringify(one?.status?.conditions ?? [])),
    })
    assert.notEqual(vm?.status?.printableStatus, 'Running')
    assert.notEqual(conditionOf(vm, 'Ready')?.status, 'True')
    assert.match((await demo.gitvirt('events')).stdout, /gitvirt-pod/)
    assert.equal(await demo.host.virsh('net-dumpxml', 'gitvirt-pod'), before)
    assert.match(await demo.host.virsh('net-info', 'gitvirt-pod'), /Active:\s+no/)
    assert.equal((await fleet.object('vm', 'demo'))?.status?.printableStatus, 'Running')
  })
})

type Watch = AsyncDisposable & { readonly text: () => string }

function watchMachines(demo: Demo): Watch {
  const child = spawn('kubectl', ['--kubeconfig', demo.kubeconfig, 'get', 'vm', '-w'], { stdio: ['ignore', 'pipe', 'ignore'] })
  let text = ''
  child.stdout.on('data', (chunk: Buffer) => (text += chunk.toString()))
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()))
  return {
    text: () => text,
    [Symbol.asyncDispose]: async () => {
      child.kill()
      await ended
    },
  }
}
