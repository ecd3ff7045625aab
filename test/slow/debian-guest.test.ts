import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, suite, test } from 'node:test'
import { debianGuestImage } from '../../lab/debian-guest.ts'
import { startDemo, type Demo } from '../../lab/demo.ts'
import { conditionOf, fleetClient, type ApiObject, type FleetClient, type GuestConsole } from '../../lab/fleet-client.ts'
import { runInGuest } from '../../lab/guest-agent.ts'
import { until } from '../../lab/wait.ts'

/** Seconds and milliseconds that suffice under software emulation on a loaded machine. */
const boot = 900
const change = 180
const minutes = 60_000

const missing = ['mmdebstrap', 'mkfs.vfat', 'mcopy', 'syslinux', 'mke2fs'].filter((program) =>
  ['/usr/bin', '/usr/sbin', '/sbin'].every((folder) => !existsSync(join(folder, program))),
)
const skip = missing.length > 0 ? `${missing.join(', ')} is not installed, and the Debian guest is built with it` : false

type Nic = { readonly name: string; readonly mac: string; readonly ipAddresses?: readonly string[]; readonly infoSource: string }

suite('a Debian guest with its own cloud-init and guest agent', { skip }, () => {
  let demo: Demo
  let fleet: FleetClient
  let console: GuestConsole
  let other: GuestConsole

  const inGuest = async (...command: [string, ...string[]]): Promise<string> => await runInGuest(demo.host, 'default_web', command)
  const command = async (...words: string[]): Promise<void> => {
    const answer = await demo.gitvirt(...words)
    assert.equal(answer.exitCode, 0, answer.stderr)
  }
  const settled = async (): Promise<unknown> =>
    await until('an empty plan', async () => ((await fleet.plan()).changes.length === 0 ? true : undefined), { seconds: change })
  /** Bytes of the guest's disk with this serial, as its kernel sees it; undefined where there is none. */
  const diskBytes = async (serial: string): Promise<number | undefined> => {
    const rows = (await inGuest('lsblk', '--bytes', '--nodeps', '--noheadings', '--output', 'SERIAL,SIZE')).split('\n')
    const row = rows.map((line) => line.trim().split(/\s+/)).find((words) => words[0] === serial)
    return row === undefined ? undefined : Number(row[1])
  }

  before(
    async () => {
      const image = await debianGuestImage()
      demo = await startDemo({ name: 'deb', fleet: join(import.meta.dirname, 'debian-fleet') })
      await symlink(image, join(demo.images, 'debian-guest.qcow2'))
      fleet = fleetClient(demo)
      await demo.startGitvirt()
      await fleet.push('Add a web and a database server')
      // Both boot at the same moment; each has one CPU.
      for (const name of ['web', 'db']) {
        // Until a host has taken the machine over there is nobody to start it.
        await until(`${name} to start`, async () => (await demo.gitvirt('start', name)).exitCode === 0 || undefined, { seconds: change })
        await fleet.status(name, 'Running', change)
      }
      console = fleet.console('web', { user: 'dev', password: 'quiet-lake', prompt: /dev@web-one:~\$ / })
      other = fleet.console('db')
    },
    { timeout: 45 * minutes },
  )
  after(async () => {
    console?.close()
    other?.close()
    await demo?.close()
  })

  test('NoCloud: user data of a Secret in Git and network data reach the guest', { timeout: 20 * minutes }, async () => {
    await console.expect(/cloud-init has ended/, boot)
    assert.equal(await console.command('cat /etc/motto /run/motto | tr \\\\n ,'), 'from a secret in Git,runcmd of web-one,')
  })

  test('the guest agent connects, and the instance shows its addresses and operating system', { timeout: 10 * minutes }, async () => {
    const vmi = await fleet.wait('vmi', 'web', {
      what: 'both addresses, from the agent',
      seconds: boot,
      is: (one) => conditionOf(one, 'AgentConnected')?.status === 'True' && nicOf(one, 'default')?.ipAddresses?.length === 2,
    })
    assert.ok(nicOf(vmi, 'default')?.ipAddresses?.includes('198.51.100.7'), 'the address of the network data')
    assert.match(nicOf(vmi, 'default')?.infoSource ?? '', /guest-agent/)
    const os = vmi?.status?.['guestOSInfo'] as Readonly<Record<string, string>> | undefined
    assert.equal(os?.['id'], 'debian')
    assert.equal(os?.['versionId'], '12')
    assert.match(os?.['prettyName'] ?? '', /Debian GNU\/Linux 12/)
    assert.match(os?.['kernelRelease'] ?? '', /cloud-amd64/)
    await settled()
  })

  test('a paused guest stands still and goes on', { timeout: 10 * minutes }, async () => {
    await command('pause', 'web')
    await fleet.status('web', 'Paused', change)
    assert.equal((await demo.host.virsh('domstate', 'default_web')).trim(), 'paused')
    await command('unpause', 'web')
    await fleet.status('web', 'Running', change)
    assert.equal(await inGuest('cat', '/etc/hostname'), 'web-one')
  })

  test('a larger size in Git is a larger disk in the running guest', { timeout: 10 * minutes }, async () => {
    const pid = await fleet.qemuPid('default_web')
    assert.equal(await diskBytes('web-data'), 64 * 2 ** 20)
    await fleet.edit('data.yaml', (text) => text.replace('storage: 64Mi', 'storage: 96Mi'))
    await fleet.push('Grow the data disk')
    await until('the guest to see it', async () => ((await diskBytes('web-data')) === 96 * 2 ** 20 ? true : undefined), { seconds: change })
    assert.equal(await fleet.qemuPid('default_web'), pid)
    await settled()
  })

  test('a disk removed in Git leaves the running guest', { timeout: 10 * minutes }, async () => {
    const pid = await fleet.qemuPid('default_web')
    assert.equal(await diskBytes('web-scratch'), 48 * 2 ** 20)
    await fleet.edit('web.yaml', (text) =>
      text
        .replace(/ +- name: scratch\n +serial.*\n +disk:\n +bus: scsi\n/, '')
        .replace(/ +- name: scratch\n +dataVolume:\n +name: web-scratch\n/, ''),
    )
    await fleet.push('Take the scratch disk away')
    await until('the disk to be gone', async () => ((await diskBytes('web-scratch')) === undefined ? true : undefined), { seconds: change })
    assert.equal(await fleet.qemuPid('default_web'), pid)
    await settled()
  })

  test('a NIC is plugged in, loses its link, and is unplugged, while the guest runs', { timeout: 15 * minutes }, async () => {
    const pid = await fleet.qemuPid('default_web')
    const links = async (): Promise<string> => await inGuest('ip', '-o', 'link')
    const nic = `            - name: side\n              macAddress: ${sideMac}\n              bridge: {}\n`
    const network = '        - name: side\n          multus:\n            networkName: br1\n'
    await fleet.edit('web.yaml', (text) =>
      text.replace('      networks:\n', `${nic}      networks:\n`).replace('      volumes:\n', `${network}      volumes:\n`),
    )
    await fleet.push('Add a NIC')
    await until('the NIC', async () => ((await links()).includes(sideMac) ? true : undefined), { seconds: change })
    const name = new RegExp(`^\\d+: (\\S+):.*${sideMac}`, 'm').exec(await links())?.[1] ?? ''
    const carrier = async (): Promise<string> => await inGuest('cat', `/sys/class/net/${name}/carrier`)
    await until('its link', async () => ((await carrier()) === '1' ? true : undefined), { seconds: change })
    await fleet.edit('web.yaml', (text) => text.replace(`${sideMac}\n`, `${sideMac}\n              state: down\n`))
    await fleet.push('Take its link down')
    await until('no link', async () => ((await carrier()) === '0' ? true : undefined), { seconds: change })
    await settled()
    await fleet.edit('web.yaml', (text) =>
      text.replace(nic.replace('\n              bridge', '\n              state: down\n              bridge'), '').replace(network, ''),
    )
    await fleet.push('Remove the NIC')
    await until('the NIC to be gone', async () => ((await links()).includes(sideMac) ? undefined : true), { seconds: change })
    assert.equal(await fleet.qemuPid('default_web'), pid)
    await settled()
  })

  test('stop lets the guest shut itself down', { timeout: 15 * minutes }, async () => {
    await until(
      'the guest to be up',
      async () => /^(running|degraded)$/.test(await inGuest('sh', '-c', 'systemctl is-system-running || true')) || undefined,
      {
        seconds: boot,
        everyMs: 3000,
      },
    )
    await command('stop', 'web')
    await fleet.status('web', 'Stopped', 320)
    assert.match(await demo.host.virsh('domstate', '--reason', 'default_web'), /shut off \(shutdown\)/)
    await console.expect(/reboot: Power down/, 30)
  })

  test('UEFI and ConfigDrive: user data and OpenStack network data reach the guest', { timeout: 25 * minutes }, async () => {
    await other.expect(/cloud-init has ended/, boot)
    const inDb = async (...words: [string, ...string[]]): Promise<string> => await runInGuest(demo.host, 'default_db', words)
    assert.equal(await inDb('cat', '/etc/hostname', '/etc/motto'), 'db-one\nfrom a config drive')
    assert.ok((await inDb('ls', '/sys/firmware')).includes('efi'))
    await fleet.wait('vmi', 'db', {
      what: 'the address of the network data',
      seconds: change,
      is: (one) => nicOf(one, 'default')?.ipAddresses?.includes('198.51.100.8') === true,
    })
  })

  // Under software emulation the firmware's second start takes minutes: it unpacks itself, byte by byte, over memory that holds code which
  // QEMU has translated, and each byte looks through what was translated of its page.
  test("a soft reboot is the guest's own: the same QEMU, and the guest comes up again", { timeout: 25 * minutes }, async () => {
    const inDb = async (...words: [string, ...string[]]): Promise<string> => await runInGuest(demo.host, 'default_db', words)
    const bootId = async (): Promise<string> => await inDb('cat', '/proc/sys/kernel/random/boot_id')
    const [pid, first] = [await fleet.qemuPid('default_db'), await bootId()]
    await command('soft-reboot', 'db')
    await other.expect(/reboot: Restarting system/, 320)
    await other.expect(/db-one login: /, boot)
    const second = await until('the guest agent to answer again', bootId, { seconds: boot, everyMs: 3000 })
    assert.notEqual(second, first)
    assert.equal(await fleet.qemuPid('default_db'), pid)
    assert.equal((await demo.host.virsh('domstate', 'default_db')).trim(), 'running')
    // What cloud-init does once for an instance it did not do again.
    assert.equal(other.text().match(/cloud-init has ended/g)?.length, 1)
    await fleet.status('db', 'Running', change)
  })
})

const sideMac = '02:00:5e:00:53:03'

function nicOf(vmi: ApiObject | undefined, name: string): Nic | undefined {
  return ((vmi?.status?.['interfaces'] ?? []) as Nic[]).find((nic) => nic.name === name)
}
