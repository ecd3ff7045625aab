import { request as httpsRequest, type RequestOptions } from 'node:https'
import { GitvirtError } from '../../reconciler/lib/errors.ts'
import { parseJoinToken } from '../../reconciler/lib/pki.ts'
import { createRequest, fingerprintOf } from '../../reconciler/lib/pki-x509.ts'
import type { Endpoint } from './connect.ts'

/** What an agent keeps of its enrolment; PEM texts. */
export type Credential = Omit<Endpoint, 'url'>

/** Which node asks, and where the reconciler is. */
export type Member = { readonly node: string; readonly url: string }

/**
 * A certificate for a join token. The token carries the authority's fingerprint, so the server is proven before the token's secret
 * leaves this host. @throws GitvirtError `InvalidJoinToken`, `WrongAuthority`, `WrongNode`, `EnrolmentFailed`
 */
export async function enroll({ node, url }: Member, joinToken: string): Promise<Credential> {
  const { fingerprint } = parseJoinToken(joinToken)
  const ca = textOf(await call(new URL('/v1/ca', url), { rejectUnauthorized: false }), 'ca')
  if (fingerprintOf(ca) !== fingerprint) {
    throw new GitvirtError({
      code: 'WrongAuthority',
      message: `The reconciler at ${url} is not the one that made the join token.`,
      host: node,
    })
  }
  const { request, key } = await createRequest(node)
  const answer = await call(new URL('/v1/enroll', url), { ca }, { token: joinToken, request })
  if (answer['node'] === node) return { ca, cert: textOf(answer, 'cert'), key }
  throw new GitvirtError({
    code: 'WrongNode',
    message: `The join token is for node ${String(answer['node'])}, this is ${node}.`,
    host: node,
  })
}

/** A new certificate for the node that the old one proves. @throws GitvirtError `EnrolmentFailed` or the reconciler's own code */
export async function renew({ node, url }: Member, old: Credential): Promise<Credential> {
  const { request, key } = await createRequest(node)
  const answer = await call(new URL('/v1/renew', url), old, { request })
  return { ca: textOf(answer, 'ca'), cert: textOf(answer, 'cert'), key }
}

const maxAnswerBytes = 64 * 1024
const timeoutMs = 15_000

async function call(url: URL, tls: RequestOptions, body?: object): Promise<Record<string, unknown>> {
  const answer = Promise.withResolvers<{ status: number; text: string }>()
  const options: RequestOptions = {
    ...tls,
    method: body === undefined ? 'GET' : 'POST',
    minVersion: 'TLSv1.3',
    agent: false,
    timeout: timeoutMs,
  }
  const request = httpsRequest(url, options, (response) => {
    let text = ''
    response.setEncoding('utf8')
    response.on('data', (chunk: string) => {
      text += chunk
      if (text.length > maxAnswerBytes) request.destroy(new Error('the answer is too long'))
    })
    response.on('end', () => answer.resolve({ status: response.statusCode ?? 0, text }))
  })
  request.on('timeout', () => request.destroy(new Error('no answer in time')))
  request.on('error', answer.reject)
  request.setHeader('content-type', 'application/json')
  request.end(body === undefined ? undefined : JSON.stringify(body))
  try {
    return accepted(url, await answer.promise)
  } catch (error) {
    if (error instanceof GitvirtError) throw error
    const words = error instanceof Error ? error.message : String(error)
    throw new GitvirtError({ code: 'EnrolmentFailed', message: `Cannot reach ${url.href}: ${words}`, cause: error })
  }
}

function accepted(url: URL, { status, text }: { readonly status: number; readonly text: string }): Record<string, unknown> {
  const body = JSON.parse(text) as Record<string, unknown>
  if (status === 200) return body
  const { code, message } = body
  throw new GitvirtError({
    code: typeof code === 'string' ? code : 'EnrolmentFailed',
    message: `${url.pathname}: ${typeof message === 'string' ? message : `status ${status}`}`,
  })
}

function textOf(answer: Record<string, unknown>, field: string): string {
  const value = answer[field]
  if (typeof value === 'string') return value
  throw new GitvirtError({ code: 'EnrolmentFailed', message: `The reconciler's answer lacks "${field}".` })
}
