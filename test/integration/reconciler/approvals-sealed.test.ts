import assert from 'node:assert/strict'
import { test } from 'node:test'
import { until } from '../../../lab/wait.ts'
import { ageKey } from '../../fakes/age-encoder.ts'
import { encryptSops } from '../../fakes/sops-encoder.ts'
import { keyFolder } from '../../unit/reconciler/secrets/keys.ts'
import { comment, merge, request, soon, statusOf, tokenOf, untilHeld } from './approvals-steps.ts'
import { openApprovalWorld } from './approvals-world.ts'

const key = ageKey()
const password = 'rain over the harbour'
const vm = 'VirtualMachine/default/sealed'

const machine = `apiVersion: kubevirt.io/v1
kind: VirtualMachine
metadata: {name: sealed}
spec:
  runStrategy: Always
  template:
    spec:
      domain:
        memory: {guest: 64Mi}
        devices: {disks: [{name: seed, disk: {bus: virtio}}]}
      volumes: [{name: seed, cloudInitNoCloud: {secretRef: {name: seed}}}]
`

const seed = (value: string): string =>
  encryptSops([{ apiVersion: 'v1', kind: 'Secret', metadata: { name: 'seed' }, stringData: { userdata: value } }], { keys: [key] })

test('a request that brings an encrypted Secret', async (t) => {
  const policy = 'approvals: {rules: [{matchLabels: {}, from: none, count: 1}]}'
  const ageKeys = [await keyFolder(t, [key])]
  const world = await openApprovalWorld(t, 'approvals: {}', { reconciler: () => ({ keys: { ageKeys } }) })
  const { fixture, people } = world
  world.commit(people.author, {
    'gitvirt.yaml': `apiVersion: gitvirt.io/v1alpha1\nkind: Fleet\nmetadata: {name: prod}\nspec:\n  ${policy}\n`,
  })
  const gates = (await until('the gates', async () => (await world.plan()).findings.find(({ code }) => code === 'PolicyHeld'), soon))
    .message
  world.approve(people.approver, tokenOf(gates))
  await until('they hold', async () => (await world.plan()).findings.every(({ code }) => code !== 'PolicyHeld'), soon)

  await t.test('is approved on its branch, by its file as it is encrypted', async () => {
    fixture.git('checkout', '-q', '-b', 'sealed')
    const first = world.commit(people.author, { 'sealed.yaml': machine, 'seed.yaml': seed(password) }, 'sealed')
    request(world, 1)
    assert.equal((await statusOf(world, first)).state, 'failure')
    assert.match(comment(world, 1), /Secret\/default\/seed is encrypted, [^\n]*an approval counts for this very file/)
    const head = world.approve(people.approver, tokenOf(comment(world, 1)), { push: false })
    request(world, 1)
    await until('success', async () => (await statusOf(world, head)).state === 'success', soon)
    assert.ok(!comment(world, 1).includes(password))
  })

  await t.test('and goes by that approval once it is merged', async () => {
    merge(world, people.author, 'sealed')
    await until('the machine', () => world.host().world.state.machines[vm], soon)
    assert.match(await world.events(), /ApprovedInGit.*approver@example\.org approved the change of VirtualMachine\/default\/sealed/)
  })

  await t.test('but lets no other file of the same Secret through', async () => {
    fixture.git('checkout', '-q', '-b', 'other')
    world.commit(people.author, { 'seed.yaml': seed('sun') }, 'other')
    request(world, 2)
    const token = await until('a token', () => /Gitvirt-Approve: ([0-9a-f]{64})/.exec(comment(world, 2))?.[1], soon)
    world.commit(people.author, { 'seed.yaml': seed('storm') }, 'other')
    const head = world.approve(people.approver, token, { push: false })
    request(world, 2)
    assert.equal((await statusOf(world, head)).state, 'failure')
    merge(world, people.author, 'other')
    await untilHeld(world, 1)
  })
})
