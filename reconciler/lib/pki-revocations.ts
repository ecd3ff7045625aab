import { readIfPresent, writePrivateFile } from './private-file.ts'

export type Revocations = {
  /** Refuses a certificate from now on. */
  revoke(certificate: { readonly serial: string } | { readonly fingerprint: string }): Promise<void>
  isRevoked(certificate: { readonly serial: string; readonly fingerprint: string }): boolean
  /** Calls back after each revocation; returns the way to stop that. */
  onRevoked(listener: () => void): () => void
}

/** The certificates that are refused, by serial number or fingerprint, in one file. */
export async function createRevocations(path: string): Promise<Revocations> {
  const revoked = new Set<string>(JSON.parse((await readIfPresent(path)) ?? '[]') as string[])
  const listeners = new Set<() => void>()
  return {
    async revoke(certificate) {
      revoked.add('serial' in certificate ? serialEntry(certificate.serial) : fingerprintEntry(certificate.fingerprint))
      await writePrivateFile(path, JSON.stringify([...revoked]))
      for (const listener of listeners) listener()
    },
    isRevoked: ({ serial, fingerprint }) => revoked.has(serialEntry(serial)) || revoked.has(fingerprintEntry(fingerprint)),
    onRevoked(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
  }
}

function serialEntry(serial: string): string {
  return `serial:${serial.toLowerCase().replaceAll(':', '').replace(/^0+/, '')}`
}

function fingerprintEntry(fingerprint: string): string {
  return `fingerprint:${fingerprint.toLowerCase().replaceAll(':', '')}`
}
