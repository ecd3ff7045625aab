import assert from 'node:assert/strict'
import { rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import type { Plan } from '../../../schemas/generated/plan.ts'
import { atEnd } from '../../at-end.ts'
import { forgeToken, repository, startForgeServer } from '../../fakes/forge-server.ts'
import { startCommand } from '../cli/command.ts'
import { until } from '../session/lab.ts'
import { skip } from './render/program.ts'
import type { Fixture } from './source/fixture.ts'
import { untilTrue, world, type World } from './world.ts'

const manifest = (name: string, memory = '64Mi'): string => `apiVersion: kubevirt.io/v1
kind: VirtualMachine
metadata: { name: ${name}, namespace: default }
spec:
  runStrategy: Always
  template: { spec: { domain: { devices: {}, memory: { guest: ${memory} } } } }
`

const start = async (at: World): Promise<void> =>
  await at.start({ others: [{ name: 'more', url: at.more.bare, ref: 'main', path: 'hosts' }] })
/** Until both machines run and nothing is left to do. */
const settled = async (at: World): Promise<void> =>
  await untilTrue('both run', async () => at.machines().length === 2 && (await at.changes()).length === 0)
const eventsOf = async (at: World): Promise<string[]> =>
  (await at.call<{ items: { reason: string; message: string }[] }>('/api/v1/events')).items.map(
    ({ reason, message }) => `${reason} ${message}`,
  )
const [web, db] = ['VirtualMachine/default/web', 'VirtualMachine/default/db']
const vms = '/apis/kubevirt.io/v1/namespaces/default/virtualmachines'

describe('an environment of two repositories', { timeout: 120_000 }, () => {
  it('runs what both declare, and says of each object where it is edited', async (t) => {
    const at = await world(t)
    at.own.commit({ 'web.yaml': manifest('web') })
    at.more.commit({ 'hosts/db.yaml': manifest('db'), 'elsewhere.yaml': manifest('no') })
    await start(at)
    await until('both run', () => at.machines().length === 2)
    assert.deepEqual(at.machines(), [db, web])
    const seen = await at.call<{ metadata: { annotations: Record<string, string> } }>(`${vms}/db`)
    assert.equal(seen.metadata.annotations['gitvirt.io/origin'], 'more//hosts/db.yaml:1:1')
    await assert.rejects(at.call(`${vms}/db`, 'DELETE'), { message: /remove it from hosts\/db\.yaml:1:1 on branch "main" of .*fleet\.git/ })
    const { sources } = await at.status()
    assert.deepEqual(
      sources.map(({ name, revision }) => [name, revision]),
      [['more', at.more.head()]],
    )
  })

  it('leaves an object with its owner, and moves it without deleting it', async (t) => {
    const at = await world(t)
    at.own.commit({ 'web.yaml': manifest('web') })
    at.more.commit({ 'hosts/db.yaml': manifest('db') })
    await start(at)
    await settled(at)
    at.own.commit({ 'db.yaml': manifest('db', '128Mi') })
    await untilTrue('the conflict is told', async () =>
      (await at.status()).errors.some(({ code, path }) => code === 'OwnedByOtherSource' && path === 'db.yaml'),
    )
    assert.deepEqual(await at.changes(), [])
    at.more.commit({ 'hosts/db.yaml': null, 'hosts/keep.txt': '' })
    await untilTrue('it has moved', async () => (await at.status()).errors.length === 0)
    const changes = await at.changes()
    assert.deepEqual(
      changes.filter((one) => one.startsWith('delete') || one.startsWith('create')),
      [],
    )
    assert.deepEqual(at.machines(), [db, web])
    const seen = await at.call<{ metadata: { annotations: Record<string, string> } }>(`${vms}/db`)
    assert.equal(seen.metadata.annotations['gitvirt.io/origin'], 'db.yaml:1:1')
  })

  it('remembers over a restart who has a contested object, also while its owner cannot be read', async (t) => {
    const at = await world(t)
    at.own.commit({ 'web.yaml': manifest('web') })
    at.more.commit({ 'hosts/db.yaml': manifest('db') })
    await start(at)
    await settled(at)
    await at.stop()
    await rename(at.more.bare, `${at.more.bare}.away`)
    at.own.commit({ 'db.yaml': manifest('db', '128Mi') })
    await start(at)
    const conflict = async (words: string): Promise<boolean> =>
      (await at.status()).errors.some(
        ({ code, path, message }) => code === 'OwnedByOtherSource' && path === 'db.yaml' && message.includes(words),
      )
    await untilTrue('the conflict is told', async () => await conflict('more//hosts/db.yaml, and that cannot be read now'))
    assert.deepEqual(
      (await at.changes()).filter((one) => one.endsWith(db)),
      [],
    )
    await rename(`${at.more.bare}.away`, at.more.bare)
    await untilTrue('the owner is read', async () => await conflict('which declares it in more//hosts/db.yaml:1'))
    assert.deepEqual(await at.changes(), [])
  })

  it('goes on without a source that cannot be read, whose objects stay as they are, also after a restart', async (t) => {
    const at = await world(t)
    at.own.commit({ 'web.yaml': manifest('web') })
    at.more.commit({ 'hosts/db.yaml': manifest('db') })
    await start(at)
    await until('both run', () => at.machines().length === 2)
    await at.stop()
    await rename(at.more.bare, `${at.more.bare}.away`)
    at.own.commit({ 'web.yaml': null, 'late.yaml': manifest('late') })
    await start(at)
    await until('what the first source declares runs', () => at.machines().includes('VirtualMachine/default/late'))
    await untilTrue('the source is told', async () => (await at.status()).sources.some(({ error }) => error !== undefined))
    await untilTrue('an event tells it', async () => (await eventsOf(at)).some((one) => one.startsWith('RepositoryNotFound more: ')))
    assert.ok(at.machines().includes(db))
    assert.deepEqual(
      (await at.changes()).filter((one) => one.endsWith(db)),
      [],
    )
    await rename(`${at.more.bare}.away`, at.more.bare)
    await untilTrue('its end is told', async () => (await eventsOf(at)).includes('SourceRead more is read again.'))
    at.more.commit({ 'hosts/db.yaml': null, 'hosts/x.txt': '' })
    await untilTrue('its own deletion counts', async () => !at.machines().includes(db) || (await at.changes()).includes(`delete ${db}`))
  })

  it('says once that the folder of a source is gone, and that it is read again only when it is', async (t) => {
    const at = await world(t)
    at.own.commit({ 'web.yaml': manifest('web') })
    at.more.commit({ 'hosts/db.yaml': manifest('db') })
    await start(at)
    await settled(at)
    at.more.commit({ 'hosts/db.yaml': null, 'x.txt': '' })
    const told = async (): Promise<string[]> => (await eventsOf(at)).filter((one) => /^(PathNotFound more:|SourceRead)/.test(one))
    await untilTrue('an event tells it', async () => (await told()).length === 1)
    for (const _look of [1, 2, 3]) await at.call('/gitvirt/v1/reconcile', 'POST')
    assert.equal((await told()).length, 1)
    at.more.commit({ 'hosts/db.yaml': manifest('db') })
    await at.call('/gitvirt/v1/reconcile', 'POST')
    await untilTrue('its end is told', async () => (await told()).includes('SourceRead more is read again.'))
  })

  it('previews a request of the own repository with what the other one declares', async (t) => {
    const at = await world(t)
    at.own.commit({ 'web.yaml': manifest('web') })
    at.more.commit({ 'hosts/db.yaml': manifest('db') })
    await start(at)
    await until('both run', () => at.machines().length === 2)
    at.own.git('checkout', '-q', '-b', 'topic')
    at.own.commit({ 'new.yaml': manifest('new') }, 'topic')
    const { plan } = await at.call<{ plan: Plan }>('/gitvirt/v1/plan?ref=topic')
    assert.deepEqual(
      plan.changes.filter(({ action }) => action !== 'none').map(({ key, action }) => `${action} ${key}`),
      ['create VirtualMachine/default/new'],
    )
  })

  it('plans the requests of the other repository too, comments them there, and says what their merge did', async (t) => {
    const at = await world(t)
    at.own.commit({ 'web.yaml': manifest('web') })
    at.more.commit({ 'hosts/db.yaml': manifest('db') })
    const forge = await startForgeServer('github')
    atEnd(t, async () => await forge.close())
    const tokenFile = join(at.more.dir, 'token')
    await writeFile(tokenFile, forgeToken)
    const planned = { kind: 'github', api: forge.api, repository, tokenFile, pollMs: 100 } as const
    await at.start({ environment: 'prod', others: [{ name: 'more', url: at.more.bare, ref: 'main', path: 'hosts', forge: planned }] })
    await settled(at)
    at.more.git('checkout', '-q', '-b', 'topic')
    const head = at.more.commit({ 'hosts/new.yaml': manifest('new'), 'hosts/web.yaml': manifest('web', '1Gi') }, 'topic')
    at.more.git('push', '-q', at.more.bare, 'HEAD:refs/pull/4/head')
    forge.world.requests.push({ number: 4, head, title: 'More', base: 'main' })
    await until('a comment', () => forge.world.comments.length === 1)
    const [comment] = forge.world.comments
    assert.match(comment?.body ?? '', /^<!-- gitvirt\/plan\/prod@more -->\n\*\*prod@more\*\*[^]*create: VirtualMachine\/default\/new/)
    assert.match(comment?.body ?? '', /more\/\/hosts\/web\.yaml:1[^]*belongs to another source, which declares it in web\.yaml:1/)
    await until('a status', () => forge.world.statuses.some(({ commit }) => commit === head))
    assert.equal(forge.world.statuses.find(({ commit }) => commit === head)?.context, 'gitvirt/plan/prod@more')
    const asked = await at.call<{ plan: Plan; merge: { ref: string } }>(`/gitvirt/v1/plan?ref=${encodeURIComponent('more//#4')}`)
    assert.deepEqual(
      [asked.merge.ref, asked.plan.changes.filter(({ action }) => action === 'create').map(({ key }) => key)],
      ['more//#4', ['VirtualMachine/default/new']],
    )
    await assert.rejects(at.call('/gitvirt/v1/plan?ref=less//x'), { code: 'NotFound', message: /No other source .* "less"/ })
    at.more.git('checkout', '-q', 'main')
    at.more.git('merge', '-q', '--no-ff', '-m', 'Merge topic', 'topic')
    at.more.push()
    await untilTrue('the merge is told', async () => (await eventsOf(at)).some((one) => one.startsWith('MergedAsPlanned more//#4 ')))
    await until('how far it is', () =>
      forge.world.statuses.some(({ context, commit }) => context === 'gitvirt/apply/prod@more' && commit === at.more.head()),
    )
  })

  it('may be an overlay and a folder beside it of one repository, whose Secret the overlay reads', { skip }, async (t) => {
    const at = await world(t)
    const volumes = 'volumes: [{ name: seed, cloudInitNoCloud: { secretRef: { name: seed } } }]'
    const disks = 'disks: [{ name: seed, disk: { bus: virtio } }]'
    at.own.commit({
      'base/kustomization.yaml': 'resources: [web.yaml]\n',
      'base/web.yaml': manifest('web')
        .replace('devices: {}', `devices: { ${disks} }`)
        .replace('spec: { domain', `spec: { ${volumes}, domain`),
      'env/kustomization.yaml': 'resources: [../base]\n',
      'secrets/seed.yaml': 'apiVersion: v1\nkind: Secret\nmetadata: { name: seed }\nstringData: { userdata: "#cloud-config" }\n',
    })
    await at.start({
      source: { url: at.own.bare, ref: 'main', path: 'env' },
      others: [{ name: 'secrets', url: at.own.bare, ref: 'main', path: 'secrets' }],
    })
    await until('the machine runs', () => at.machines().includes(web))
    assert.deepEqual((await at.status()).errors, [])
  })

  it('notes the receipts of each object in the repository that it comes from, and the whole chain in its own', async (t) => {
    const at = await world(t)
    at.own.commit({ 'web.yaml': manifest('web') })
    const head = at.more.commit({ 'hosts/db.yaml': manifest('db') })
    await at.start({ environment: 'prod', notes: true, others: [{ name: 'more', url: at.more.bare, ref: 'main', path: 'hosts' }] })
    await settled(at)
    await until('notes of both', () => [at.own, at.more].every((one) => noted(one).length > 0))
    assert.deepEqual([...new Set(noted(at.more).map(({ object }) => object))], [db])
    await until('the whole chain', () => new Set(noted(at.own).map(({ object }) => object)).size === 2)
    for (const one of [at.own, at.more]) {
      const { code, stdout } = await startCommand(t, ['audit', 'verify', '--repo', one.work]).ended
      assert.equal(code, 0, stdout)
    }
    const blamed = await startCommand(t, ['blame', 'vm/db', '--repo', at.more.work, '--path', 'hosts', '-o', 'json']).ended
    assert.equal(blamed.code, 0, blamed.stderr)
    assert.match(blamed.stdout, new RegExp(`"landed": \\[\\s*\\{\\s*"node": "h1",[^}]*"commit": "${head}"`))
  })
})

/** Receipts in the notes of a repository's branch, as a clone shows them. */
function noted(fixture: Fixture): { readonly object: string }[] {
  try {
    fixture.git('fetch', '-q', '--force', fixture.bare, 'refs/notes/gitvirt:refs/notes/gitvirt')
  } catch {
    return []
  }
  const lines = fixture.git('log', '--notes=gitvirt', '--format=%N', 'HEAD').split('\n')
  return lines.filter((line) => line.startsWith('{')).map((line) => JSON.parse(line) as { object: string })
}
