import type { ResolvedPolicy } from './policy.ts'

/**
 * An image address after the Fleet's mirrors: the longest matching prefix wins, and a prefix ends at a part of the address
 * (`https://a.example/img` does not match `https://a.example/images`).
 */
export function mirrorUrl(url: string, mirrors: ResolvedPolicy['mirrors']): string {
  const mirror = mirrors.find(({ from }) => from !== '' && url.startsWith(from) && endsPart(url, from))
  return mirror === undefined ? url : `${mirror.to}${url.slice(mirror.from.length)}`
}

function endsPart(url: string, prefix: string): boolean {
  const next = url[prefix.length]
  return next === undefined || /[/:?#@]$/.test(prefix) || /[/:?#@]/.test(next)
}
