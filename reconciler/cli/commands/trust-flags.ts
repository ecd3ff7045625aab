import { GitvirtError } from '../../lib/errors.ts'
import type { TrustMode, TrustOptions } from '../../trust/trust.ts'
import type { Keys } from '../../trust/verify-signature.ts'

export type TrustFlags = {
  readonly verifyCommits: string
  readonly allowedSigners?: string
  readonly keyring?: string
  readonly forgeAllowedSigners?: string
  readonly forgeKeyring?: string
  readonly revokedKeys?: string
  readonly approvers?: string
  readonly approversKeyring?: string
}

const modes: readonly TrustMode[] = ['none', 'head', 'every-commit']

/**
 * Whose commits come into force, by the command's flags.
 * @throws GitvirtError `InvalidFlag` for a mode that is none, for keys without a mode, and for a mode without keys: all would
 * be less than what was meant
 */
export function trustOptions(flags: TrustFlags): TrustOptions {
  const mode = modes.find((one) => one === flags.verifyCommits)
  if (mode === undefined) throw invalid(`error: "${flags.verifyCommits}" is not a mode of --verify-commits`, `Use ${modes.join(', ')}.`)
  const keys = keysOf(flags.allowedSigners, flags.keyring)
  const forge = keysOf(flags.forgeAllowedSigners, flags.forgeKeyring)
  if (mode === 'none' && (keys !== undefined || forge !== undefined))
    throw invalid('error: keys are given, but --verify-commits is none', 'Say --verify-commits head or every-commit.')
  if (mode !== 'none' && keys === undefined)
    throw invalid(`error: --verify-commits ${mode} needs keys`, 'Give --allowed-signers FILE, --keyring FILE or both.')
  const revoked = flags.revokedKeys === undefined ? {} : { revoked: flags.revokedKeys }
  return { mode, keys: { ...keys, ...revoked }, ...(forge === undefined ? {} : { forge: { ...forge, ...revoked } }) }
}

/**
 * Whose signed trailers approve changes; undefined where the flags leave it to the trusted keys.
 * @throws GitvirtError `InvalidFlag` where there are revoked keys of nobody
 */
export function approverKeys(flags: TrustFlags): Keys | undefined {
  const keys = keysOf(flags.approvers, flags.approversKeyring)
  if (flags.revokedKeys === undefined) return keys
  if (keys === undefined && flags.verifyCommits === 'none')
    throw invalid('error: --revoked-keys is given, but no keys are', 'Give --allowed-signers FILE or --approvers FILE.')
  return keys === undefined ? undefined : { ...keys, revoked: flags.revokedKeys }
}

function keysOf(allowedSigners: string | undefined, keyring: string | undefined): Keys | undefined {
  if (allowedSigners === undefined && keyring === undefined) return undefined
  return { ...(allowedSigners === undefined ? {} : { allowedSigners }), ...(keyring === undefined ? {} : { keyring }) }
}

function invalid(message: string, action: string): GitvirtError {
  return new GitvirtError({ code: 'InvalidFlag', message, action })
}
