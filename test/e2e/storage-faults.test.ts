import assert from 'node:assert/strict'
import { rename, symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, suite, test } from 'node:test'
import { bareMachine } from '../../lab/bare-machine.ts'
import { startDemo, type Demo } from '../../lab/demo.ts'
import { conditionOf, fleetClient, type ApiObject, type FleetClient } from '../../lab/fleet-client.ts'
import { until } from '../../lab/wait.ts'
import { run } from '../../reconciler/lib/exec.ts'
import { builtInStorageClass } from '../../schemas/provisioners.ts'

/** Image server of the demo, as its guests' manifests name it. */
const server = 'http://127.0.0.1:8090'
const checksum = 'sha256:0000000000000000000000000000000000000000000000000000000000000000'

type MachineFile = { readonly image: string; readonly checksum?: string; readonly size?: string; readonly storageClass?: string }

/** A machine whose root disk is imported; what is small keeps the test quick. */
function machine(name: string, { image, checksum, size = '48Mi', storageClass }: MachineFile): string {
  const disk = `source:
  http:
    url: ${server}/${image}
${checksum === undefined ? '' : `    checksum: "${checksum}"\n`}pvc:
  accessModes: [ReadWriteOnce]
${storageClass === undefined ? '' : `  storageClassName: ${storageClass}\n`}  resources:
    requests:
      storage: ${size}
`
  return bareMachine({ name, disk })
}

/** The faults that no other try can mend: what the manifests say, and how gitvirt must name it. */
const lasting = {
  checksum: { file: { image: 'tiny-guest.qcow2', checksum }, reason: 'ChecksumMismatch', words: /sha256 of .*tiny-guest\.qcow2 is \w{64}/ },
  backing: { file: { image: 'backing.qcow2' }, reason: 'UnsafeImage', words: /backing file/ },
  large: { file: { image: 'large.qcow2' }, reason: 'ImageTooLarge', words: /has \d+ bytes or more; the volume has room for 50331648/ },
} as const satisfies Record<string, { file: MachineFile; reason: string; words: RegExp }>

/** The faults that end outside of Git. */
const passing = {
  missing: { file: { image: 'missing.qcow2' }, reason: 'ImageNotFound', words: /missing\.qcow2 answered with HTTP 404/ },
  cut: { file: { image: 'cut.qcow2' }, reason: 'TransferFailed', words: /download of .*cut\.qcow2 failed/ },
  full: { file: { image: 'full.qcow2', storageClass: 'small' }, reason: 'ErrNoSpace', words: /not enough space in .*small/ },
} as const satisfies Record<string, { file: MachineFile; reason: string; words: RegExp }>

const storageClass = (path: string): string => `apiVersion: storage.k8s.io/v1
kind: StorageClass
metadata:
  name: small
provisioner: gitvirt.io/dir
parameters:
  path: ${path}
`

