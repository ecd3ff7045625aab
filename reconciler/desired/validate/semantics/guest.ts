import type { Pointer } from '../types.ts'
import { exactlyOne } from './exactly-one.ts'
import { fields, items, present, type Fields } from './read.ts'
import type { Report } from './report.ts'

const probeHandlers = ['httpGet', 'tcpSocket', 'exec', 'guestAgentPing']

/** Probes, credentials, DNS and the few devices with rules of their own. */
export function checkGuest(report: Report, guest: Fields, pointer: Pointer): void {
  for (const probe of present(guest, ['livenessProbe', 'readinessProbe'])) {
    exactlyOne(report, guest[probe], { pointer: [...pointer, probe], choice: { keys: probeHandlers, what: 'handler' } })
  }
  if (guest['startStrategy'] === 'Paused' && guest['livenessProbe'] !== undefined) {
    report.add('ConflictingFields', [...pointer, 'startStrategy'], {
      message: 'A guest that starts paused cannot have a livenessProbe: it would be killed.',
      action: 'Remove one of the two.',
    })
  }
  if (guest['dnsPolicy'] === 'None' && items(fields(guest['dnsConfig'])['nameservers']).length === 0) {
    report.add('ConflictingFields', [...pointer, 'dnsPolicy'], {
      message: 'dnsPolicy: None needs a name server in dnsConfig.nameservers.',
    })
  }
  checkCredentials(report, guest, pointer)
  checkDevices(report, guest, pointer)
}

function checkCredentials(report: Report, guest: Fields, pointer: Pointer): void {
  items(guest['accessCredentials']).forEach((entry, index) => {
    const place = [...pointer, 'accessCredentials', index]
    const kind = exactlyOne(report, entry, { pointer: place, choice: { keys: ['sshPublicKey', 'userPassword'], what: 'credential' } })
    if (kind === undefined) return
    const methods = kind === 'sshPublicKey' ? ['noCloud', 'configDrive', 'qemuGuestAgent'] : ['qemuGuestAgent']
    const credential = fields(fields(entry)[kind])
    const at = [...place, kind]
    exactlyOne(report, credential['source'], { pointer: [...at, 'source'], choice: { keys: ['secret'], what: 'source' } })
    exactlyOne(report, credential['propagationMethod'], {
      pointer: [...at, 'propagationMethod'],
      choice: { keys: methods, what: 'propagation method' },
    })
  })
}

function checkDevices(report: Report, guest: Fields, pointer: Pointer): void {
  const devices = fields(fields(guest['domain'])['devices'])
  if (devices['video'] !== undefined && devices['autoattachGraphicsDevice'] === false) {
    report.add('ConflictingFields', [...pointer, 'domain', 'devices', 'video'], {
      message: 'video is set, and autoattachGraphicsDevice: false takes the display away.',
      action: 'Remove one of the two.',
    })
  }
  const watchdog = devices['watchdog']
  if (watchdog !== undefined) {
    exactlyOne(report, watchdog, {
      pointer: [...pointer, 'domain', 'devices', 'watchdog'],
      choice: { keys: ['i6300esb', 'diag288'], what: 'device', optional: true },
    })
  }
}
