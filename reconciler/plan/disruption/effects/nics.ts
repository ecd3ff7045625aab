import type { Interface, Network } from '../../../../schemas/generated/virtual-machine.ts'
import { derivedMac, plainMac } from '../../../lib/derived-mac.ts'
import { guestTopology, vcpusOf } from '../../../lib/guest-size.ts'
import type { Effect } from './guest.ts'
import { uidOf } from './hardware.ts'

/** A NIC as the guest has it; undefined where it has none. */
export const nic: Effect = (guest, name) => {
  const { spec } = guest
  const wanted = spec.domain.devices.interfaces?.find((one) => one.name === name)
  const network = spec.networks?.find((one) => one.name === name)
  if (wanted === undefined || network === undefined || wanted.state === 'absent') return undefined
  const { model = 'virtio', bootOrder, acpiIndex, pciAddress, macAddress, state } = wanted
  const vcpus = vcpusOf(guestTopology(spec.domain))
  const isMany = spec.domain.devices.networkInterfaceMultiqueue === true && model === 'virtio' && vcpus > 1
  return {
    network: networkOf(wanted, network),
    model,
    mac: macAddress === undefined || macAddress === '' ? derivedMac(uidOf(guest), name) : plainMac(macAddress),
    queues: isMany ? vcpus : undefined,
    isDown: state === 'down',
    bootOrder,
    acpiIndex,
    pciAddress,
  }
}

/** Every binding of the pod network but slirp comes to the one network of the host; a multus network is the bridge of its name. */
function networkOf({ slirp }: Interface, { pod, multus }: Network): unknown {
  if (pod !== undefined) return slirp === undefined ? 'pod' : 'slirp'
  return multus?.networkName.slice(multus.networkName.lastIndexOf('/') + 1)
}

/** Every NIC of the guest. */
export const nics: Effect = (guest) => (guest.spec.domain.devices.interfaces ?? []).map(({ name }) => [name, nic(guest, name)])
