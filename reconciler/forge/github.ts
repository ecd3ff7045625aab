import { createForgeHttp, type HttpOptions } from './http.ts'
import { createOwnId } from './own-id.ts'
import { StickyComments, type Comment } from './sticky-comment.ts'
import type { Forge, ForgeOptions } from './types.ts'

const mostRequests = 500
const mostComments = 2000
/** GitHub cuts nothing off: it refuses. Source: REST API, "Create a commit status". */
export const longestDescription = 140

type Pull = {
  readonly number: number
  readonly title: string
  readonly head: { readonly sha: string }
  readonly base: { readonly ref: string }
}
type IssueComment = { readonly id: number; readonly body: string | null; readonly user: { readonly id: number } | null }

/** GitHub's REST API, version 2022-11-28. */
export function createGitHub(options: ForgeOptions): Forge {
  return pullForge(options, {
    pageSize: 'per_page',
    base: 'base',
    headers: (token) => ({
      accept: 'application/vnd.github+json',
      authorization: `Bearer ${token}`,
      'x-github-api-version': '2022-11-28',
    }),
  })
}

/** The API of Gitea and Forgejo, which names things as GitHub does. */
export function createGitea(options: ForgeOptions): Forge {
  return pullForge(options, { pageSize: 'limit', base: 'base_branch', headers: (token) => ({ authorization: `token ${token}` }) })
}

type Dialect = Pick<HttpOptions, 'pageSize' | 'headers'> & {
  /** Name of the parameter that asks for requests against one branch. */
  readonly base: string
}

function pullForge(options: ForgeOptions, dialect: Dialect): Forge {
  const http = createForgeHttp({ api: options.api, tokenFile: options.tokenFile, ...dialect })
  const repo = `/repos/${options.repository.split('/').map(encodeURIComponent).join('/')}`
  const self = createOwnId(http)
  const sticky = new StickyComments()
  return {
    requests: async (branch) => {
      const pulls = await http.pages<Pull>(`${repo}/pulls?state=open&${dialect.base}=${encodeURIComponent(branch)}`, mostRequests)
      // Gitea before 1.24 knows no filter by branch.
      return pulls.filter(({ base }) => base.ref === branch).map(({ number, title, head }) => ({ number, title, head: head.sha }))
    },
    comment: async (request, comment) => {
      const issue = `${repo}/issues/${request}/comments`
      const api = {
        list: async () => (await http.pages<IssueComment>(issue, mostComments)).map(readComment),
        create: async (body: string) => readComment(await http.call<IssueComment>('POST', issue, { body })),
        update: async (id: number, body: string) => await http.call('PATCH', `${repo}/issues/comments/${id}`, { body }),
        remove: async (id: number) => await http.call('DELETE', `${repo}/issues/comments/${id}`),
        self,
      }
      await sticky.stick({ request, api, ...comment })
    },
    status: async (commit, { context, state, description }) => {
      const body = { context, state, description: description.slice(0, longestDescription) }
      await http.call('POST', `${repo}/statuses/${encodeURIComponent(commit)}`, body)
    },
  }
}

function readComment({ id, body, user }: IssueComment): Comment {
  return { id, body: body ?? '', author: user?.id }
}
