import { ApiError, notFound, qualified } from './api-error.ts'
import type { ApiOptions, Repository } from './ports.ts'
import type { RequestPath } from './request-path.ts'
import type { Resource } from './resources.ts'

type Write = { readonly method: string; readonly path: RequestPath; readonly resource: Resource }

/**
 * Why a change of an object is refused, and where in Git to make it: repository, branch, file and line.
 * Git is the only place where desired state changes, whoever asks.
 */
export function refuseWrite(
  { objects, repository }: Pick<ApiOptions, 'objects' | 'repository'>,
  { method, path, resource }: Write,
): ApiError {
  const of = { group: path.group, resource: path.resource }
  const branch = `branch "${repository.branch}" of ${repository.url}`
  if (path.name === undefined) {
    const act = method === 'POST' ? `add its file to ${branch}` : `remove the files from ${branch}`
    return new ApiError(403, 'Forbidden', `${qualified(of)} is forbidden: desired state changes only in Git: ${act}`)
  }
  const object = objects.get(resource.kind, path.namespace ?? '', path.name)
  // PATCH of what is not there is how server-side apply creates.
  if (object === undefined && method !== 'PATCH') return notFound(of, path.name)
  const subject = `${qualified(of)} "${path.name}" is forbidden`
  if (object === undefined)
    return new ApiError(403, 'Forbidden', `${subject}: desired state changes only in Git: add its file to ${branch}`)
  const told = object.metadata.annotations?.['gitvirt.io/origin']
  if (resource.derived === true || told === undefined) {
    return new ApiError(403, 'Forbidden', `${subject}: it follows from what ${branch} declares and from what the hosts report`)
  }
  const act = method === 'DELETE' ? 'remove it from' : 'edit'
  const { file, place } = placeOf(told, repository)
  return new ApiError(403, 'Forbidden', `${subject}: desired state changes only in Git: ${act} ${file} on ${place}`)
}

/** The file and the branch that hold an object. */
function placeOf(origin: string, { url, branch, others = [] }: Repository): { readonly file: string; readonly place: string } {
  const other = others.find(({ name }) => origin.startsWith(`${name}//`))
  if (other === undefined) return { file: origin, place: `branch "${branch}" of ${url}` }
  return { file: origin.slice(other.name.length + 2), place: `branch "${other.branch}" of ${other.url}` }
}
