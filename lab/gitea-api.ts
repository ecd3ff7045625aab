import { randomBytes } from 'node:crypto'
import { GitvirtError } from '../reconciler/lib/errors.ts'

/** Somebody with an account. */
export type Person = { readonly name: string; readonly id: number; readonly password: string }

/** What is asked of a Gitea by its API. */
export type GiteaApi = {
  /** Address of its API. */
  readonly api: string
  /** Token of the site's operator, good for everything. */
  readonly token: string
  /** Asks the API as the operator, or with another token. @throws GitvirtError `GiteaRefused` with its own words */
  call<T>(method: string, path: string, more?: { readonly body?: unknown; readonly token?: string }): Promise<T>
  person(name: string): Promise<Person>
  /** Makes a token of a person with just these scopes. */
  tokenOf(person: Person, scopes: readonly string[]): Promise<string>
}

/** The API at an address, with the token of the site's operator. */
export function giteaApi(api: string, token: string): GiteaApi {
  const call: GiteaApi['call'] = async (method, path, more = {}) =>
    await ask(`${api}${path}`, { method, authorization: `token ${more.token ?? token}`, body: more.body })
  return {
    api,
    token,
    call,
    person: async (name) => {
      const password = randomBytes(12).toString('hex')
      const body = { username: name, email: `${name}@example.org`, password, must_change_password: false }
      const { id } = await call<{ id: number }>('POST', '/admin/users', { body })
      return { name, id, password }
    },
    tokenOf: async ({ name, password }, scopes) => {
      const authorization = `Basic ${Buffer.from(`${name}:${password}`).toString('base64')}`
      const body = { name: randomBytes(6).toString('hex'), scopes }
      return (await ask<{ sha1: string }>(`${api}/users/${name}/tokens`, { method: 'POST', authorization, body })).sha1
    },
  }
}

type Question = { readonly method: string; readonly authorization: string; readonly body: unknown }

async function ask<T>(address: string, { method, authorization, body }: Question): Promise<T> {
  const content = body === undefined ? {} : { body: JSON.stringify(body) }
  const response = await fetch(address, { method, headers: { authorization, 'content-type': 'application/json' }, ...content })
  const text = await response.text()
  if (!response.ok) throw new GitvirtError({ code: 'GiteaRefused', message: `${method} ${address}: ${response.status} ${text}` })
  return (text === '' ? undefined : JSON.parse(text)) as T
}
