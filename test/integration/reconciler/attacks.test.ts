import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { startGitServer } from '../../../lab/git-server.ts'
import { until } from '../../../lab/wait.ts'
import { createClient, type Client } from '../../../reconciler/cli/client.ts'
import { systemClock } from '../../../reconciler/lib/clock.ts'
import { silentLogger } from '../../../reconciler/lib/log.ts'
import { startReconciler } from '../../../reconciler/main.ts'
import type { Plan } from '../../../schemas/generated/plan.ts'
import { atEnd } from '../../at-end.ts'
import { Fixture } from './source/fixture.ts'

type World = { readonly fixture: Fixture; readonly api: Client }

/** A whole reconciler that follows a repository by HTTP. No host is needed: what is refused here reaches none. */
async function openWorld(t: TestContext, tree: (fixture: Fixture) => string): Promise<World> {
  const fixture = new Fixture()
  atEnd(t, () => fixture.close())
  fixture.commitTree(tree(fixture))
  const git = await startGitServer({ root: fixture.root })
  atEnd(t, async () => await git.close())
  const reconciler = await startReconciler({
    stateDir: join(fixture.dir, 'state'),
    source: { url: `${git.url}/fleet.git`, ref: 'main' },
    listen: { host: '127.0.0.1', port: 0 },
    agents: { host: '127.0.0.1', port: 0 },
    serverNames: [],
    pollMs: 3_600_000,
    clock: systemClock,
    log: silentLogger,
  })
  atEnd(t, async () => await reconciler.close())
  return { fixture, api: createClient({ kubeconfig: reconciler.kubeconfig }) }
}

type Fault = { readonly severity: string; readonly code: string; readonly path: string; readonly message: string }

async function faultsOf({ api }: World): Promise<Map<string, Fault[]>> {
  const status = await until('a revision', async () => {
    const answer = await api.call<{ revision?: string; errors: readonly Fault[] }>('/gitvirt/v1/status')
    return answer.revision === undefined ? undefined : answer
  })
  return Map.groupBy(
    status.errors.filter(({ severity }) => severity === 'error'),
    ({ path }) => path,
  )
}

/** What is left of a revision: the keys that a plan speaks of. */
async function plannedKeys({ api }: World): Promise<string[]> {
  return (await api.call<Plan>('/gitvirt/v1/plan')).changes.map(({ key }) => key).sort()
}

const disk = (name: string, source = 'blank: {}'): string => `apiVersion: cdi.kubevirt.io/v1beta1
kind: DataVolume
metadata: {name: ${name}}
spec: {source: {${source}}, storage: {resources: {requests: {storage: 1Gi}}}}
`

function bomb(): string {
  const levels = Array.from({ length: 30 }, (_, level) =>
    level === 0
      ? 'a0: &a0 [x, x, x, x, x, x]'
      : `a${level}: &a${level} [${Array(6)
          .fill(`*a${level - 1}`)
          .join(', ')}]`,
  )
  return `${levels.join('\n')}\n`
}

