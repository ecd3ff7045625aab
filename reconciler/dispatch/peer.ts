import type { TLSSocket } from 'node:tls'
import { agentOrganization, type Pki } from '../lib/pki.ts'

/** Who stands behind a TLS connection, by the client certificate that it proved. */
export type Peer = { readonly node: string; readonly serial: string; readonly fingerprint: string }

/**
 * The agent behind a TLS connection, or why there is none: no certificate of our authority, another role, or revoked.
 * The server asks for certificates (`requestCert`) and leaves the refusal to this function.
 */
export function agentOf(socket: TLSSocket, pki: Pick<Pki, 'isRevoked'>): Peer | { readonly refused: string } {
  if (!socket.authorized) return { refused: 'no valid client certificate' }
  const certificate = socket.getPeerCertificate()
  const { CN: node, O: organization } = certificate.subject
  if (typeof node !== 'string' || organization !== agentOrganization) return { refused: 'the certificate is not an agent’s' }
  const peer = { node, serial: certificate.serialNumber, fingerprint: certificate.fingerprint256 }
  return pki.isRevoked(peer) ? { refused: 'the certificate is revoked' } : peer
}
