import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { readClosure, type Closure } from '../../../../reconciler/render/closure.ts'
import { defaultRenderLimits, type RenderLimits } from '../../../../reconciler/render/types.ts'
import { memoryTree } from './memory-tree.ts'

async function closure(files: Readonly<Record<string, string>>, limits: Partial<RenderLimits> = {}): Promise<Closure> {
  return await readClosure(memoryTree(files), 'env', { ...defaultRenderLimits, ...limits })
}

/** Code and place of each fault. */
async function faults(files: Readonly<Record<string, string>>, limits: Partial<RenderLimits> = {}): Promise<string[]> {
  return (await closure(files, limits)).faults.map(({ code, path, line, column }) => `${code} ${path}:${line}:${column}`)
}

const overlay = (text: string, more: Readonly<Record<string, string>> = {}): Record<string, string> => ({
  'env/kustomization.yaml': text,
  ...more,
})

describe('the closure of an overlay', () => {
  it('holds each file that any kustomization names, and no other', async () => {
    const { files, faults: wrong } = await closure({
      'env/kustomization.yaml': `
resources: [../base, vm.yaml]
components: [../parts/net]
patches: [{path: p.yaml}]
patchesStrategicMerge: [m.yaml, "apiVersion: v1\\nkind: X\\n"]
replacements: [{path: r.yaml}]
configMapGenerator: [{name: a, files: [k=one.txt, two.txt], envs: [e.env]}]
openapi: {path: schema.json}
transformers: [t.yaml]
`,
      ...Object.fromEntries(
        ['vm.yaml', 'p.yaml', 'm.yaml', 'r.yaml', 'one.txt', 'two.txt', 'e.env', 'schema.json', 'other.yaml'].map((name) => [
          `env/${name}`,
          name,
        ]),
      ),
      'env/t.yaml': 'apiVersion: builtin\nkind: PatchTransformer\nmetadata: {name: t}\npath: deep/patch.yaml\n',
      'env/deep/patch.yaml': 'x',
      'base/kustomization.yml': 'resources: [web.yaml]\n',
      'base/web.yaml': 'web',
      'parts/net/Kustomization': 'kind: Component\n',
      'unrelated.yaml': 'x',
    })
    assert.deepEqual(wrong, [])
    assert.deepEqual([...files.keys()].sort(), [
      'base/kustomization.yml',
      'base/web.yaml',
      'env/deep/patch.yaml',
      'env/e.env',
      'env/kustomization.yaml',
      'env/m.yaml',
      'env/one.txt',
      'env/p.yaml',
      'env/r.yaml',
      'env/schema.json',
      'env/t.yaml',
      'env/two.txt',
      'env/vm.yaml',
      'parts/net/Kustomization',
    ])
  })

  it('writes kustomizations anew, every name as one that no program takes for an address', async () => {
    const { written } = await closure(
      overlay('resources: [github.com/a/b, ./x.yaml, "y//z.yaml"]\n', {
        'env/github.com/a/b/kustomization.yaml': '{}',
        'env/x.yaml': 'x',
        'env/y/z.yaml': 'z',
      }),
    )
    const text: unknown = JSON.parse(written.get('env/kustomization.yaml') ?? '')
    assert.deepEqual(text, { resources: ['./github.com/a/b', './x.yaml', './y/z.yaml'], buildMetadata: ['originAnnotations'] })
  })

  it('refuses what is not in the repository, with the line that names it', async () => {
    const text = [
      'resources:',
      '- https://example.org/base.yaml',
      '- git@example.org:a/b',
      '- git::https://example.org/a',
      '- example.org/a/b?ref=main',
      '- example.org/a/b',
      '- /etc/passwd',
      '- ../../etc',
      '- nothing.yaml',
      'configMapGenerator:',
      '- files: [a=https://example.org/x]',
    ]
    assert.deepEqual(await faults(overlay(text.join('\n'))), [
      'RemoteBase env/kustomization.yaml:2:3',
      'RemoteBase env/kustomization.yaml:3:3',
      'RemoteBase env/kustomization.yaml:4:3',
      'RemoteBase env/kustomization.yaml:5:3',
      'OutsideRepository env/kustomization.yaml:7:3',
      'RemoteBase env/kustomization.yaml:11:11',
      'RemoteBase env/kustomization.yaml:6:3',
      'OutsideRepository env/kustomization.yaml:8:3',
      'PathNotFound env/kustomization.yaml:9:3',
    ])
  })

  it('refuses links, and files outside of the folder of the kustomization that names them', async () => {
    const files = overlay('resources: [link.yaml, ../base, ../other.yaml]\n', {
      'env/link.yaml': '-> /etc/passwd',
      base: '-> /',
      'other.yaml': 'x',
    })
    assert.deepEqual(await faults(files), [
      'Symlink env/kustomization.yaml:1:13',
      'Symlink env/kustomization.yaml:1:24',
      'OutsideOverlay env/kustomization.yaml:1:33',
    ])
  })

  it('refuses what would run another program', async () => {
    const plugin = (apiVersion: string, kind: string, metadata = '{name: x}'): string =>
      JSON.stringify(`apiVersion: ${apiVersion}\nkind: ${kind}\nmetadata: ${metadata}\n`)
    const files = overlay(
      [
        'helmCharts: [{name: a}]',
        'generators:',
        `- ${plugin('example.org/v1', 'Exec')}`,
        `- ${plugin('builtin', 'HelmChartInflationGenerator')}`,
        `- ${plugin('builtin', 'PatchTransformer', '{annotations: {config.kubernetes.io/function: "exec: {path: ./x}"}}')}`,
        '- file.yaml',
      ].join('\n'),
      { 'env/file.yaml': 'apiVersion: v1\nkind: Starlark\n' },
    )
    assert.deepEqual(await faults(files), [
      'PluginRefused env/kustomization.yaml:1:1',
      'PluginRefused env/kustomization.yaml:3:3',
      'PluginRefused env/kustomization.yaml:4:3',
      'PluginRefused env/kustomization.yaml:5:3',
      'PluginRefused env/file.yaml:1:1',
    ])
  })

  it('refuses fields that it does not know, in letters of either case', async () => {
    const files = overlay('Resources: [https://example.org/a]\npatches: [{Path: x}]\nopenapi: {url: x}\n')
    assert.deepEqual(await faults(files), [
      'UnknownField env/kustomization.yaml:1:1',
      'UnknownField env/kustomization.yaml:2:12',
      'UnknownField env/kustomization.yaml:3:11',
    ])
  })

  it('refuses bases that name one another in a circle', async () => {
    const files = overlay('resources: [../a]\n', {
      'a/kustomization.yaml': 'resources: [../b]\n',
      'b/kustomization.yaml': 'resources: [../a, ../env, .]\n',
    })
    const { faults: found } = await closure(files)
    assert.deepEqual(
      found.map(({ message }) => message),
      [
        'Bases name one another in a circle: a > b > a.',
        'Bases name one another in a circle: env > a > b > env.',
        'Bases name one another in a circle: b > b.',
      ],
    )
  })

  it('counts a base as often as it is read, so that doubling ends early', async () => {
    const files: Record<string, string> = overlay('resources: [../b0]\n', { 'b30/kustomization.yaml': '{}' })
    for (let level = 0; level < 30; level += 1) {
      files[`b${level}/kustomization.yaml`] = `resources: [../b${level + 1}]\ncomponents: [../b${level + 1}]\n`
    }
    const found = await faults(files, { depth: 100 })
    assert.equal(found.length, 1)
    assert.match(found[0] ?? '', /^TooLarge b\d+\/kustomization.yaml/)
  })

  it('bounds depth, number and size of its files', async () => {
    const deep: Record<string, string> = overlay('resources: [../d0]\n')
    for (let level = 0; level < 40; level += 1) deep[`d${level}/kustomization.yaml`] = `resources: [../d${level + 1}]\n`
    assert.deepEqual(await faults(deep), ['TooDeep d30/kustomization.yaml:1:13'])
    const names = Array.from({ length: 10_000 }, (_, index) => `r${index}.yaml`)
    const many = overlay(`resources: [${names.join(',')}]\n`, Object.fromEntries(names.map((name) => [`env/${name}`, 'x'])))
    assert.deepEqual(await faults(many), ['TooLarge env/kustomization.yaml:1:1'])
    assert.deepEqual(await faults(overlay('resources: [a.yaml]\n', { 'env/a.yaml': 'x'.repeat(2 ** 20 + 1) })), [
      'TooLarge env/kustomization.yaml:1:13',
    ])
    assert.deepEqual(
      await faults(overlay('resources: [a.yaml, b.yaml]\n', { 'env/a.yaml': 'a'.repeat(9), 'env/b.yaml': 'b'.repeat(9) }), { bytes: 45 }),
      ['TooLarge env/kustomization.yaml:1:21'],
    )
    assert.deepEqual(await faults(overlay(`# ${'x'.repeat(2 ** 18)}`)), ['TooLarge env/kustomization.yaml:1:1'])
  })

  it('tells a kustomization that does not parse, or that stands twice in a folder', async () => {
    assert.deepEqual(await faults(overlay('resources: [\n')), ['YamlSyntax env/kustomization.yaml:2:1'])
    assert.deepEqual(await faults(overlay('a: 1\n---\nb: 2\n')), ['InvalidValue env/kustomization.yaml:1:1'])
    for (const found of await faults(overlay(`a: ${'['.repeat(20_000)}`))) assert.match(found, /^YamlSyntax env\/kustomization.yaml:1:/)
    assert.deepEqual(await faults(overlay('{}', { 'env/Kustomization': '{}' })), ['DuplicateObject env/kustomization.yaml:1:1'])
    assert.deepEqual(await faults(overlay('resources: [../b]\n', { 'b/x.yaml': '' })), ['NoKustomization env/kustomization.yaml:1:13'])
  })
})
