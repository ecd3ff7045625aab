import assert from 'node:assert/strict'
import { it } from 'node:test'
import { parseGuestOs } from '../../../../../../agent/drivers/libvirt/observe/guest-agents.ts'

const answer = `os.id               : debian
os.name             : Debian GNU/Linux
os.pretty-name      : Debian GNU/Linux 12 (bookworm)
os.version          : 12 (bookworm)
os.version-id       : 12
os.machine          : x86_64
os.kernel-release   : 6.1.0-41-cloud-amd64
os.kernel-version   : #1 SMP PREEMPT_DYNAMIC Debian 6.1.158-1 (2025-11-09)
os.invented         : by the guest

`

it("names the guest's operating system as upstream's API does", () => {
  assert.deepEqual(parseGuestOs(answer), {
    id: 'debian',
    name: 'Debian GNU/Linux',
    prettyName: 'Debian GNU/Linux 12 (bookworm)',
    version: '12 (bookworm)',
    versionId: '12',
    machine: 'x86_64',
    kernelRelease: '6.1.0-41-cloud-amd64',
    kernelVersion: '#1 SMP PREEMPT_DYNAMIC Debian 6.1.158-1 (2025-11-09)',
  })
})

it('knows no operating system where the agent told none', () => {
  assert.equal(parseGuestOs(''), undefined)
  assert.equal(parseGuestOs('os.invented : by the guest\n'), undefined)
})
