import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { Clock } from './clock.ts'
import { GitvirtError } from './errors.ts'
import {
  createAuthority,
  fingerprintOf,
  issueForRequest,
  issueWithNewKey,
  loadAuthority,
  needsRenewal,
  type Issue,
  type KeyedCertificate,
  type Subject,
} from './pki-x509.ts'
import { createKnownAgents, type KnownAgents } from './pki-agents.ts'
import { createJoinTokens } from './pki-tokens.ts'
import { createRevocations, type Revocations } from './pki-revocations.ts'
import { readIfPresent, writePrivateFile } from './private-file.ts'

/** Organization in the certificates of agents: the role that may open a session, and nothing else. */
export const agentOrganization = 'gitvirt:agents'
/** Organization in the certificates of owners. */
export const adminOrganization = 'gitvirt:admins'

/** The reconciler's own certificate authority and all that hangs on it. */
export type Pki = Revocations &
  KnownAgents & {
    /** The authority's certificate, PEM. */
    readonly ca: string
    /** The server's certificate; a new one when its life or its names ask for it. */
    server(): Promise<KeyedCertificate>
    issueClientCertificate(options: Subject & { readonly days?: number }): Promise<KeyedCertificate>
    /** Makes a one-time token for one node: `<secret>.<fingerprint of the authority>`. */
    createJoinToken(node: string, options?: { readonly ttlSeconds?: number }): Promise<string>
    /** Turns a token and a certificate request into an agent's certificate. @throws GitvirtError `InvalidJoinToken`, `InvalidCertificateRequest` */
    enroll(token: string, request: string): Promise<{ readonly node: string; readonly cert: string; readonly ca: string }>
    /** A new certificate for an agent that proved its old one. */
    renew(node: string, request: string): Promise<{ readonly cert: string; readonly ca: string }>
  }

export type PkiOptions = {
  /** Folder of its own, made with mode 0700; the files in it are 0600. */
  readonly dir: string
  readonly clock: Clock
  /** DNS names and IP addresses of the server besides the loopback's. */
  readonly names?: readonly string[]
}

const authorityDays = 3650
const serverDays = 397
const agentDays = 90
const ownerDays = 365
const joinTokenSeconds = 3600

/** Opens the authority in a folder, and makes it at the first start. */
export async function openPki(options: PkiOptions): Promise<Pki> {
  await mkdir(options.dir, { recursive: true, mode: 0o700 })
  const keyed = await loadOrMake(join(options.dir, 'ca'), () => createAuthority('gitvirt', options.clock.now(), authorityDays))
  const authority = await loadAuthority(keyed)
  const tokens = createJoinTokens(join(options.dir, 'join-tokens.json'))
  const revocations = await createRevocations(join(options.dir, 'revoked.json'))
  const known = await createKnownAgents(join(options.dir, 'agents.json'))
  const issue = (subject: Subject, days: number): Issue => ({ authority, subject, days, now: options.clock.now() })
  const forAgent = async (node: string, request: string): Promise<{ cert: string; ca: string }> => {
    const cert = await issueForRequest(issue({ commonName: node, organization: agentOrganization }, agentDays), request)
    await known.noteAgent(node)
    return { cert, ca: keyed.cert }
  }
  return {
    ca: keyed.cert,
    server: () => serverCertificate(options, issue({ commonName: 'gitvirt-reconciler' }, serverDays)),
    issueClientCertificate: ({ days, ...subject }) => issueWithNewKey(issue(subject, days ?? ownerDays)),
    createJoinToken: async (node, { ttlSeconds = joinTokenSeconds } = {}) => {
      const expires = new Date(options.clock.now().getTime() + ttlSeconds * 1000)
      return `${await tokens.create(node, expires)}.${fingerprintOf(keyed.cert)}`
    },
    enroll: async (token, request) => {
      const node = await tokens.redeem(parseJoinToken(token).secret, options.clock.now())
      return { node, ...(await forAgent(node, request)) }
    },
    renew: forAgent,
    ...known,
    ...revocations,
  }
}

/** The two parts of a join token. @throws GitvirtError `InvalidJoinToken` */
export function parseJoinToken(token: string): { readonly secret: string; readonly fingerprint: string } {
  const match = /^([\w-]{43})\.([0-9a-f]{64})$/.exec(token.trim())
  if (match?.[1] === undefined || match[2] === undefined) {
    throw new GitvirtError({ code: 'InvalidJoinToken', message: 'This is no join token.', action: 'Copy the whole token.' })
  }
  return { secret: match[1], fingerprint: match[2] }
}

async function serverCertificate(options: PkiOptions, issue: Issue): Promise<KeyedCertificate> {
  const names = [...new Set(['localhost', '127.0.0.1', '::1', ...(options.names ?? [])])]
  const namesPath = join(options.dir, 'server.names.json')
  const base = join(options.dir, 'server')
  const [stored, storedNames] = [await load(base), await readIfPresent(namesPath)]
  if (stored !== undefined && storedNames === JSON.stringify(names) && !needsRenewal(stored.cert, options.clock.now())) return stored
  const made = await issueWithNewKey({ ...issue, names })
  await save(base, made)
  await writePrivateFile(namesPath, JSON.stringify(names))
  return made
}

async function loadOrMake(base: string, make: () => Promise<KeyedCertificate>): Promise<KeyedCertificate> {
  const stored = await load(base)
  if (stored !== undefined) return stored
  const made = await make()
  await save(base, made)
  return made
}

// Certificate and key share one file, so that a kill between two writes cannot part them.
async function load(base: string): Promise<KeyedCertificate | undefined> {
  const text = await readIfPresent(`${base}.pem`)
  if (text === undefined) return undefined
  const cut = text.indexOf('-----BEGIN CERTIFICATE-----')
  return { key: text.slice(0, cut), cert: text.slice(cut) }
}

async function save(base: string, keyed: KeyedCertificate): Promise<void> {
  await writePrivateFile(`${base}.pem`, `${keyed.key}${keyed.cert}`)
}
