import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { startGitServer } from '../../../lab/git-server.ts'
import { createAdopt } from '../../../reconciler/adopt.ts'
import type { DesiredObject } from '../../../reconciler/desired/types.ts'
import { openSource } from '../../../reconciler/source/open-source.ts'
import type { LeaseRecord } from '../../../reconciler/store/leases.ts'
import type { Origin } from '../../../schemas/generated/plan.ts'
import { atEnd } from '../../at-end.ts'
import { fakeDesired, fakeObserved, machineSeen, vmManifest } from '../../fakes/views.ts'
import { Fixture } from './source/fixture.ts'

const manifest = `# The database.
apiVersion: kubevirt.io/v1
kind: VirtualMachine
metadata:
  name: db
spec:
  runStrategy: Always
  template:
    spec:
      domain:
        memory:
          guest: 1Gi # as measured
        devices: {}
`

test('what was changed by hand is on a branch of its own, and says who, why and what is not in it', async (t) => {
  const fixture = new Fixture()
  atEnd(t, () => fixture.close())
  const head = fixture.commit({ 'apps/db.yaml': manifest, 'other.yaml': 'kept: true\n' })
  const server = await startGitServer({ root: fixture.root, push: true })
  atEnd(t, async () => await server.close())
  const source = await openSource({ url: `${server.url}/fleet.git`, storeDir: join(fixture.dir, 'store') })
  atEnd(t, async () => await source.close())
  const { commit } = await source.fetch()
  assert.equal(commit, head)

  const desired = fakeDesired()
  desired.put(vmManifest('db'))
  const observed = fakeObserved()
  observed.setNode('h1')
  const drift = [
    { path: 'domain/memory', expected: '1048576', actual: '2097152' },
    { path: 'domain/on_crash', expected: 'destroy', actual: 'restart' },
  ]
  observed.see('h1', machineSeen(vmManifest('db'), { drift }))
  const adopt = createAdopt({ source, desired: () => Object.assign(desired, { revision: commit }), observed })
  const lease: LeaseRecord = {
    key: 'VirtualMachine/default/db',
    id: 'l1',
    by: 'operator',
    reason: 'incident\nSigned-off-by: nobody',
    at: '2026-03-01T00:00:00.000Z',
    until: '2026-03-01T02:00:00.000Z',
    ending: 'adopt',
  }
  assert.deepEqual(await adopt(lease), { branch: 'gitvirt/adopt/db-20260301', left: ['domain/on_crash'] })
  const show = (...args: string[]): string => fixture.git(`--git-dir=${fixture.bare}`, ...args)
  assert.equal(show('show', 'gitvirt/adopt/db-20260301:apps/db.yaml'), manifest.replace('1Gi #', '2Gi #').trim())
  assert.equal(show('diff', '--name-only', 'main', 'gitvirt/adopt/db-20260301'), 'apps/db.yaml')
  assert.equal(show('rev-parse', 'gitvirt/adopt/db-20260301^', 'main'), `${head}\n${head}`)
  assert.equal(
    show('log', '-1', '--format=%an%n%B', 'gitvirt/adopt/db-20260301'),
    `gitvirt
Adopt manual changes to VirtualMachine/default/db

operator had a lease since 2026-03-01T00:00:00.000Z: incident Signed-off-by: nobody

Changed on h1, and here:
- spec.template.spec.domain.memory.guest

Changed there, and not here, as the manifest cannot say it or it is not laid out for it:
- domain/on_crash`,
  )

  const again = { ...lease, reason: 'another incident' }
  assert.equal((await adopt(again))?.branch, 'gitvirt/adopt/db-20260301-2', 'a branch that is there stays as it is')
  observed.see('h1', machineSeen(vmManifest('db')))
  assert.equal(await adopt(lease), undefined)

  observed.see('h1', machineSeen(vmManifest('db'), { drift, driftOmitted: 7 }))
  const rest = '7 more, which is more than a host tells of one machine, so that nothing is written'
  assert.deepEqual(await adopt(lease), { left: ['domain/memory', 'domain/on_crash', rest] }, 'of a part nothing is written')

  observed.see('h1', machineSeen(vmManifest('db'), { drift: drift.slice(1) }))
  assert.deepEqual(await adopt(lease), { left: ['domain/on_crash'] }, 'nothing that can be written is no error')
  const manifestOf = vmManifest('db')
  const annotations = { 'gitvirt.io/ignore-differences': 'domain:domain/on_crash' }
  desired.put({ ...manifestOf, metadata: { ...manifestOf.metadata, annotations } })
  assert.equal(await adopt(lease), undefined, 'what is ignored was not changed under the lease')
})

