import 'reflect-metadata'
import { createHash, randomBytes, webcrypto } from 'node:crypto'
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  PemConverter,
  Pkcs10CertificateRequest,
  Pkcs10CertificateRequestGenerator,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  X509Certificate,
  X509CertificateGenerator,
  type JsonGeneralNames,
  type JsonName,
} from '@peculiar/x509'
import { isIP } from 'node:net'
import { GitvirtError } from './errors.ts'

/** A certificate and its private key (PKCS #8), both PEM. */
export type KeyedCertificate = { readonly cert: string; readonly key: string }

export type Subject = { readonly commonName: string; readonly organization?: string }

type Authority = { readonly certificate: X509Certificate; readonly privateKey: webcrypto.CryptoKey }

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' }
const dayMs = 86_400_000
// Clocks of hosts differ by minutes; a certificate must not be "not yet valid" for that.
const backdateMs = 3_600_000

async function newKeys(): Promise<webcrypto.CryptoKeyPair> {
  return await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])
}

/** PEM with a closing newline, so that texts join to a valid file. */
function pemText(pem: string): string {
  return `${pem.trim()}\n`
}

async function keyPem(key: webcrypto.CryptoKey): Promise<string> {
  return pemText(PemConverter.encode(await webcrypto.subtle.exportKey('pkcs8', key), PemConverter.PrivateKeyTag))
}

function nameOf(subject: Subject): JsonName {
  return [{ CN: [subject.commonName] }, ...(subject.organization === undefined ? [] : [{ O: [subject.organization] }])]
}

/** A positive serial number of 127 random bits (RFC 5280, section 4.1.2.2), hex. */
function serialNumber(): string {
  const bytes = randomBytes(16)
  bytes[0] = ((bytes[0] ?? 0) & 0x7f) | 0x40
  return bytes.toString('hex')
}

/** A new certificate authority with an EC P-256 key; it may sign end certificates only. */
export async function createAuthority(commonName: string, now: Date, days: number): Promise<KeyedCertificate> {
  const keys = await newKeys()
  const certificate = await X509CertificateGenerator.createSelfSigned({
    serialNumber: serialNumber(),
    name: nameOf({ commonName }),
    notBefore: new Date(now.getTime() - backdateMs),
    notAfter: new Date(now.getTime() + days * dayMs),
    signingAlgorithm: algorithm,
    keys,
    extensions: [
      new BasicConstraintsExtension(true, 0, true),
      new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
      await SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  })
  return { cert: pemText(certificate.toString('pem')), key: await keyPem(keys.privateKey) }
}

/** Reads an authority's certificate and key. */
export async function loadAuthority(authority: KeyedCertificate): Promise<Authority> {
  const privateKey = await webcrypto.subtle.importKey('pkcs8', PemConverter.decodeFirst(authority.key), algorithm, false, ['sign'])
  return { certificate: new X509Certificate(authority.cert), privateKey }
}

export type Issue = {
  readonly authority: Authority
  readonly subject: Subject
  readonly now: Date
  readonly days: number
  /** DNS names and IP addresses; with them it is a server's certificate, without a client's. */
  readonly names?: readonly string[]
}

/** Issues a certificate for a key pair made here. */
export async function issueWithNewKey(issue: Issue): Promise<KeyedCertificate> {
  const keys = await newKeys()
  return { cert: await sign(issue, keys.publicKey), key: await keyPem(keys.privateKey) }
}

/**
 * Issues a certificate for the key of a request. Only the key is taken from it: subject and usage are the caller's.
 * @throws GitvirtError `InvalidCertificateRequest` where it does not parse, is not EC P-256, or does not prove its key
 */
export async function issueForRequest(issue: Issue, requestPem: string): Promise<string> {
  return await sign(issue, await requestedKey(requestPem))
}

async function requestedKey(requestPem: string): Promise<webcrypto.CryptoKey> {
  try {
    const request = new Pkcs10CertificateRequest(requestPem)
    const key = await request.publicKey.export(algorithm, ['verify'])
    if (await request.verify()) return key
  } catch (error) {
    throw new GitvirtError({ code: 'InvalidCertificateRequest', message: 'The certificate request cannot be read.', cause: error })
  }
  throw new GitvirtError({ code: 'InvalidCertificateRequest', message: 'The certificate request does not prove that it has its key.' })
}

async function sign(issue: Issue, publicKey: webcrypto.CryptoKey): Promise<string> {
  const { authority, names, now } = issue
  const usage = names === undefined ? ExtendedKeyUsage.clientAuth : ExtendedKeyUsage.serverAuth
  const certificate = await X509CertificateGenerator.create({
    serialNumber: serialNumber(),
    subject: nameOf(issue.subject),
    issuer: authority.certificate.subjectName,
    notBefore: new Date(now.getTime() - backdateMs),
    notAfter: new Date(Math.min(now.getTime() + issue.days * dayMs, authority.certificate.notAfter.getTime())),
    signingAlgorithm: algorithm,
    publicKey,
    signingKey: authority.privateKey,
    extensions: [
      new BasicConstraintsExtension(false, undefined, true),
      new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
      new ExtendedKeyUsageExtension([usage]),
      await SubjectKeyIdentifierExtension.create(publicKey),
      await AuthorityKeyIdentifierExtension.create(authority.certificate.publicKey),
      ...(names === undefined ? [] : [new SubjectAlternativeNameExtension(names.map(generalName))]),
    ],
  })
  return pemText(certificate.toString('pem'))
}

function generalName(name: string): JsonGeneralNames[number] {
  return { type: isIP(name) === 0 ? 'dns' : 'ip', value: name }
}

/** A new EC P-256 key and a request (PKCS #10) that proves it. */
export async function createRequest(commonName: string): Promise<{ readonly request: string; readonly key: string }> {
  const keys = await newKeys()
  const request = await Pkcs10CertificateRequestGenerator.create({ name: nameOf({ commonName }), signingAlgorithm: algorithm, keys })
  return { request: pemText(request.toString('pem')), key: await keyPem(keys.privateKey) }
}

/** sha256 of a certificate's DER form, lower-case hex without colons. */
export function fingerprintOf(certificate: string | Uint8Array): string {
  const der = typeof certificate === 'string' ? Buffer.from(PemConverter.decodeFirst(certificate)) : certificate
  return createHash('sha256').update(der).digest('hex')
}

/** When a certificate was issued and when it ends. */
export function validityOf(certificate: string): { readonly notBefore: Date; readonly notAfter: Date } {
  const { notBefore, notAfter } = new X509Certificate(certificate)
  return { notBefore, notAfter }
}

/** True when less than a third of a certificate's life is left. */
export function needsRenewal(certificate: string, now: Date): boolean {
  const { notBefore, notAfter } = validityOf(certificate)
  return notAfter.getTime() - now.getTime() < (notAfter.getTime() - notBefore.getTime()) / 3
}
