import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Plan } from '../../../../schemas/generated/plan.ts'
import { until } from '../../session/lab.ts'
import { untilTrue, world } from '../world.ts'
import { skip } from './program.ts'

const web = 'VirtualMachine/default/web'
const vm = '/apis/kubevirt.io/v1/namespaces/default/virtualmachines/web'
const machine = (memory: string): string =>
  `apiVersion: kubevirt.io/v1\nkind: VirtualMachine\nmetadata: {name: web}\nspec:\n  runStrategy: Always\n  template: {spec: {domain: {devices: {}, memory: {guest: ${memory}}}}}\n`

type Vm = {
  readonly spec: { readonly template: { readonly spec: { readonly domain: { readonly memory: { readonly guest: string } } } } }
  readonly metadata: { readonly annotations: Record<string, string> }
  readonly status: { readonly conditions: readonly { readonly type: string; readonly reason: string; readonly message: string }[] }
}

describe('a host that follows an overlay', { skip, timeout: 120_000 }, () => {
  it('runs what is rendered, keeps it while the overlay is broken, and says why', async (t) => {
    const at = await world(t)
    const overlay = (more = ''): Record<string, string> => ({ 'prod/kustomization.yaml': `resources:\n- ../base\n${more}` })
    at.own.commit({ 'base/kustomization.yaml': 'resources: [web.yaml]\n', 'base/web.yaml': machine('64Mi'), ...overlay() })
    const options = { source: { url: at.own.bare, ref: 'main', path: 'prod' } }
    await at.start(options)
    await until('it runs', () => at.machines().includes(web))
    assert.equal((await at.call<Vm>(vm)).metadata.annotations['gitvirt.io/origin'], 'base/web.yaml:1:1')

    at.own.commit(overlay('- https://example.org/more\n'))
    const told = async (): Promise<string> =>
      (await at.call<Vm>(vm)).status.conditions.find(({ type }) => type === 'ManifestValid')?.message ?? ''
    await untilTrue('the fault is told', async () => (await told()).startsWith('prod/kustomization.yaml:3:3: '))
    const finding = (await at.plan()).findings.find(({ key }) => key === web)
    assert.match(finding?.message ?? '', /left as it is\. prod\/kustomization\.yaml:3:3: .* nothing is fetched for an overlay/)
    assert.deepEqual(await at.changes(), [])

    // A restart remembers nothing of the overlay, but what the host has.
    await at.stop()
    await at.start(options)
    await untilTrue('the revision is read again', async () => (await at.plan()).findings.some(({ key }) => key === web))
    assert.match(await told(), /^prod\/kustomization\.yaml:3:3: /)
    assert.deepEqual([at.machines(), await at.changes()], [[web], []])

    at.own.commit({ ...overlay(), 'base/web.yaml': machine('128Mi') })
    await untilTrue('it goes on', async () => (await at.call<Vm>(vm)).spec.template.spec.domain.memory.guest === '128Mi')
    at.own.git('checkout', '-q', '-b', 'topic')
    at.own.commit({ 'base/web.yaml': machine('256Mi') }, 'topic')
    const { plan } = await at.call<{ plan: Plan }>('/gitvirt/v1/plan?ref=topic')
    const fields = plan.changes.flatMap((change) => change.fields)
    assert.deepEqual(
      fields.map(({ path, after }) => [path, after]),
      [['spec.template.spec.domain.memory.guest', '256Mi']],
    )
  })
})
