import type { Effect } from './guest.ts'

/** Of everything below `devices` but disks and NICs. */
export const serialConsole: Effect = ({ spec }) => {
  const { autoattachSerialConsole, logSerialConsole } = spec.domain.devices
  return autoattachSerialConsole === false ? undefined : { logged: logSerialConsole !== false }
}

export const graphics: Effect = ({ spec }) => {
  const { autoattachGraphicsDevice, video } = spec.domain.devices
  return autoattachGraphicsDevice === false ? undefined : (video?.type ?? 'vga')
}

/** Names of input devices are for the manifest alone. */
export const inputDevices: Effect = ({ spec }) => {
  const { inputs = [], autoattachInputDevice } = spec.domain.devices
  if (inputs.length === 0) return autoattachInputDevice === true ? ['tablet usb'] : []
  return inputs.map(({ type, bus }) => `${type} ${bus === undefined ? 'usb' : bus}`).sort()
}

export const tpm: Effect = ({ spec }) => {
  const { tpm: wanted } = spec.domain.devices
  return wanted === undefined || wanted.enabled === false ? undefined : { persistent: wanted.persistent === true }
}

export const sound: Effect = ({ spec }) => {
  const { sound: wanted } = spec.domain.devices
  return wanted === undefined ? undefined : (wanted.model ?? 'ich9')
}

export const watchdog: Effect = ({ spec }) => {
  const { watchdog: wanted } = spec.domain.devices
  return wanted === undefined || wanted.diag288 !== undefined ? undefined : (wanted.i6300esb?.action ?? 'reset')
}

export const panicDevices: Effect = ({ spec }) =>
  (spec.domain.devices.panicDevices ?? []).map(({ model = 'isa' }) => model).filter((model) => model === 'isa' || model === 'hyperv')