test('one commit full of attacks brings in its good object and nothing else, and names each file', async (t) => {
  const before = process.resourceUsage().maxRSS
  const world = await openWorld(t, (fixture) => {
    const blob = (text: string | Buffer): string => fixture.input(text, '-c', 'core.compression=1', 'hash-object', '-w', '--stdin')
    const good = blob(disk('good'))
    const evil = fixture.input(`100644 blob ${blob(disk('stolen'))}\tstolen.yaml\n`, 'mktree')
    const lines = [
      `040000 tree ${evil}\t..`,
      `040000 tree ${evil}\t.git`,
      `100644 blob ${blob(disk('nested'))}\tbad\\name.yaml`,
      `100644 blob ${blob(Buffer.alloc(5_000_000, 0x61))}\tbig.yaml`,
      `100644 blob ${blob(bomb())}\tbomb.yaml`,
      `100644 blob ${blob(`a: ${'['.repeat(100_000)}`)}\tdeep.yaml`,
      `100644 blob ${good}\tgood.yaml`,
      `120000 blob ${blob('/etc/shadow')}\tlink.yaml`,
      `160000 commit ${'1'.repeat(40)}\tmodule`,
      `100644 blob ${blob(`__proto__: {polluted: 1}\n${disk('proto')}`)}\tproto.yaml`,
      `100644 blob ${blob(`run: !!js/function "process.exit()"\n`)}\ttag.yaml`,
    ]
    return fixture.input(`${lines.join('\0')}\0`, 'mktree', '-z', '--missing')
  })
  const faults = await faultsOf(world)
  const codes = [...faults].map(([path, found]) => `${path} ${found[0]?.code ?? ''}`).sort()
  assert.deepEqual(codes, [
    '.. UnsafeName',
    '.git UnsafeName',
    'bad\\name.yaml UnsafeName',
    'big.yaml TooLarge',
    'bomb.yaml TooLarge',
    'deep.yaml YamlSyntax',
    'link.yaml Symlink',
    'module Submodule',
    'proto.yaml YamlSyntax',
    'tag.yaml YamlSyntax',
  ])
  assert.ok([...faults.values()].flat().every(({ message }) => message.length > 10 && message.length < 1000))
  assert.deepEqual(await plannedKeys(world), ['DataVolume/default/good'])
  assert.equal(({} as Record<string, unknown>)['polluted'], undefined)
  // In kilobytes.
  assert.ok(process.resourceUsage().maxRSS - before < 500_000)
})

test('names that would be options, paths, commands or markup are refused before anything sees them', async (t) => {
  const names = [
    '--help',
    '../../etc/passwd',
    'a/b',
    'x; reboot',
    '$(reboot)',
    '<evil/>',
    'a&amp;b',
    '%s',
    'A',
    '.',
    'a..b',
    'a'.repeat(254),
  ]
  const file = (index: number): string => `name-${String(index).padStart(2, '0')}.yaml`
  const world = await openWorld(t, (fixture) => {
    const blob = (text: string): string => fixture.input(text, 'hash-object', '-w', '--stdin')
    const lines = names.map((name, index) => `100644 blob ${blob(disk(JSON.stringify(name)))}\t${file(index)}`)
    const line = (path: string, text: string): string => `100644 blob ${blob(text)}\t${path}`
    const all = [
      ...lines,
      line('newline.yaml', disk('"a\\nb"')),
      line('space.yaml', disk('good').replace('{name: good}', '{name: good, namespace: ../kube-system}')),
      line('zgood.yaml', disk('good')),
    ]
    return fixture.input(
      `${all.toSorted((one, other) => ((one.split('\t')[1] ?? '') < (other.split('\t')[1] ?? '') ? -1 : 1)).join('\n')}\n`,
      'mktree',
    )
  })
  const faults = await faultsOf(world)
  for (const [index, name] of names.entries()) assert.match(faults.get(file(index))?.[0]?.message ?? '', /name/, name)
  for (const path of ['newline.yaml', 'space.yaml']) assert.match(faults.get(path)?.[0]?.message ?? '', /name/, path)
  assert.deepEqual(await plannedKeys(world), ['DataVolume/default/good'])
})

test('image addresses that are no web address, or are internal by their very text, do not come into force', async (t) => {
  const refused = [
    'file:///etc/shadow',
    'ext::sh -c reboot',
    '--upload-pack=x',
    'gopher://example.org/',
    'javascript:alert(1)',
    '/etc/shadow',
  ]
  const path = (index: number): string => `url-${index}.yaml`
  const world = await openWorld(t, (fixture) => {
    const blob = (url: string, index: number): string =>
      fixture.input(disk(`d${index}`, `http: {url: ${JSON.stringify(url)}}`), 'hash-object', '-w', '--stdin')
    return fixture.input(refused.map((url, index) => `100644 blob ${blob(url, index)}\t${path(index)}\n`).join(''), 'mktree')
  })
  const faults = await faultsOf(world)
  for (const [index, url] of refused.entries()) assert.match(faults.get(path(index))?.[0]?.message ?? '', /http/, url)
  assert.deepEqual(await plannedKeys(world), [])
})
