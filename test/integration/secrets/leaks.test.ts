import assert from 'node:assert/strict'
import { appendFileSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { DatabaseSync } from 'node:sqlite'
import { until } from '../../../lab/wait.ts'
import { ageKey, encryptAge } from '../../fakes/age-encoder.ts'
import { encryptSops } from '../../fakes/sops-encoder.ts'
import { filesBelow, formsOf, leaksIn } from './leaks.ts'
import { startStory, type Story } from './story.ts'

const key = ageKey()
const [user, network, login, later, shut] = ['u', 'n', 'l', 'c', 's'].map((letter) => `${letter}-hunter2-Zq7!kT$ä${letter}`) as [
  string,
  string,
  string,
  string,
  string,
]
const secrets = [user, network, login, later, shut, key.identity]
const web = 'VirtualMachine/default/web'

const secret = (name: string, stringData: object): object => ({ apiVersion: 'v1', kind: 'Secret', metadata: { name }, stringData })
const seed = (password: string, holder = key): string =>
  encryptSops([secret('seed', { userdata: `#cloud-config\npassword: ${password}\n` })], { keys: [holder] })
const vm = (memory = '1Gi'): string => `apiVersion: kubevirt.io/v1
kind: VirtualMachine
metadata: {name: web}
spec:
  runStrategy: Always
  template:
    spec:
      domain:
        memory: {guest: ${memory}}
        devices: {}
      volumes:
        - name: init
          cloudInitNoCloud:
            secretRef: {name: seed}
            networkDataSecretRef: {name: net}
        - name: root
          dataVolume: {name: root}
`
const disk = `apiVersion: cdi.kubevirt.io/v1beta1
kind: DataVolume
metadata: {name: root}
spec:
  source: {http: {url: "https://images.example.org/root.qcow2", secretRef: login}}
  storage: {resources: {requests: {storage: 1Gi}}}
`

/** All that people and programs can ask for, by the command. */
async function answers(story: Story): Promise<[string, Uint8Array][]> {
  const repo = ['--repo', story.fixture.work]
  const commands = [
    ['get', 'vm,vmi,dv,secrets,nodes,namespaces,events', '-A', '-o', 'yaml'],
    ['get', 'vm,secrets,events', '-A', '-o', 'wide'],
    ['describe', 'vm/web'],
    ['describe', 'secret/net'],
    ['plan'],
    ['plan', '-o', 'json'],
    ['plan', '--ref', 'request', '-o', 'markdown'],
    ['status'],
    ['validate', story.fixture.work],
    ['diff', 'HEAD~1', 'HEAD', ...repo],
    ['log', 'secret/seed', ...repo],
    ['blame', 'secret/seed', '-o', 'wide', ...repo],
    ['audit', 'export', ...repo],
  ]
  return await Promise.all(
    commands.map(async (command): Promise<[string, Uint8Array]> => {
      const { stdout, stderr } = await story.gitvirt(...command)
      assert.ok((stdout + stderr).trim() !== '', `nothing came of ${command.join(' ')}`)
      return [command.join(' '), Buffer.from(stdout + stderr)]
    }),
  )
}

/** Secrets in what was left on disks; databases are read as tables too, for what compression or pages would hide. */
function leftLeaks({ left }: Story): string[] {
  const tables = ['state.db', 'manifests.db'].map((name): [string, Uint8Array] => {
    using db = new DatabaseSync(join(left, 'reconciler', name), { readOnly: true })
    const names = db
      .prepare("SELECT name FROM sqlite_master WHERE type = 'table'")
      .all()
      .map((row) => String(row['name']))
    return [name, Buffer.from(names.map((table) => JSON.stringify(db.prepare(`SELECT * FROM "${table}"`).all())).join('\n'))]
  })
  assert.ok(tables.every(([, content]) => content.byteLength > 100))
  return leaksIn([...filesBelow(left), ...tables], secrets)
}

test('what is encrypted in Git reaches the guests that need it, and is nowhere else', async (t) => {
  const story = await startStory(t)
  const { fixture, world, received } = story
  writeFileSync(join(story.keys, 'key'), key.identity, { mode: 0o600 })
  const machine = (): { state: string; boots: number } | undefined => world.state.machines[web]
  const defined = (): number => world.notes().filter((line) => line === `call define ${web}`).length
  const values = (name: string): string =>
    Buffer.from(
      Object.values(received.findLast(({ secrets: bag }) => bag[`Secret/default/${name}`])?.secrets[`Secret/default/${name}`] ?? {}).join(
        '',
      ),
      'base64',
    ).toString()

  await t.test('a guest boots with the values, and a disk is fetched with its login', async () => {
    writeFileSync(join(fixture.work, 'net.yaml.age'), encryptAge(JSON.stringify(secret('net', { networkdata: network })), [key]))
    fixture.commit({
      'vm.yaml': vm(),
      'disk.yaml': disk,
      'seed.yaml': seed(user),
      'login.yaml': encryptSops([secret('login', { accessKeyId: 'me', secretKey: login })], { keys: [key], fields: () => true }),
    })
    await until('the guest', async () => machine()?.state === 'running')
    assert.match(values('seed'), new RegExp(`password: ${user.replaceAll(/[$]/g, '\\$&')}`))
    assert.equal(values('net'), network)
    assert.ok(
      received.some(({ secrets: bag }) => Buffer.from(bag['Secret/default/login']?.['secretKey'] ?? '', 'base64').toString() === login),
    )
  })

  await t.test('the seed holds the values, for its owner only', async () => {
    const [name = ''] = readdirSync(join(story.seeds, 'web'))
    const path = join(story.seeds, 'web', name)
    assert.ok(readFileSync(path).includes(user))
    assert.equal(statSync(path).mode & 0o777, 0o600)
  })

  await t.test('the same values encrypted anew change nothing', async () => {
    const before = defined()
    const commit = fixture.commit({ 'seed.yaml': seed(user) })
    await until('the revision', async () => (await story.gitvirt('status')).stdout.includes(commit.slice(0, 7)))
    assert.match((await story.gitvirt('plan')).stdout, /No changes/)
    assert.equal(defined(), before)
  })

  await t.test('a restart finds nothing to do', async () => {
    const before = defined()
    await story.restart()
    await until('the revision', async () => (await story.gitvirt('plan')).stdout.includes('No changes'))
    assert.equal(defined(), before)
  })

  await t.test('other values are a change that a restart brings', async () => {
    const before = defined()
    fixture.git('checkout', '-q', '-b', 'request')
    fixture.commit({ 'seed.yaml': seed(later) }, 'request')
    const preview = await story.gitvirt('plan', '--ref', 'request')
    assert.match(preview.stdout, /1 to update/, preview.stdout + preview.stderr)
    assert.match(preview.stdout, /Secret\/default\/seed is encrypted, and no key is used before it is merged/)
    fixture.git('checkout', '-q', 'main')
    fixture.git('merge', '-q', '--ff-only', 'request')
    fixture.push()
    await until('the new values', async () => values('seed').includes(later) && defined() === before + 1)
    assert.equal(machine()?.boots, 1)
    fixture.git('fetch', '-q', fixture.bare, 'refs/notes/gitvirt:refs/notes/gitvirt')
  })

  await t.test('what cannot be opened holds back what needs it, and nothing else', async () => {
    const before = defined()
    fixture.commit({ 'seed.yaml': seed(shut, ageKey()), 'vm.yaml': vm('2Gi') })
    const condition = await until('the condition', async () => {
      const { stdout } = await story.gitvirt('get', 'vm', 'web', '-o', 'json')
      return stdout.includes('NoDecryptionKey') ? stdout : undefined
    })
    assert.match(
      condition,
      /vm\.yaml:14:\d+: VirtualMachine\/default\/web reads Secret\/default\/seed, which cannot be opened \(seed\.yaml:1:1\)/,
    )
    assert.match(
      (await story.gitvirt('plan')).stdout,
      /WaitingForDependency: Secret\/default\/seed is in Git and cannot be read \(seed\.yaml:1:1\): It is encrypted for age age1/,
    )
    assert.equal(machine()?.state, 'running')
    assert.equal(defined(), before)
  })

  await t.test('nothing of it is in any answer', async () => {
    const texts = await answers(story)
    assert.deepEqual(leaksIn(texts, secrets), [])
    const said = (start: string): string => Buffer.from(texts.find(([name]) => name.startsWith(start))?.[1] ?? '').toString()
    assert.match(said('get vm,vmi'), /networkdata: KioqKioqKio=/)
    assert.match(said('validate'), /net\.yaml\.age:1:1: warning: [^]*1 encrypted object: the values were not checked/)
    assert.match(said('diff'), /stringData|data\.userdata[^\n]*\(encrypted\)/)
    assert.match(said('blame'), /userdata[^\n]*\(encrypted\)/)
    assert.match(said('audit export'), /DefineDomain/)
  })

  await story.close()

  await t.test('nothing of it is in what both halves leave on disks', () => {
    assert.deepEqual(leftLeaks(story), [])
  })

  await t.test('a leak would be found, in any form', () => {
    for (const { form, bytes } of formsOf(later)) {
      const path = join(story.left, 'agent', 'journal', 'leak')
      writeFileSync(path, Buffer.concat([Buffer.from('{"a":"'), bytes, Buffer.from('"}')]))
      assert.ok(
        leftLeaks(story).some((line) => line.startsWith(path)),
        form,
      )
    }
    appendFileSync(join(story.left, 'log'), JSON.stringify({ values: { x: Buffer.from(`some: ${user}`).toString('base64') } }))
    assert.ok(leftLeaks(story).some((line) => line.includes('/log')))
  })
})
