import { GitvirtError } from '../lib/errors.ts'
import { longestDescription } from './github.ts'
import { createForgeHttp } from './http.ts'
import { createOwnId } from './own-id.ts'
import { StickyComments, type Comment } from './sticky-comment.ts'
import type { CommitStatus, Forge, ForgeOptions } from './types.ts'

const mostRequests = 500
const mostNotes = 2000

type MergeRequest = { readonly iid: number; readonly title: string; readonly sha: string | null }
type Note = { readonly id: number; readonly body: string; readonly author: { readonly id: number } | null }

const states: Readonly<Record<CommitStatus['state'], string>> = { pending: 'pending', success: 'success', failure: 'failed' }

/** GitLab's REST API, version 4. */
export function createGitLab(options: ForgeOptions): Forge {
  const http = createForgeHttp({
    api: options.api,
    tokenFile: options.tokenFile,
    pageSize: 'per_page',
    headers: (token) => ({ 'private-token': token }),
  })
  const project = `/projects/${encodeURIComponent(options.repository)}`
  const self = createOwnId(http)
  const sticky = new StickyComments()
  return {
    requests: async (branch) => {
      const path = `${project}/merge_requests?state=opened&target_branch=${encodeURIComponent(branch)}`
      const found = await http.pages<MergeRequest>(path, mostRequests)
      // A request whose branch is gone has no head.
      return found.flatMap(({ iid, title, sha }) => (sha === null ? [] : [{ number: iid, title, head: sha }]))
    },
    comment: async (request, comment) => {
      const notes = `${project}/merge_requests/${request}/notes`
      const api = {
        list: async () => (await http.pages<Note>(notes, mostNotes)).map(readNote),
        create: async (body: string) => readNote(await http.call<Note>('POST', notes, { body })),
        update: async (id: number, body: string) => await http.call('PUT', `${notes}/${id}`, { body }),
        remove: async (id: number) => await http.call('DELETE', `${notes}/${id}`),
        self,
      }
      await sticky.stick({ request, api, ...comment })
    },
    status: async (commit, { context, state, description }) => {
      const body = { name: context, state: states[state], description: description.slice(0, longestDescription) }
      await http.call('POST', `${project}/statuses/${encodeURIComponent(commit)}`, body).catch(ignoreSameState)
    },
  }
}

function readNote({ id, body, author }: Note): Comment {
  return { id, body, author: author?.id }
}

/** GitLab refuses to set the state that a status has; only its words would have changed. */
function ignoreSameState(error: unknown): void {
  if (error instanceof GitvirtError && /Cannot transition status/i.test(error.message)) return
  throw error
}
