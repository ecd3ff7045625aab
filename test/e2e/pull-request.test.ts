import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, suite, test } from 'node:test'
import { bareMachine, blank } from '../../lab/bare-machine.ts'
import { startDemo, type Demo } from '../../lab/demo.ts'
import { fleetClient, type FleetClient } from '../../lab/fleet-client.ts'
import { forwardSocketToPort } from '../../lab/forward.ts'
import { until } from '../../lab/wait.ts'
import { postWebhook } from '../../lab/webhook.ts'
import type { BlameReport } from '../../reconciler/history/report/blame-report.ts'
import { forgeToken, repository, startForgeServer, type ForgeServer } from '../fakes/forge-server.ts'

const domain = 'default_web'
const webhookSecret = 'a secret between forge and reconciler'
const forgePort = 8100
const vmFile = 'vms/web.yaml'

const policy = `apiVersion: gitvirt.io/v1alpha1
kind: Fleet
metadata:
  name: requests
spec:
  disruption:
    unattended: restart
`

const machine = bareMachine({ name: 'web', disk: blank, cores: 1 })

const author = 'author <author@example.org>'
const operator = 'operator <operator@example.org>'

// That blame names each of 20 fields through 30 commits, eight requests, rebases, renames, splits and an overlay is shown with a host in memory
// in test/integration/reconciler/history/whole-chain.test.ts; here is the way of one change to a guest.
suite('a change from its request to the guest and back to who asked for it', () => {
  let demo: Demo
  let fleet: FleetClient
  let forge: ForgeServer
  const stack = new AsyncDisposableStack()

  before(async () => {
    const folder = await mkdtemp(join(tmpdir(), 'gv-request-'))
    stack.defer(async () => await rm(folder, { recursive: true, force: true }))
    const [secretFile, tokenFile, socket] = ['secret', 'token', 'forge.sock'].map((name) => join(folder, name)) as [string, string, string]
    await writeFile(secretFile, webhookSecret, { mode: 0o600 })
    await writeFile(tokenFile, forgeToken, { mode: 0o600 })
    forge = stack.adopt(await startForgeServer('github'), async (value) => await value.close())
    const port = Number(new URL(forge.api).port)
    stack.adopt(await forwardSocketToPort(socket, port), async (value) => await value.close())
    const toForge = ['--forge', 'github', '--forge-api', `http://127.0.0.1:${forgePort}`, '--forge-repo', repository]
    const own = ['--environment', 'prod', '--notes', '--poll', '1h', '--webhook-secret-file', secretFile]
    demo = await startDemo({
      name: 'request',
      push: true,
      reach: [{ port: forgePort, socket }],
      upArguments: [...own, ...toForge, '--forge-token-file', tokenFile],
    })
    stack.adopt(demo, async (value) => await value.close())
    fleet = fleetClient(demo)
    await fleet.remove('vms/demo.yaml')
    await fleet.remove('networks/br1.yaml')
    await fleet.write('gitvirt.yaml', policy)
    await fleet.write(vmFile, machine)
    await demo.git('add', '--all')
    await demo.git('commit', '--quiet', '--author', operator, '--message', 'Add a machine')
    await demo.git('push', '--quiet', '--set-upstream', 'origin', 'main')
    await demo.startGitvirt()
    await fleet.status('web', 'Running', 120)
  })
  after(async () => await stack.disposeAsync())

  const hook = async (): Promise<void> => assert.equal(await postWebhook(demo.kubeconfig, webhookSecret), 202)
  const comment = (): string => forge.world.comments.find(({ request }) => request === 1)?.body ?? ''
  let head = ''
  let pid = 0

  test('a request is planned against the guest that runs, in a comment and a status, and changes nothing', async () => {
    pid = await fleet.qemuPid(domain)
    await demo.git('switch', '--quiet', '--create', 'more-memory')
    await fleet.edit(vmFile, (text) => text.replace('guest: 64Mi', 'guest: 96Mi'))
    await demo.git('commit', '--quiet', '--all', '--author', author, '--message', 'Give web more memory')
    head = (await demo.git('rev-parse', 'HEAD')).trim()
    await demo.git('push', '--quiet', 'origin', 'HEAD:refs/pull/1/head')
    await demo.git('switch', '--quiet', 'main')
    forge.world.requests.push({ number: 1, head, title: 'Give web more memory', base: 'main' })
    await hook()
    const status = await until('the status', () => forge.world.statuses.find(({ commit }) => commit === head))
    assert.deepEqual([status.context, status.state], ['gitvirt/plan/prod', 'success'])
    assert.match(comment(), /web on request: update in-place \[restart\]/)
    assert.match(comment(), /domain\.memory\.guest: +"64Mi" -> "96Mi" {2}\[restart\]/)
    assert.match(comment(), /restarts: VirtualMachine\/default\/web/)
    assert.equal(await fleet.qemuPid(domain), pid)
  })

  test('once merged, just what was planned is carried out on the host', async () => {
    await demo.git('merge', '--quiet', '--no-ff', '--message', 'Merge pull request #1 from author/more-memory', 'more-memory')
    await demo.git('push', '--quiet', 'origin', 'main')
    await hook()
    // Between the old process and the new one there is none.
    const isAnother = async (): Promise<boolean> => (await fleet.qemuPid(domain).catch(() => pid)) !== pid
    await until('another process with more memory', async () =>
      (await isAnother()) && /Used memory:\s+98304 KiB/.test(await demo.host.virsh('dominfo', domain)) ? true : undefined,
    )
    await until('an empty plan', async () => ((await fleet.plan()).changes.length === 0 ? true : undefined))
    assert.match((await demo.gitvirt('events')).stdout, /MergedAsPlanned/)
  })

  test('a clone with the notes tells where the commit landed, and who asked for which field', async () => {
    const clone = join(demo.host.dir, 'audit')
    const git = async (...args: string[]): Promise<string> => (await demo.host.run('git', args)).stdout
    const url = 'http://127.0.0.1:8080/fleet.git'
    await git('clone', '--quiet', url, clone)
    const merge = (await demo.git('rev-parse', 'HEAD')).trim()
    const noted = async (): Promise<string | undefined> => {
      await git('-C', clone, 'fetch', '--quiet', '--force', 'origin', 'refs/notes/gitvirt:refs/notes/gitvirt')
      const text = await git('-C', clone, 'log', '-1', '--notes=gitvirt', merge)
      return text.includes('RestartDomain') ? text : undefined
    }
    assert.match(await until('the receipts', noted), /"node":"request"[^\n]*"result":"succeeded"[^\n]*"step":"RestartDomain"/)
    const verified = await demo.gitvirt('audit', 'verify', '--repo', clone)
    assert.equal(verified.exitCode, 0, verified.stdout + verified.stderr)
    const blame = JSON.parse((await demo.gitvirt('blame', 'vm/web', '--repo', clone, '-o', 'json')).stdout) as BlameReport
    const field = (end: string): BlameReport['fields'][number] | undefined => blame.fields.find(({ field }) => field.endsWith(end))
    const memory = field('domain.memory.guest')
    assert.deepEqual([memory?.value, memory?.commit, memory?.author.email, memory?.pullRequest], ['96Mi', head, 'author@example.org', '#1'])
    assert.deepEqual(
      memory?.landed?.map(({ node }) => node),
      ['request'],
    )
    const cores = field('domain.cpu.cores')
    assert.deepEqual([cores?.value, cores?.author.email], [1, 'operator@example.org'])
    const log = (await demo.gitvirt('log', 'vm/web', '--repo', clone)).stdout
    assert.match(log, /author +#1 +restart +request \d{4}-/)
  })
})
