import { isIP } from 'node:net'

export type Lease = { readonly mac: string; readonly ip: string }
export type AgentInterface = { readonly name: string; readonly mac: string; readonly ips: readonly string[] }

/** Rows of `virsh net-dhcp-leases`. */
export function parseLeases(text: string): Lease[] {
  return text.split('\n').flatMap((line) => {
    const match = /\s([0-9a-f]{2}(?::[0-9a-f]{2}){5})\s+ipv[46]\s+(\S+?)\/\d+\s/i.exec(line)
    const [, mac = '', ip = ''] = match ?? []
    return isIP(ip) === 0 ? [] : [{ mac: mac.toLowerCase(), ip }]
  })
}

/** Most interfaces and addresses that are believed from one guest. */
const most = 64

/** Rows of `virsh domifaddr --source agent --full`: what the guest says, so it is bounded and checked. */
export function parseAgentAddresses(text: string): AgentInterface[] {
  const found = new Map<string, { name: string; mac: string; ips: string[] }>()
  for (const line of text.split('\n').slice(0, 1000)) {
    const match = /^\s*(\S{1,64})\s+([0-9a-f]{2}(?::[0-9a-f]{2}){5})\s+ipv[46]\s+(\S+?)\/\d+\s*$/i.exec(line)
    if (match === null) continue
    const [, name = '', mac = '', ip = ''] = match
    if (isIP(ip) === 0 || isLocal(ip) || found.size >= most) continue
    const entry = found.get(name) ?? { name, mac: mac.toLowerCase(), ips: [] }
    if (entry.ips.length < most) entry.ips.push(ip)
    found.set(name, entry)
  }
  return [...found.values()]
}

function isLocal(ip: string): boolean {
  return ip.startsWith('127.') || ip === '::1' || /^fe80:/i.test(ip)
}
