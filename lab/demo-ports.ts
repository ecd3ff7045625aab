/** Loopback ports of a demo host. They are fixed, because the host's network namespace is its own and the example names them. */
export const demoPorts = { git: 8080, images: 8090, api: 6443 } as const