/** A Fleet that lets machines use files of one folder. */
const fleet = {
  apiVersion: 'gitvirt.io/v1alpha1',
  kind: 'Fleet',
  metadata: { name: 'prod' },
  spec: { hostDisk: { allowedPaths: ['/srv/disks'] } },
}

const listed = `# The database.
apiVersion: kubevirt.io/v1
kind: VirtualMachine
metadata:
  name: db
spec:
  runStrategy: Always
  template:
    spec:
      domain:
        cpu: { cores: 1 } # as small as it gets
        memory:
          guest: 256Mi
        devices:
          disks:
            # The system.
            - name: root
              disk: { bus: virtio }
          interfaces:
            - name: default
              masquerade: {}
      networks:
        - name: default
          pod: {}
      volumes:
        - name: root
          dataVolume: { name: db-root }
      terminationGracePeriodSeconds: 5 # enough
`

test('devices that were added by hand are added to their lists with what they stand on, and the file stays as it is laid out', async (t) => {
  const fixture = new Fixture()
  atEnd(t, () => fixture.close())
  fixture.commit({ 'apps/db.yaml': listed })
  const server = await startGitServer({ root: fixture.root, push: true })
  atEnd(t, async () => await server.close())
  const source = await openSource({ url: `${server.url}/fleet.git`, storeDir: join(fixture.dir, 'store') })
  atEnd(t, async () => await source.close())
  const { commit } = await source.fetch()
  const desired = fakeDesired()
  desired.put(vmManifest('db'))
  desired.put(fleet)
  const observed = fakeObserved()
  observed.setNode('h1')
  const disk = { '@type': 'file', '@device': 'disk', 'driver/@type': 'raw', 'source/@file': '/srv/disks/more.img', 'target/@bus': 'virtio' }
  const nic = { '@type': 'bridge', 'mac/@address': '02:00:00:00:00:02', 'source/@bridge': 'br1', 'model/@type': 'virtio' }
  const of = (place: string, parts: Record<string, string>): { path: string; actual: string }[] =>
    Object.entries(parts).map(([part, actual]) => ({ path: `domain/devices/${place}/${part}`, actual }))
  const drift = [
    { path: 'domain/cpu/@mode', expected: 'maximum', actual: 'host-passthrough' },
    ...of('disk[vdb]', { ...disk, 'target/@dev': 'vdb' }),
    ...of('interface[02:00:00:00:00:02]', nic),
  ]
  observed.see('h1', machineSeen(vmManifest('db'), { drift }))
  const adopt = createAdopt({ source, desired: () => Object.assign(desired, { revision: commit }), observed })
  const times = { at: '2026-03-01T00:00:00.000Z', until: '2026-03-01T02:00:00.000Z' }
  const adopted = await adopt({ key: 'VirtualMachine/default/db', id: 'l1', by: 'operator', reason: 'incident', ...times, ending: 'adopt' })
  assert.deepEqual(adopted, { branch: 'gitvirt/adopt/db-20260301', left: [] })
  const text = fixture.git(`--git-dir=${fixture.bare}`, 'show', 'gitvirt/adopt/db-20260301:apps/db.yaml')
  const removed = fixture.git(`--git-dir=${fixture.bare}`, 'diff', '--unified=0', 'main', 'gitvirt/adopt/db-20260301')
  assert.deepEqual(
    removed.split('\n').filter((line) => /^-[^-]/.test(line)),
    ['-        cpu: { cores: 1 } # as small as it gets'],
  )
  assert.match(text, /cpu: \{ cores: 1, model: host-passthrough \} # as small as it gets/)
  assert.match(text, /- name: vdb\n +disk:\n +bus: virtio\n/)
  assert.match(text, /- name: vdb\n +hostDisk:\n +path: \/srv\/disks\/more\.img\n +type: Disk\n/)
  assert.match(text, /- name: br1\n +bridge: \{\}\n +macAddress: "02:00:00:00:00:02"\n +model: virtio\n/)
  assert.match(text, /- name: br1\n +multus:\n +networkName: br1\n/)
})

test('what no one file of the repository says is not written: it was rendered, or is another source’s', async (t) => {
  const fixture = new Fixture()
  atEnd(t, () => fixture.close())
  fixture.commit({ 'apps/db.yaml': manifest })
  const source = await openSource({ url: fixture.bare, storeDir: join(fixture.dir, 'store') })
  atEnd(t, async () => await source.close())
  const { commit } = await source.fetch()
  const observed = fakeObserved()
  observed.setNode('h1')
  observed.see('h1', machineSeen(vmManifest('db'), { drift: [{ path: 'domain/memory', expected: '1048576', actual: '2097152' }] }))
  const adoptFrom = async (origin: Partial<Origin>): Promise<unknown> => {
    const desired = fakeDesired()
    const wanted = desired.get(desired.put(vmManifest('db')))
    if (wanted === undefined) throw new Error('The fake has no machine.')
    const get = (): DesiredObject => ({ ...wanted, origin: { ...wanted.origin, ...origin } })
    return await createAdopt({ source, desired: () => ({ ...desired, revision: commit, get }), observed })({
      key: 'VirtualMachine/default/db',
      id: 'l1',
      by: 'operator',
      reason: 'incident',
      at: '2026-03-01T00:00:00.000Z',
      until: '2026-03-01T02:00:00.000Z',
      ending: 'adopt',
    })
  }
  await assert.rejects(adoptFrom({ blob: 'e'.repeat(64) }), { code: 'CannotAdopt', message: /apps\/db\.yaml declares is rendered/ })
  await assert.rejects(adoptFrom({ path: 'more//apps/db.yaml' }), { code: 'CannotAdopt', message: /more\/\/apps\/db\.yaml/ })
  assert.equal(fixture.git(`--git-dir=${fixture.bare}`, 'branch', '--list', 'gitvirt/*'), '')
})

test('a rule of the repository that refuses a branch is told at once, and no other name is tried', async (t) => {
  const fixture = new Fixture()
  atEnd(t, () => fixture.close())
  fixture.commit({ 'apps/db.yaml': manifest })
  const tried = join(fixture.dir, 'tried')
  writeFileSync(join(fixture.bare, 'hooks', 'update'), `#!/bin/sh\necho "$1" >> '${tried}'\nexit 1\n`, { mode: 0o755 })
  const server = await startGitServer({ root: fixture.root, push: true })
  atEnd(t, async () => await server.close())
  const source = await openSource({ url: `${server.url}/fleet.git`, storeDir: join(fixture.dir, 'store') })
  atEnd(t, async () => await source.close())
  const { commit } = await source.fetch()
  const branch = { name: 'gitvirt/adopt/db', parent: commit, files: new Map([['apps/db.yaml', 'x: 1\n']]), message: 'm' }
  await assert.rejects(source.branch(branch), { code: 'BranchRefused' })
  assert.equal(readFileSync(tried, 'utf8'), 'refs/heads/gitvirt/adopt/db\n')
})

test('a repository that takes no branch says so, and nothing is lost', async (t) => {
  const fixture = new Fixture()
  atEnd(t, () => fixture.close())
  fixture.commit({ 'apps/db.yaml': manifest })
  const server = await startGitServer({ root: fixture.root })
  atEnd(t, async () => await server.close())
  const source = await openSource({ url: `${server.url}/fleet.git`, storeDir: join(fixture.dir, 'store') })
  atEnd(t, async () => await source.close())
  const { commit } = await source.fetch()
  await assert.rejects(source.branch({ name: 'gitvirt/adopt/db', parent: commit, files: new Map([['apps/db.yaml', 'x']]), message: 'm' }))
  await assert.rejects(source.branch({ name: '-x', parent: commit, files: new Map(), message: 'm' }), { code: 'InvalidRef' })
})
