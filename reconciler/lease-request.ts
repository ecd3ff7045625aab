import { parseDuration } from './lib/duration.ts'
import { GitvirtError } from './lib/errors.ts'
import { keyText, parseKey, type ObjectKey } from './lib/object-key.ts'
import type { LeasePorts } from './lease-ports.ts'
import type { LeaseRecord } from './store/leases.ts'

/**
 * Milliseconds of the lease that is asked for, where it may be given.
 * @throws GitvirtError `InvalidArgument`, `LeaseNotAllowed`, `NotFound`
 */
export function checkRequest(
  { policy, observed }: Pick<LeasePorts, 'policy' | 'observed'>,
  { key, time }: { readonly key: ObjectKey; readonly time: string },
): number {
  const { allowed, longestMilliseconds } = policy()
  if (parseKey(key).kind !== 'VirtualMachine')
    throw new GitvirtError({
      code: 'InvalidArgument',
      message: `A lease is of a virtual machine, not of ${keyText(key)}.`,
      action: 'Name it as vm/NAME.',
    })
  if (!allowed)
    throw new GitvirtError({
      code: 'LeaseNotAllowed',
      message: 'gitvirt.yaml allows no leases.',
      action: 'Change the machine in Git, or spec.leases.allowed.',
    })
  const milliseconds = parseDuration(time)
  if (milliseconds === undefined || milliseconds < 1000)
    throw new GitvirtError({
      code: 'InvalidArgument',
      message: `"${time}" is not a duration of a second or more.`,
      action: 'Write for example --for 2h.',
    })
  if (milliseconds > longestMilliseconds)
    throw new GitvirtError({
      code: 'LeaseNotAllowed',
      message: `gitvirt.yaml allows leases of at most ${longestMilliseconds / 60_000} minutes; ${time} is longer.`,
      action: 'Ask for less, or change spec.leases.maxDuration.',
    })
  if (observed.get(key).length === 0)
    throw new GitvirtError({ code: 'NotFound', message: `No host has ${keyText(key)}.`, action: 'Look at "gitvirt get vm".' })
  return milliseconds
}

/** A machine has one lease at most. */
export function leasedAlready(lease: LeaseRecord): GitvirtError {
  const over = lease.kept === undefined ? `until ${lease.until}` : `whose changes stand until ${lease.kept.until}`
  return new GitvirtError({
    code: 'Conflict',
    message: `${lease.by} has a lease on ${keyText(lease.key)} ${over}: ${lease.reason}`,
    action: 'Work under it, or end it first: gitvirt lease end.',
  })
}

/** A lease to adopt cannot end while nobody can tell what its changes are kept against. */
export function wishUnknown({ key }: LeaseRecord): GitvirtError {
  return new GitvirtError({
    code: 'WishUnknown',
    message: `What Git wants of ${keyText(key)} is not known now, so that what was changed by hand could not be kept.`,
    action: 'Mend its file in Git, or wait for the first revision after a start, and end the lease again.',
  })
}

/** A lease that was given, as people are told of it. */
export function leaseText({ by, until, reason, ending }: LeaseRecord): string {
  const then =
    ending === 'adopt' ? 'it is written to a branch' : 'it is reverted, unless spec.drift or an annotation says that drift is left'
  return `${by} has a lease until ${until}: ${reason}. What is changed by hand stands; then ${then}.`
}

/** Nothing to end, with what could be. */
export function noLease(key: ObjectKey, leases: readonly LeaseRecord[]): GitvirtError {
  const others = leases.map((one) => keyText(one.key))
  return new GitvirtError({
    code: 'NotFound',
    message: `There is no lease on ${keyText(key)}.`,
    ...(others.length === 0 ? {} : { action: `Leases: ${others.join(', ')}.` }),
  })
}