suite('faults of storage', () => {
  let demo: Demo
  let fleet: FleetClient
  let pool: string
  let small: string

  before(async () => {
    demo = await startDemo({ name: 'disk' })
    fleet = fleetClient(demo)
    pool = join(demo.stateDir, 'pools', builtInStorageClass)
    small = join(demo.host.dir, 'small')
    await demo.host.run('mkdir', [small])
    await demo.host.run('mount', ['-t', 'tmpfs', '-o', 'size=64m', 'tmpfs', small])
    await demo.host.run('fallocate', ['-l', '60M', join(small, 'filler')])
    const image = join(demo.images, 'tiny-guest.qcow2')
    await run('qemu-img', ['create', '-q', '-f', 'qcow2', '-b', '/etc/hostname', '-F', 'raw', join(demo.images, 'backing.qcow2'), '16M'])
    await run('qemu-img', ['create', '-q', '-f', 'qcow2', join(demo.images, 'large.qcow2'), '1G'])
    for (const name of ['cut', 'full', 'hidden']) await symlink(image, join(demo.images, `${name}.qcow2`))
    demo.imageFault('/cut.qcow2', { kind: 'drop', afterBytes: 100_000 })
    await demo.startGitvirt()
  })
  after(async () => await demo?.close())

  const volume = async (name: string, reason: string): Promise<ApiObject | undefined> =>
    await fleet.wait('dv', `${name}-root`, {
      what: reason,
      is: (one) => conditionOf(one, 'Ready')?.reason === reason,
      seconds: 90,
    })
  /** Every file below a folder, by its path there. */
  const files = async (folder: string): Promise<string[]> =>
    (await demo.host.run('find', [folder, '-type', 'f', '-printf', '%P\n'])).stdout
      .split('\n')
      .filter((name) => name !== '')
      .sort()

  test('one push with every fault: the machine without one runs', async () => {
    await fleet.remove('networks/br1.yaml')
    await fleet.write('storage/small.yaml', storageClass(small))
    for (const [name, { file }] of Object.entries({ ...lasting, ...passing })) await fleet.write(`vms/${name}.yaml`, machine(name, file))
    await fleet.push('Add machines whose disks cannot be made')
    await fleet.status('demo', 'Running', 150)
  })

  for (const [name, { reason, words }] of Object.entries(passing)) {
    test(`${name}: the import is tried again and says why`, async () => {
      const found = await volume(name, reason)
      assert.match(conditionOf(found, 'Ready')?.message ?? '', words)
      assert.notEqual(found?.status?.phase, 'Failed')
      assert.match((await demo.gitvirt('events', '--for', `dv/${name}-root`)).stdout, new RegExp(`Warning\\s+${reason}`))
      await fleet.status(name, 'DataVolumeError')
      assert.match((await demo.gitvirt('describe', 'dv', `${name}-root`)).stdout, words)
    })
  }

  test('no domain was defined over a disk that is not there', async () => {
    assert.deepEqual((await demo.host.virsh('list', '--all', '--name')).split('\n').filter(Boolean), ['default_demo'])
  })

  test('a refused image leaves nothing behind', async () => {
    for (const [name, { reason }] of Object.entries(lasting)) await volume(name, reason)
    const left = (await files(pool)).filter((name) => !/\/partial\/gitvirt_default_cut-root\.part(\.json)?$/.test(name))
    assert.deepEqual(
      left.filter((name) => !name.startsWith('.gitvirt/cache/')),
      ['.gitvirt/pool-id', 'gitvirt_default_demo-root.raw'],
      'the disk that is used, and the mark of the pool',
    )
    for (const name of Object.keys(lasting)) assert.ok(!left.some((file) => file.includes(name)), `${name} left ${left.join(', ')}`)
    assert.deepEqual(
      (await files(small)).filter((name) => name !== '.gitvirt/pool-id'),
      ['filler'],
    )
  })

  test('what is served again, whole again and has room again converges by itself', async () => {
    await rename(join(demo.images, 'hidden.qcow2'), join(demo.images, 'missing.qcow2'))
    demo.imageFault('/cut.qcow2')
    await demo.host.run('rm', [join(small, 'filler')])
    for (const name of Object.keys(passing)) await fleet.status(name, 'Running', 150)
    assert.ok((await files(small)).includes('gitvirt_default_full-root.raw'))
  })

  for (const [name, { reason, words }] of Object.entries(lasting)) {
    test(`${name}: the volume has failed for good and says why; its machine says DataVolumeError`, async () => {
      const found = await volume(name, reason)
      assert.equal(found?.status?.phase, 'Failed')
      assert.match(conditionOf(found, 'Ready')?.message ?? '', words)
      await fleet.status(name, 'DataVolumeError')
      const events = (await demo.gitvirt('events', '--for', `dv/${name}-root`)).stdout
      assert.match(events, new RegExp(`Warning\\s+${reason}`))
      assert.match(events, /ImportFailed/)
    })
  }

  test('the table names the failed phases', async () => {
    const table = (await demo.gitvirt('get', 'dv')).stdout
    assert.match(table, /^checksum-root\s+Failed/m)
    assert.match(table, /^demo-root\s+Succeeded\s+100\.0%/m)
  })

  test('a corrected checksum makes the disk, and the machine starts', async () => {
    await fleet.write('vms/checksum.yaml', machine('checksum', { image: 'tiny-guest.qcow2' }))
    await fleet.push('Correct the checksum')
    await fleet.status('checksum', 'Running', 120)
  })

  test('machines that never got a disk leave nothing when they are removed', async () => {
    for (const name of ['backing', 'large']) await fleet.remove(`vms/${name}.yaml`)
    await fleet.push('Give up')
    for (const name of ['backing', 'large'])
      await fleet.wait('dv', `${name}-root`, { what: 'gone', is: (one) => one === undefined, seconds: 60 })
    const state = (await demo.host.run('find', [join(demo.stateDir, 'agent', 'storage'), '-type', 'f'])).stdout
    assert.doesNotMatch(state, /backing|large/)
    await until('an empty plan', async () => ((await fleet.plan()).changes.length === 0 ? true : undefined), { seconds: 30 })
  })
})
